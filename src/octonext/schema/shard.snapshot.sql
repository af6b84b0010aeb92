-- The sum of all migrations. Written by `python -m octonext.processes.snapshot`; do not edit.

--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: entry_outcome; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.entry_outcome AS ENUM (
    'posted',
    'posted_with_case',
    'quarantined'
);


--
-- Name: found_case; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.found_case AS (
	seq bigint,
	kind text,
	evidence text
);


--
-- Name: push_result; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.push_result AS (
	status text,
	head_seq bigint,
	head_hash bytea,
	outcomes public.entry_outcome[]
);


--
-- Name: pushed_adjustment; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_adjustment AS (
	seq bigint,
	line_no integer,
	product_id uuid,
	quantity bigint,
	reason text
);


--
-- Name: pushed_count; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_count AS (
	seq bigint,
	line_no integer,
	product_id uuid,
	counted bigint
);


--
-- Name: pushed_entry; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_entry AS (
	seq bigint,
	hash bytea,
	key_id text,
	kind text,
	bytes bytea,
	ciphertext bytea,
	reason text,
	shift_id uuid,
	cashier_id uuid,
	till_at timestamp with time zone,
	occurred_at timestamp with time zone,
	hlc bigint,
	detail text
);


--
-- Name: pushed_key; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_key AS (
	key_id text,
	wrapped bytea
);


--
-- Name: pushed_ledger; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_ledger AS (
	seq bigint,
	line_no integer,
	account integer,
	debit bigint,
	credit bigint
);


--
-- Name: pushed_line; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_line AS (
	seq bigint,
	line_no integer,
	product_id uuid,
	quantity bigint,
	unit_price bigint,
	discount bigint,
	tax bigint,
	total bigint,
	tax_code text,
	rate_ppm integer,
	original_line integer
);


--
-- Name: pushed_payment; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_payment AS (
	seq bigint,
	payment_no integer,
	tender text,
	amount bigint,
	tendered bigint,
	reference text
);


--
-- Name: sale_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.sale_kind AS ENUM (
    'sale',
    'return'
);


--
-- Name: pushed_sale; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_sale AS (
	seq bigint,
	kind public.sale_kind,
	total bigint,
	tax bigint,
	discount bigint,
	rounding bigint,
	paid bigint,
	line_count integer,
	original_branch_id integer,
	original_device_id integer,
	original_seq bigint
);


--
-- Name: pushed_shift; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_shift AS (
	seq bigint,
	shift_id uuid,
	is_opening boolean,
	amount bigint,
	expected bigint
);


--
-- Name: apply_reference(text, xid8, bigint, xid8, bigint, jsonb, text, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text DEFAULT ''::text, p_more boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_applied bigint;
BEGIN
    INSERT INTO feed_cursor (feed, xid, id) VALUES (p_feed, '0', 0) ON CONFLICT (feed) DO NOTHING;
    PERFORM FROM feed_cursor
      WHERE feed = p_feed AND xid = p_from_xid AND id = p_from_id
      FOR UPDATE;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    INSERT INTO reference AS r (kind, key, region_id, branch_id, payload)
    SELECT n.kind, n.key, n.region_id, n.branch_id, nullif(n.payload, 'null'::jsonb)
      FROM jsonb_to_recordset(p_rows)
           AS n (kind text, key text, region_id integer, branch_id integer, payload jsonb)
    ON CONFLICT (kind, key) DO UPDATE
       SET region_id = excluded.region_id,
           branch_id = excluded.branch_id,
           payload   = excluded.payload,
           xid       = excluded.xid,
           id        = excluded.id;
    GET DIAGNOSTICS v_applied = ROW_COUNT;
    IF NOT p_more THEN
        -- The end of a refill: head office does not know what did not come again. A till that has sold
        -- stays, and so does its branch: sales are facts, whatever head office has forgotten.
        UPDATE reference r
           SET payload = NULL, xid = pg_current_xact_id(),
               id = nextval(pg_get_serial_sequence('reference', 'id'))
          FROM feed_cursor c
         WHERE c.feed = p_feed AND r.xid < c.refill_from AND r.payload IS NOT NULL
           AND NOT EXISTS (
               SELECT FROM device_head h
                WHERE (r.kind = 'device' AND r.key = h.device_id::text)
                   OR (r.kind = 'branch' AND r.key = h.branch_id::text));
    END IF;
    INSERT INTO reference_history DEFAULT VALUES ON CONFLICT DO NOTHING;
    UPDATE feed_cursor
       SET xid = p_to_xid, id = p_to_id, mark = p_mark, applied_at = now(),
           refill_from = CASE WHEN p_more THEN refill_from END
     WHERE feed = p_feed;
    RETURN v_applied;
END $$;


--
-- Name: begin_session(integer, integer, bigint, bytea, text, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint) RETURNS TABLE(is_fork boolean, head_seq bigint, head_hash bytea, epoch bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_head device_head;
BEGIN
    INSERT INTO device_head (branch_id, device_id) VALUES (p_branch, p_device)
        ON CONFLICT DO NOTHING;
    SELECT * INTO v_head FROM device_head h
        WHERE h.branch_id = p_branch AND h.device_id = p_device FOR UPDATE;
    is_fork := p_seq < v_head.seq OR (p_seq = v_head.seq AND p_hash <> v_head.hash);
    IF is_fork THEN
        PERFORM open_fork_case(p_branch, p_device, p_seq, jsonb_build_object(
            'found_in', 'hello', 'till_hash', encode(p_hash, 'hex'), 'shard_seq', v_head.seq));
    ELSE
        UPDATE device_head h
           SET epoch = h.epoch + 1, connected_at = now(), clock_offset_ms = p_offset_ms, app = p_app,
               xid = pg_current_xact_id()
         WHERE h.branch_id = p_branch AND h.device_id = p_device;
    END IF;
    head_seq := v_head.seq;
    head_hash := v_head.hash;
    epoch := v_head.epoch + 1;
    RETURN NEXT;
END $$;


--
-- Name: ensure_month_partitions(date, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ensure_month_partitions(p_from date, p_months integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_parent  regclass;
    v_month   date;
    v_name    text;
    v_created integer := 0;
BEGIN
    FOR v_parent IN
        SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'p' AND n.nspname = 'public' ORDER BY c.relname
    LOOP
        FOR i IN 0 .. p_months - 1 LOOP
            v_month := date_trunc('month', p_from)::date + make_interval(months => i);
            v_name  := format('%s_%s', v_parent, to_char(v_month, 'YYYY_MM'));
            CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                v_name, v_parent,
                v_month::timestamp AT TIME ZONE 'UTC',
                (v_month + interval '1 month')::timestamp AT TIME ZONE 'UTC'
            );
            v_created := v_created + 1;
        END LOOP;
    END LOOP;
    RETURN v_created;
END $$;


--
-- Name: find_return_cases(integer, integer, bigint, public.pushed_sale[], integer[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.find_return_cases(p_branch integer, p_device integer, p_head bigint, p_sales public.pushed_sale[], p_shard_branches integer[]) RETURNS SETOF public.found_case
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_return pushed_sale;
BEGIN
    FOR v_return IN
        SELECT * FROM unnest(p_sales) s
         WHERE s.seq > p_head AND s.kind = 'return' AND s.original_seq IS NOT NULL
           AND s.original_branch_id = ANY (p_shard_branches)
         ORDER BY s.original_branch_id, s.original_device_id, s.original_seq
    LOOP
        -- two tills giving back the same receipt at once must see each other; ordered, so no deadlock
        PERFORM pg_advisory_xact_lock(hashtextextended(format('return:%s-%s-%s',
            v_return.original_branch_id, v_return.original_device_id, v_return.original_seq), 0));
        IF NOT EXISTS (
            SELECT FROM sale s WHERE s.branch_id = v_return.original_branch_id
               AND s.device_id = v_return.original_device_id AND s.seq = v_return.original_seq
               AND s.kind = 'sale'
               -- what this till wrote after the return, in this push or a later one, is no original
               AND NOT (s.branch_id = p_branch AND s.device_id = p_device AND s.seq > v_return.seq)) THEN
            RETURN NEXT ROW(v_return.seq, 'return_of_unknown_receipt', '{}')::found_case;
            CONTINUE;
        END IF;
        RETURN QUERY
        WITH sold AS (
            SELECT l.product_id, sum(l.quantity) AS quantity FROM sale_line l
             WHERE l.branch_id = v_return.original_branch_id
               AND l.device_id = v_return.original_device_id AND l.seq = v_return.original_seq
             GROUP BY l.product_id
        ), back AS (
            SELECT l.product_id, -sum(l.quantity) AS quantity,
                   bool_or(s.branch_id = p_branch AND s.device_id = p_device
                           AND s.seq = v_return.seq) AS is_this
              FROM sale s
              JOIN sale_line l ON l.branch_id = s.branch_id AND l.device_id = s.device_id
                              AND l.seq = s.seq
             WHERE s.original_branch_id = v_return.original_branch_id
               AND s.original_device_id = v_return.original_device_id
               AND s.original_seq = v_return.original_seq
               -- later returns of the same push do not count yet: an outcome must not depend on how
               -- a till cuts its journal into pushes
               AND NOT (s.branch_id = p_branch AND s.device_id = p_device AND s.seq > v_return.seq)
             GROUP BY l.product_id
        )
        SELECT v_return.seq, 'return_of_more_than_sold', jsonb_agg(jsonb_build_object(
                   'product', b.product_id, 'sold', coalesce(s.quantity, 0), 'returned', b.quantity
               ))::text
          FROM back b LEFT JOIN sold s USING (product_id)
         WHERE b.is_this AND b.quantity > coalesce(s.quantity, 0)
        HAVING count(*) > 0;
    END LOOP;
END $$;


--
-- Name: find_shift_cases(integer, integer, bigint, public.pushed_entry[], public.pushed_ledger[], public.pushed_shift[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.find_shift_cases(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_ledger public.pushed_ledger[], p_shifts public.pushed_shift[]) RETURNS SETOF public.found_case
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT f.seq, 'shift_not_opened', '{}'
      FROM (SELECT DISTINCT ON (e.shift_id) e.shift_id, e.seq, e.kind FROM unnest(p_entries) e
             WHERE e.seq > p_head AND e.reason IS NULL
             ORDER BY e.shift_id, e.seq) f
     WHERE f.kind <> 'shift_opened'
       AND NOT EXISTS (SELECT FROM shift s WHERE s.branch_id = p_branch AND s.device_id = p_device
                          AND s.shift_id = f.shift_id);
    IF cardinality(p_shifts) > 0 THEN
        RETURN QUERY
        SELECT c.seq, 'shift_expected_differs', jsonb_build_object(
                   'till_expected', c.expected, 'shard_expected', d.expected)::text
          FROM unnest(p_shifts) c
         CROSS JOIN LATERAL (
            SELECT (coalesce((
                       SELECT s.cash_expected FROM shift s WHERE s.branch_id = p_branch
                          AND s.device_id = p_device AND s.shift_id = c.shift_id), 0)
                    + coalesce((
                       SELECT sum(l.debit - l.credit) FROM unnest(p_ledger) l
                        WHERE l.account = 1010 AND l.seq = ANY (ARRAY(
                              SELECT e.seq FROM unnest(p_entries) e
                               WHERE e.seq > p_head AND e.seq < c.seq AND e.shift_id = c.shift_id
                                 AND e.kind <> 'shift_closed'))), 0))::bigint AS expected
         ) d
         WHERE NOT c.is_opening AND c.seq > p_head AND c.expected <> d.expected;
    END IF;
END $$;


--
-- Name: ingest_push(integer, integer, bigint, bigint, bytea, text, text, integer[], public.pushed_key[], public.pushed_entry[], public.pushed_sale[], public.pushed_line[], public.pushed_payment[], public.pushed_ledger[], public.pushed_adjustment[], public.pushed_count[], public.pushed_shift[], public.found_case[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_cases public.found_case[]) RETURNS public.push_result
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_head     device_head;
    v_last     pushed_entry := p_entries[array_upper(p_entries, 1)];
    v_cases    found_case[];
    v_outcomes entry_outcome[];
    v_new_cases   bigint;
    v_quarantined bigint;
BEGIN
    SELECT * INTO v_head FROM device_head h
        WHERE h.branch_id = p_branch AND h.device_id = p_device FOR UPDATE;
    IF NOT FOUND OR v_head.epoch < p_epoch THEN
        -- this shard was restored or has failed over to a copy that missed the session's begin
        RETURN ROW('stale', v_head.seq, v_head.hash, NULL)::push_result;
    END IF;
    IF v_head.epoch > p_epoch THEN
        RETURN ROW('fenced', v_head.seq, v_head.hash, NULL)::push_result;
    END IF;
    IF p_first > v_head.seq + 1 THEN
        RETURN ROW('gap', v_head.seq, v_head.hash, NULL)::push_result;
    END IF;
    IF p_first = v_head.seq + 1 THEN
        IF p_prev <> v_head.hash THEN
            PERFORM record_fork(p_branch, p_device, p_prev, p_keys, p_entries, 'prev');
            RETURN ROW('fork', v_head.seq, v_head.hash, NULL)::push_result;
        END IF;
    ELSIF EXISTS (
        SELECT FROM unnest(p_entries) e
          LEFT JOIN device_journal j ON j.branch_id = p_branch AND j.device_id = p_device
                                    AND j.seq = e.seq
         WHERE e.seq <= v_head.seq AND e.hash IS DISTINCT FROM j.hash
    ) THEN
        PERFORM record_fork(p_branch, p_device, p_prev, p_keys, p_entries, 'push');
        RETURN ROW('fork', v_head.seq, v_head.hash, NULL)::push_result;
    END IF;

    IF cardinality(p_keys) > 0 THEN
        INSERT INTO device_key (branch_id, device_id, key_id, wrapped)
        SELECT p_branch, p_device, k.key_id, k.wrapped FROM unnest(p_keys) k
        ON CONFLICT DO NOTHING;
    END IF;

    IF v_last.seq > v_head.seq THEN
        INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)
        VALUES (p_branch, p_device, v_head.seq + 1, v_last.seq, v_last.hash, now());

        SELECT array_agg(f) INTO v_cases
          FROM find_shift_cases(p_branch, p_device, v_head.seq, p_entries, p_ledger, p_shifts) f;

        PERFORM post_entries(p_branch, p_device, v_head.seq, p_currency, p_time_zone, p_shard_branches,
                             p_entries, p_sales, p_lines, p_payments, p_ledger, p_adjustments, p_shifts);

        SELECT array_agg(c) INTO v_cases FROM (
            SELECT f.* FROM unnest(v_cases) f
            UNION ALL
            SELECT c.* FROM unnest(p_cases) c WHERE c.seq > v_head.seq
            UNION ALL
            SELECT f.* FROM find_return_cases(p_branch, p_device, v_head.seq, p_sales,
                                              p_shard_branches) f
            UNION ALL
            SELECT e.seq, 'quarantined', jsonb_build_object('reason', e.reason)::text
              FROM unnest(p_entries) e WHERE e.seq > v_head.seq AND e.reason IS NOT NULL
        ) c;

        WITH journaled AS (
            INSERT INTO device_journal (branch_id, device_id, seq, hash, key_id, kind, bytes, ciphertext,
                                        outcome, reason, till_at, hlc, received_at)
            SELECT p_branch, p_device, e.seq, e.hash, e.key_id, e.kind, e.bytes, e.ciphertext,
                   CASE WHEN e.reason IS NOT NULL THEN 'quarantined'
                        WHEN EXISTS (SELECT FROM unnest(v_cases) c WHERE c.seq = e.seq)
                        THEN 'posted_with_case'
                        ELSE 'posted' END::entry_outcome,
                   e.reason, e.till_at, e.hlc, now()
              FROM unnest(p_entries) e
             WHERE e.seq > v_head.seq
            RETURNING seq, outcome
        )
        SELECT array_agg(j.outcome ORDER BY j.seq), count(*) FILTER (WHERE j.outcome = 'quarantined')
          INTO v_outcomes, v_quarantined
          FROM journaled j;

        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        SELECT p_branch, p_device, c.seq, c.kind, c.evidence::jsonb FROM unnest(v_cases) c
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS v_new_cases = ROW_COUNT;

        PERFORM post_stock(p_branch, p_device, v_head.seq, p_entries, p_lines, p_adjustments, p_counts);

        UPDATE device_head h
           SET seq = v_last.seq, hash = v_last.hash,
               -- of the newest entry that says one
               till_at = coalesce(v_last.till_at, (
                   SELECT e.till_at FROM unnest(p_entries) e
                    WHERE e.seq > v_head.seq AND e.till_at IS NOT NULL ORDER BY e.seq DESC LIMIT 1),
                   h.till_at),
               received_at = now(), xid = pg_current_xact_id(),
               case_count = h.case_count + v_new_cases,
               quarantined_count = h.quarantined_count + v_quarantined
         WHERE h.branch_id = p_branch AND h.device_id = p_device;
    END IF;

    IF p_first <= v_head.seq THEN
        -- what was known already is answered as it was the first time
        SELECT array_agg(j.outcome ORDER BY j.seq) INTO v_outcomes
          FROM device_journal j
         WHERE j.branch_id = p_branch AND j.device_id = p_device
           AND j.seq BETWEEN p_first AND v_last.seq;
    END IF;
    IF v_last.seq > v_head.seq THEN
        RETURN ROW('accepted', v_last.seq, v_last.hash, v_outcomes)::push_result;
    END IF;
    RETURN ROW('accepted', v_head.seq, v_head.hash, v_outcomes)::push_result;
END $$;


--
-- Name: ledger_refuse_unbalanced(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_refuse_unbalanced() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_entry record;
BEGIN
    SELECT branch_id, device_id, seq, sum(debit) AS debit, sum(credit) AS credit INTO v_entry
      FROM added GROUP BY branch_id, device_id, seq HAVING sum(debit) <> sum(credit) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger entry %-%-% is not balanced: debit %, credit %',
            v_entry.branch_id, v_entry.device_id, v_entry.seq, v_entry.debit, v_entry.credit
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;


--
-- Name: open_fork_case(integer, integer, bigint, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_fork_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    WITH opened AS (
        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        VALUES (p_branch, p_device, p_seq, 'fork', p_evidence)
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    UPDATE device_head h SET case_count = h.case_count + 1, xid = pg_current_xact_id()
      FROM opened
     WHERE h.branch_id = p_branch AND h.device_id = p_device;
$$;


--
-- Name: open_went_back_case(integer, integer, bigint, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_went_back_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    WITH opened AS (
        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        VALUES (p_branch, p_device, p_seq, 'shard_went_back', p_evidence)
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), counted AS (
        UPDATE device_head h SET case_count = h.case_count + 1, xid = pg_current_xact_id()
          FROM opened
         WHERE h.branch_id = p_branch AND h.device_id = p_device
    )
    SELECT EXISTS (SELECT FROM opened);
$$;


--
-- Name: post_counts(integer, integer, bigint, public.pushed_count[], public.pushed_entry[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.post_counts(p_branch integer, p_device integer, p_head bigint, p_counts public.pushed_count[], p_entries public.pushed_entry[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    WITH counted AS (
        SELECT c.*, c.counted - (
                   -- the book after this push's other movements, less those that came after the count
                   b.on_hand - coalesce((
                       SELECT sum(m.quantity) FROM stock_movement m
                        WHERE m.branch_id = p_branch AND m.device_id = p_device AND m.seq > c.seq
                          AND m.product_id = c.product_id AND m.posted_at = now()), 0)
               ) AS off_book
          FROM unnest(p_counts) c
          JOIN stock_balance b ON b.branch_id = p_branch AND b.product_id = c.product_id
         WHERE c.seq > p_head
    ), moved AS (
        INSERT INTO stock_adjustment (branch_id, device_id, seq, line_no, product_id, quantity, reason,
                                      occurred_at, posted_at)
        SELECT p_branch, p_device, c.seq, c.line_no, c.product_id,
               -- an earlier count of the same product in this push has moved the book already
               c.off_book - coalesce(lag(c.off_book) OVER (
                   PARTITION BY c.product_id ORDER BY c.seq, c.line_no), 0),
               'count', e.occurred_at, now()
          FROM counted c JOIN unnest(p_entries) e USING (seq)
        RETURNING product_id, quantity
    )
    UPDATE stock_balance b SET on_hand = b.on_hand + m.quantity
      FROM (SELECT product_id, sum(quantity)::bigint AS quantity FROM moved GROUP BY product_id) m
     WHERE b.branch_id = p_branch AND b.product_id = m.product_id;
$$;


--
-- Name: post_entries(integer, integer, bigint, text, text, integer[], public.pushed_entry[], public.pushed_sale[], public.pushed_line[], public.pushed_payment[], public.pushed_ledger[], public.pushed_adjustment[], public.pushed_shift[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.post_entries(p_branch integer, p_device integer, p_head bigint, p_currency text, p_time_zone text, p_shard_branches integer[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_shifts public.pushed_shift[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_nestloop TO 'off'
    AS $$
BEGIN
    INSERT INTO sale (branch_id, device_id, seq, kind, shift_id, cashier_id, till_at, occurred_at,
                      business_date, currency, total, net, tax, discount, rounding, paid, line_count,
                      original_branch_id, original_device_id, original_seq, foreign_original, posted_at)
    SELECT p_branch, p_device, s.seq, s.kind, e.shift_id, e.cashier_id, e.till_at, e.occurred_at,
           (e.occurred_at AT TIME ZONE p_time_zone)::date, p_currency, s.total, s.total - s.tax, s.tax,
           s.discount, s.rounding, s.paid, s.line_count, s.original_branch_id, s.original_device_id,
           s.original_seq, coalesce(s.original_branch_id <> ALL (p_shard_branches), false), now()
      FROM unnest(p_sales) s JOIN unnest(p_entries) e USING (seq)
     WHERE s.seq > p_head;

    INSERT INTO sale_line (branch_id, device_id, seq, line_no, kind, product_id, quantity, unit_price,
                           discount, net, tax, total, tax_code, rate_ppm, original_line, currency,
                           business_date, occurred_at, posted_at)
    SELECT p_branch, p_device, l.seq, l.line_no, s.kind, l.product_id, l.quantity, l.unit_price,
           l.discount, l.total - l.tax, l.tax, l.total, l.tax_code, l.rate_ppm, l.original_line,
           p_currency, (e.occurred_at AT TIME ZONE p_time_zone)::date, e.occurred_at, now()
      FROM unnest(p_lines) l JOIN unnest(p_sales) s USING (seq) JOIN unnest(p_entries) e USING (seq)
     WHERE l.seq > p_head;

    INSERT INTO sale_payment (branch_id, device_id, seq, payment_no, tender, amount, tendered,
                              reference, currency, business_date, occurred_at, posted_at)
    SELECT p_branch, p_device, p.seq, p.payment_no, p.tender, p.amount, p.tendered, p.reference,
           p_currency, (e.occurred_at AT TIME ZONE p_time_zone)::date, e.occurred_at, now()
      FROM unnest(p_payments) p JOIN unnest(p_entries) e USING (seq)
     WHERE p.seq > p_head;

    IF cardinality(p_adjustments) > 0 THEN
        INSERT INTO stock_adjustment (branch_id, device_id, seq, line_no, product_id, quantity, reason,
                                      occurred_at, posted_at)
        SELECT p_branch, p_device, a.seq, a.line_no, a.product_id, a.quantity, a.reason, e.occurred_at,
               now()
          FROM unnest(p_adjustments) a JOIN unnest(p_entries) e USING (seq)
         WHERE a.seq > p_head;
    END IF;

    INSERT INTO ledger_line (branch_id, device_id, seq, line_no, account, debit, credit, currency,
                             business_date, posted_at)
    SELECT p_branch, p_device, l.seq, l.line_no, l.account, l.debit, l.credit, p_currency,
           (e.occurred_at AT TIME ZONE p_time_zone)::date, now()
      FROM unnest(p_ledger) l JOIN unnest(p_entries) e USING (seq)
     WHERE l.seq > p_head;

    INSERT INTO account_balance AS b (branch_id, device_id, account, currency, debit, credit)
    SELECT p_branch, p_device, l.account, p_currency, sum(l.debit), sum(l.credit)
      FROM unnest(p_ledger) l
     WHERE l.seq > p_head
     GROUP BY l.account
    ON CONFLICT (branch_id, device_id, account, currency)
    DO UPDATE SET debit = b.debit + excluded.debit, credit = b.credit + excluded.credit;

    INSERT INTO till_event (branch_id, device_id, seq, kind, shift_id, cashier_id, detail, till_at,
                            posted_at)
    SELECT p_branch, p_device, e.seq, e.kind, e.shift_id, e.cashier_id, e.detail::jsonb, e.till_at, now()
      FROM unnest(p_entries) e
     WHERE e.seq > p_head AND e.detail IS NOT NULL;

    -- of a shift that is opened twice the first opening counts, of one that is closed twice the last closing
    INSERT INTO shift AS s (branch_id, device_id, shift_id, cashier_id, currency, opened_at, closed_at,
                            opening_float, cash_expected, cash_counted, sale_count, sale_total,
                            return_count, return_total)
    SELECT p_branch, p_device, e.shift_id,
           (array_agg(e.cashier_id ORDER BY e.seq) FILTER (WHERE o.is_opening))[1], p_currency,
           (array_agg(e.occurred_at ORDER BY e.seq) FILTER (WHERE o.is_opening))[1],
           (array_agg(e.occurred_at ORDER BY e.seq DESC) FILTER (WHERE NOT o.is_opening))[1],
           coalesce(sum(o.amount) FILTER (WHERE o.is_opening), 0),
           coalesce(sum(c.cash), 0),
           (array_agg(o.amount ORDER BY e.seq DESC) FILTER (WHERE NOT o.is_opening))[1],
           count(*) FILTER (WHERE t.kind = 'sale'),
           coalesce(sum(t.total) FILTER (WHERE t.kind = 'sale'), 0),
           count(*) FILTER (WHERE t.kind = 'return'),
           coalesce(sum(t.total) FILTER (WHERE t.kind = 'return'), 0)
      FROM unnest(p_entries) e
      LEFT JOIN unnest(p_shifts) o ON o.seq = e.seq
      LEFT JOIN unnest(p_sales) t ON t.seq = e.seq
      LEFT JOIN (
            SELECT l.seq, sum(l.debit - l.credit) AS cash FROM unnest(p_ledger) l
             WHERE l.account = 1010
               AND NOT EXISTS (SELECT FROM unnest(p_shifts) x WHERE x.seq = l.seq AND NOT x.is_opening)
             GROUP BY l.seq
      ) c ON c.seq = e.seq
     WHERE e.seq > p_head AND e.reason IS NULL
     GROUP BY e.shift_id
     ORDER BY e.shift_id
    ON CONFLICT (branch_id, device_id, shift_id) DO UPDATE
       SET cashier_id    = coalesce(s.cashier_id, excluded.cashier_id),
           opened_at     = coalesce(s.opened_at, excluded.opened_at),
           closed_at     = coalesce(excluded.closed_at, s.closed_at),
           opening_float = s.opening_float + excluded.opening_float,
           cash_expected = s.cash_expected + excluded.cash_expected,
           cash_counted  = coalesce(excluded.cash_counted, s.cash_counted),
           sale_count    = s.sale_count + excluded.sale_count,
           sale_total    = s.sale_total + excluded.sale_total,
           return_count  = s.return_count + excluded.return_count,
           return_total  = s.return_total + excluded.return_total,
           xid           = pg_current_xact_id();
END $$;


--
-- Name: post_stock(integer, integer, bigint, public.pushed_entry[], public.pushed_line[], public.pushed_adjustment[], public.pushed_count[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.post_stock(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_lines public.pushed_line[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    -- counted products take part with zero, so that their rows exist and are locked in order
    INSERT INTO stock_balance AS b (branch_id, product_id, on_hand)
    SELECT p_branch, m.product_id, sum(m.quantity)
      FROM (SELECT l.product_id, -l.quantity AS quantity FROM unnest(p_lines) l WHERE l.seq > p_head
            UNION ALL
            SELECT a.product_id, a.quantity FROM unnest(p_adjustments) a WHERE a.seq > p_head
            UNION ALL
            SELECT c.product_id, 0 FROM unnest(p_counts) c) m
     GROUP BY m.product_id
     ORDER BY m.product_id
    ON CONFLICT (branch_id, product_id) DO UPDATE SET on_hand = b.on_hand + excluded.on_hand;
    IF cardinality(p_counts) > 0 THEN
        PERFORM post_counts(p_branch, p_device, p_head, p_counts, p_entries);
    END IF;
END $$;


--
-- Name: record_fork(integer, integer, bytea, public.pushed_key[], public.pushed_entry[], text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.record_fork(p_branch integer, p_device integer, p_prev bytea, p_keys public.pushed_key[], p_entries public.pushed_entry[], p_detail text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    INSERT INTO device_key (branch_id, device_id, key_id, wrapped)
    SELECT p_branch, p_device, k.key_id, k.wrapped FROM unnest(p_keys) k
    ON CONFLICT DO NOTHING;
    INSERT INTO journal_fork (branch_id, device_id, seq, hash, prev, key_id, bytes, ciphertext)
    SELECT p_branch, p_device, e.seq, e.hash, p_prev, e.key_id, e.bytes, e.ciphertext
      FROM unnest(p_entries) e
     WHERE NOT EXISTS (
        SELECT FROM device_journal j
         WHERE j.branch_id = p_branch AND j.device_id = p_device AND j.seq = e.seq AND j.hash = e.hash)
    ON CONFLICT DO NOTHING;
    SELECT open_fork_case(p_branch, p_device, (SELECT min(e.seq) FROM unnest(p_entries) e),
                          jsonb_build_object('found_in', p_detail));
$$;


--
-- Name: refill_reference(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refill_reference(p_feed text) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE feed_cursor SET xid = '0', id = 0, mark = '', refill_from = pg_current_xact_id()
     WHERE feed = p_feed;
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account_balance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account_balance (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    account integer NOT NULL,
    currency text NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL
)
WITH (fillfactor='70');


--
-- Name: device_head; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_head (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    hash bytea DEFAULT decode(repeat('00'::text, 32), 'hex'::text) NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    till_at timestamp with time zone,
    received_at timestamp with time zone,
    connected_at timestamp with time zone,
    clock_offset_ms bigint DEFAULT 0 NOT NULL,
    app text DEFAULT ''::text NOT NULL,
    quarantined_count bigint DEFAULT 0 NOT NULL,
    case_count bigint DEFAULT 0 NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint GENERATED ALWAYS AS ((device_id)::bigint) STORED,
    CONSTRAINT device_head_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT device_head_seq_check CHECK ((seq >= 0))
)
WITH (fillfactor='50');


--
-- Name: device_journal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_journal (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    key_id text NOT NULL,
    kind text,
    bytes bytea,
    ciphertext bytea,
    outcome public.entry_outcome NOT NULL,
    reason text,
    till_at timestamp with time zone,
    hlc bigint,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT device_journal_check CHECK (((bytes IS NULL) <> (ciphertext IS NULL))),
    CONSTRAINT device_journal_check1 CHECK (((outcome = 'quarantined'::public.entry_outcome) = (reason IS NOT NULL))),
    CONSTRAINT device_journal_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT device_journal_seq_check CHECK ((seq >= 1))
)
PARTITION BY RANGE (received_at);


--
-- Name: device_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_key (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    key_id text NOT NULL,
    wrapped bytea NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: feed_cursor; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.feed_cursor (
    feed text NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    mark text DEFAULT ''::text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    refill_from xid8
);


--
-- Name: journal_fork; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.journal_fork (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    prev bytea NOT NULL,
    key_id text NOT NULL,
    bytes bytea,
    ciphertext bytea,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: ledger_line; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_line (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    line_no integer NOT NULL,
    account integer NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    currency text NOT NULL,
    business_date date NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_line_account_check CHECK (((account >= 1000) AND (account <= 9999))),
    CONSTRAINT ledger_line_check CHECK (((debit = 0) <> (credit = 0))),
    CONSTRAINT ledger_line_credit_check CHECK ((credit >= 0)),
    CONSTRAINT ledger_line_debit_check CHECK ((debit >= 0))
)
PARTITION BY RANGE (posted_at);


--
-- Name: opened_case; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.opened_case (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL
);


--
-- Name: opened_case_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.opened_case ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.opened_case_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: push; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.push (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    hash bytea NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    CONSTRAINT push_check CHECK ((last_seq >= first_seq)),
    CONSTRAINT push_hash_check CHECK ((octet_length(hash) = 32))
);


--
-- Name: reference; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reference (
    kind text NOT NULL,
    key text NOT NULL,
    region_id integer,
    branch_id integer,
    payload jsonb,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT reference_key_check CHECK ((key <> ''::text)),
    CONSTRAINT reference_kind_check CHECK ((kind <> ''::text))
);


--
-- Name: reference_history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reference_history (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    mark uuid DEFAULT gen_random_uuid() NOT NULL
);


--
-- Name: reference_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.reference ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.reference_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: reporting_device; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_device AS
 SELECT xid,
    id,
    branch_id,
    device_id,
    seq,
    encode(hash, 'hex'::text) AS hash,
    till_at,
    received_at,
    clock_offset_ms,
    quarantined_count AS quarantined,
    case_count AS cases
   FROM public.device_head;


--
-- Name: reporting_ledger; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_ledger AS
 SELECT p.xid,
    r.id,
    r.branch_id,
    r.device_id,
    r.seq,
    r.line_no,
    r.account,
    r.debit,
    r.credit,
    r.currency,
    r.business_date
   FROM (public.push p
     CROSS JOIN LATERAL ( SELECT ((t.seq * 4096) + t.line_no) AS id,
            t.branch_id,
            t.device_id,
            t.seq,
            t.line_no,
            t.account,
            t.debit,
            t.credit,
            t.currency,
            t.business_date
           FROM public.ledger_line t
          WHERE ((t.branch_id = p.branch_id) AND (t.device_id = p.device_id) AND ((t.seq >= p.first_seq) AND (t.seq <= p.last_seq)) AND (t.posted_at = p.posted_at))
         OFFSET 0) r);


--
-- Name: sale_line; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sale_line (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    line_no integer NOT NULL,
    kind public.sale_kind NOT NULL,
    product_id uuid NOT NULL,
    quantity bigint NOT NULL,
    unit_price bigint NOT NULL,
    discount bigint NOT NULL,
    net bigint NOT NULL,
    tax bigint NOT NULL,
    total bigint NOT NULL,
    tax_code text NOT NULL,
    rate_ppm integer NOT NULL,
    original_line integer,
    currency text NOT NULL,
    business_date date NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    CONSTRAINT sale_line_check CHECK ((total = (net + tax))),
    CONSTRAINT sale_line_check1 CHECK (
CASE kind
    WHEN 'sale'::public.sale_kind THEN ((quantity > 0) AND (total >= 0))
    ELSE ((quantity < 0) AND (total <= 0))
END),
    CONSTRAINT sale_line_discount_check CHECK ((discount >= 0)),
    CONSTRAINT sale_line_rate_ppm_check CHECK ((rate_ppm >= 0)),
    CONSTRAINT sale_line_unit_price_check CHECK ((unit_price >= 0))
)
PARTITION BY RANGE (posted_at);


--
-- Name: stock_adjustment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.stock_adjustment (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    line_no integer NOT NULL,
    product_id uuid NOT NULL,
    quantity bigint NOT NULL,
    reason text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    posted_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (posted_at);


--
-- Name: stock_movement; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.stock_movement AS
 SELECT sale_line.branch_id,
    sale_line.device_id,
    sale_line.seq,
    sale_line.line_no,
    sale_line.product_id,
    (- sale_line.quantity) AS quantity,
    (sale_line.kind)::text AS reason,
    sale_line.occurred_at,
    sale_line.posted_at
   FROM public.sale_line
UNION ALL
 SELECT stock_adjustment.branch_id,
    stock_adjustment.device_id,
    stock_adjustment.seq,
    stock_adjustment.line_no,
    stock_adjustment.product_id,
    stock_adjustment.quantity,
    stock_adjustment.reason,
    stock_adjustment.occurred_at,
    stock_adjustment.posted_at
   FROM public.stock_adjustment;


--
-- Name: reporting_movement; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_movement AS
 SELECT p.xid,
    r.id,
    r.branch_id,
    r.device_id,
    r.seq,
    r.line_no,
    r.product_id,
    r.quantity,
    r.reason,
    r.occurred_at
   FROM (public.push p
     CROSS JOIN LATERAL ( SELECT ((t.seq * 4096) + t.line_no) AS id,
            t.branch_id,
            t.device_id,
            t.seq,
            t.line_no,
            t.product_id,
            t.quantity,
            t.reason,
            t.occurred_at
           FROM public.stock_movement t
          WHERE ((t.branch_id = p.branch_id) AND (t.device_id = p.device_id) AND ((t.seq >= p.first_seq) AND (t.seq <= p.last_seq)) AND (t.posted_at = p.posted_at))
         OFFSET 0) r);


--
-- Name: sale_payment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sale_payment (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    payment_no integer NOT NULL,
    tender text NOT NULL,
    amount bigint NOT NULL,
    tendered bigint,
    reference text,
    currency text NOT NULL,
    business_date date NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    CONSTRAINT sale_payment_amount_check CHECK ((amount <> 0)),
    CONSTRAINT sale_payment_check CHECK ((tendered >= amount))
)
PARTITION BY RANGE (posted_at);


--
-- Name: reporting_payment; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_payment AS
 SELECT p.xid,
    r.id,
    r.branch_id,
    r.device_id,
    r.seq,
    r.payment_no,
    r.business_date,
    r.occurred_at,
    r.tender,
    r.amount,
    r.currency
   FROM (public.push p
     CROSS JOIN LATERAL ( SELECT ((t.seq * 4096) + t.payment_no) AS id,
            t.branch_id,
            t.device_id,
            t.seq,
            t.payment_no,
            t.business_date,
            t.occurred_at,
            t.tender,
            t.amount,
            t.currency
           FROM public.sale_payment t
          WHERE ((t.branch_id = p.branch_id) AND (t.device_id = p.device_id) AND ((t.seq >= p.first_seq) AND (t.seq <= p.last_seq)) AND (t.posted_at = p.posted_at))
         OFFSET 0) r);


--
-- Name: sale; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sale (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    kind public.sale_kind NOT NULL,
    shift_id uuid NOT NULL,
    cashier_id uuid NOT NULL,
    till_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    business_date date NOT NULL,
    currency text NOT NULL,
    total bigint NOT NULL,
    net bigint NOT NULL,
    tax bigint NOT NULL,
    discount bigint NOT NULL,
    rounding bigint NOT NULL,
    paid bigint NOT NULL,
    line_count integer NOT NULL,
    original_branch_id integer,
    original_device_id integer,
    original_seq bigint,
    foreign_original boolean NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    CONSTRAINT sale_check CHECK ((total = (net + tax))),
    CONSTRAINT sale_check1 CHECK ((paid = (total + rounding))),
    CONSTRAINT sale_check2 CHECK (
CASE kind
    WHEN 'sale'::public.sale_kind THEN ((total >= 0) AND (tax >= 0))
    ELSE ((total <= 0) AND (tax <= 0))
END),
    CONSTRAINT sale_check3 CHECK (((kind = 'return'::public.sale_kind) OR (original_seq IS NULL))),
    CONSTRAINT sale_discount_check CHECK ((discount >= 0)),
    CONSTRAINT sale_line_count_check CHECK ((line_count > 0))
)
PARTITION BY RANGE (posted_at);


--
-- Name: reporting_sale; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_sale AS
 SELECT p.xid,
    r.id,
    r.branch_id,
    r.device_id,
    r.seq,
    r.kind,
    r.shift_id,
    r.cashier_id,
    r.occurred_at,
    r.till_at,
    r.posted_at,
    r.business_date,
    r.currency,
    r.total,
    r.net,
    r.tax,
    r.discount,
    r.rounding,
    r.line_count,
    r.original_branch_id,
    r.original_device_id,
    r.original_seq,
    r.foreign_original
   FROM (public.push p
     CROSS JOIN LATERAL ( SELECT (t.seq * 4096) AS id,
            t.branch_id,
            t.device_id,
            t.seq,
            t.kind,
            t.shift_id,
            t.cashier_id,
            t.occurred_at,
            t.till_at,
            t.posted_at,
            t.business_date,
            t.currency,
            t.total,
            t.net,
            t.tax,
            t.discount,
            t.rounding,
            t.line_count,
            t.original_branch_id,
            t.original_device_id,
            t.original_seq,
            t.foreign_original
           FROM public.sale t
          WHERE ((t.branch_id = p.branch_id) AND (t.device_id = p.device_id) AND ((t.seq >= p.first_seq) AND (t.seq <= p.last_seq)) AND (t.posted_at = p.posted_at))
         OFFSET 0) r);


--
-- Name: reporting_sale_line; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_sale_line AS
 SELECT p.xid,
    r.id,
    r.branch_id,
    r.device_id,
    r.seq,
    r.line_no,
    r.kind,
    r.business_date,
    r.occurred_at,
    r.product_id,
    r.quantity,
    r.unit_price,
    r.discount,
    r.net,
    r.tax,
    r.total,
    r.tax_code,
    r.currency
   FROM (public.push p
     CROSS JOIN LATERAL ( SELECT ((t.seq * 4096) + t.line_no) AS id,
            t.branch_id,
            t.device_id,
            t.seq,
            t.line_no,
            t.kind,
            t.business_date,
            t.occurred_at,
            t.product_id,
            t.quantity,
            t.unit_price,
            t.discount,
            t.net,
            t.tax,
            t.total,
            t.tax_code,
            t.currency
           FROM public.sale_line t
          WHERE ((t.branch_id = p.branch_id) AND (t.device_id = p.device_id) AND ((t.seq >= p.first_seq) AND (t.seq <= p.last_seq)) AND (t.posted_at = p.posted_at))
         OFFSET 0) r);


--
-- Name: shift; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shift (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    shift_id uuid NOT NULL,
    cashier_id uuid,
    currency text NOT NULL,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    opening_float bigint DEFAULT 0 NOT NULL,
    cash_expected bigint DEFAULT 0 NOT NULL,
    cash_counted bigint,
    sale_count bigint DEFAULT 0 NOT NULL,
    sale_total bigint DEFAULT 0 NOT NULL,
    return_count bigint DEFAULT 0 NOT NULL,
    return_total bigint DEFAULT 0 NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL
)
WITH (fillfactor='70');


--
-- Name: reporting_shift; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reporting_shift AS
 SELECT xid,
    id,
    branch_id,
    device_id,
    shift_id,
    cashier_id,
    opened_at,
    closed_at,
    opening_float,
    cash_expected,
    cash_counted,
    sale_count,
    sale_total,
    return_count,
    return_total,
    currency
   FROM public.shift;


--
-- Name: sale_tax; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.sale_tax AS
 SELECT branch_id,
    device_id,
    seq,
    tax_code,
    rate_ppm,
    (sum(net))::bigint AS net,
    (sum(tax))::bigint AS tax,
    posted_at
   FROM public.sale_line
  GROUP BY branch_id, device_id, seq, posted_at, tax_code, rate_ppm;


--
-- Name: schema_migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT schema_migration_version_check CHECK ((version > 0))
);


--
-- Name: shift_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.shift ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.shift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: stock_balance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.stock_balance (
    branch_id integer NOT NULL,
    product_id uuid NOT NULL,
    on_hand bigint NOT NULL
)
WITH (fillfactor='70');


--
-- Name: till_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.till_event (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    shift_id uuid NOT NULL,
    cashier_id uuid NOT NULL,
    detail jsonb NOT NULL,
    till_at timestamp with time zone NOT NULL,
    posted_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (posted_at);


--
-- Name: account_balance account_balance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account_balance
    ADD CONSTRAINT account_balance_pkey PRIMARY KEY (branch_id, device_id, account, currency);


--
-- Name: device_head device_head_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_head
    ADD CONSTRAINT device_head_pkey PRIMARY KEY (branch_id, device_id);


--
-- Name: device_journal device_journal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_journal
    ADD CONSTRAINT device_journal_pkey PRIMARY KEY (branch_id, device_id, seq, received_at);


--
-- Name: device_key device_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_key
    ADD CONSTRAINT device_key_pkey PRIMARY KEY (branch_id, device_id, key_id);


--
-- Name: feed_cursor feed_cursor_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.feed_cursor
    ADD CONSTRAINT feed_cursor_pkey PRIMARY KEY (feed);


--
-- Name: journal_fork journal_fork_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.journal_fork
    ADD CONSTRAINT journal_fork_pkey PRIMARY KEY (branch_id, device_id, seq, hash);


--
-- Name: ledger_line ledger_line_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_line
    ADD CONSTRAINT ledger_line_pkey PRIMARY KEY (branch_id, device_id, seq, line_no, posted_at);


--
-- Name: opened_case opened_case_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.opened_case
    ADD CONSTRAINT opened_case_pkey PRIMARY KEY (branch_id, device_id, seq, kind);


--
-- Name: reference_history reference_history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reference_history
    ADD CONSTRAINT reference_history_pkey PRIMARY KEY (xid);


--
-- Name: reference reference_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reference
    ADD CONSTRAINT reference_pkey PRIMARY KEY (kind, key);


--
-- Name: sale_line sale_line_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sale_line
    ADD CONSTRAINT sale_line_pkey PRIMARY KEY (branch_id, device_id, seq, line_no, posted_at);


--
-- Name: sale_payment sale_payment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sale_payment
    ADD CONSTRAINT sale_payment_pkey PRIMARY KEY (branch_id, device_id, seq, payment_no, posted_at);


--
-- Name: sale sale_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sale
    ADD CONSTRAINT sale_pkey PRIMARY KEY (branch_id, device_id, seq, posted_at);


--
-- Name: schema_migration schema_migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);


--
-- Name: shift shift_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shift
    ADD CONSTRAINT shift_pkey PRIMARY KEY (branch_id, device_id, shift_id);


--
-- Name: stock_adjustment stock_adjustment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stock_adjustment
    ADD CONSTRAINT stock_adjustment_pkey PRIMARY KEY (branch_id, device_id, seq, line_no, posted_at);


--
-- Name: stock_balance stock_balance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stock_balance
    ADD CONSTRAINT stock_balance_pkey PRIMARY KEY (branch_id, product_id);


--
-- Name: till_event till_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.till_event
    ADD CONSTRAINT till_event_pkey PRIMARY KEY (branch_id, device_id, seq, posted_at);


--
-- Name: opened_case_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX opened_case_feed ON public.opened_case USING btree (xid, id);


--
-- Name: push_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX push_feed ON public.push USING btree (xid);


--
-- Name: reference_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reference_feed ON public.reference USING btree (xid, id);


--
-- Name: sale_original; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sale_original ON ONLY public.sale USING btree (original_branch_id, original_device_id, original_seq) WHERE (original_seq IS NOT NULL);


--
-- Name: shift_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX shift_feed ON public.shift USING btree (xid, id);


--
-- Name: ledger_line ledger_balanced; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER ledger_balanced AFTER INSERT ON public.ledger_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_unbalanced();


--
-- Name: FUNCTION apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text, p_more boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text, p_more boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text, p_more boolean) TO octonext_app;


--
-- Name: FUNCTION begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint) TO octonext_app;


--
-- Name: FUNCTION ensure_month_partitions(p_from date, p_months integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ensure_month_partitions(p_from date, p_months integer) FROM PUBLIC;


--
-- Name: FUNCTION find_return_cases(p_branch integer, p_device integer, p_head bigint, p_sales public.pushed_sale[], p_shard_branches integer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.find_return_cases(p_branch integer, p_device integer, p_head bigint, p_sales public.pushed_sale[], p_shard_branches integer[]) FROM PUBLIC;


--
-- Name: FUNCTION find_shift_cases(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_ledger public.pushed_ledger[], p_shifts public.pushed_shift[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.find_shift_cases(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_ledger public.pushed_ledger[], p_shifts public.pushed_shift[]) FROM PUBLIC;


--
-- Name: FUNCTION ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_cases public.found_case[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_cases public.found_case[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_cases public.found_case[]) TO octonext_app;


--
-- Name: FUNCTION ledger_refuse_unbalanced(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_refuse_unbalanced() FROM PUBLIC;


--
-- Name: FUNCTION open_fork_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_fork_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb) FROM PUBLIC;


--
-- Name: FUNCTION open_went_back_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_went_back_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_went_back_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb) TO octonext_app;


--
-- Name: FUNCTION post_counts(p_branch integer, p_device integer, p_head bigint, p_counts public.pushed_count[], p_entries public.pushed_entry[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.post_counts(p_branch integer, p_device integer, p_head bigint, p_counts public.pushed_count[], p_entries public.pushed_entry[]) FROM PUBLIC;


--
-- Name: FUNCTION post_entries(p_branch integer, p_device integer, p_head bigint, p_currency text, p_time_zone text, p_shard_branches integer[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_shifts public.pushed_shift[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.post_entries(p_branch integer, p_device integer, p_head bigint, p_currency text, p_time_zone text, p_shard_branches integer[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_shifts public.pushed_shift[]) FROM PUBLIC;


--
-- Name: FUNCTION post_stock(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_lines public.pushed_line[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.post_stock(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_lines public.pushed_line[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[]) FROM PUBLIC;


--
-- Name: FUNCTION record_fork(p_branch integer, p_device integer, p_prev bytea, p_keys public.pushed_key[], p_entries public.pushed_entry[], p_detail text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.record_fork(p_branch integer, p_device integer, p_prev bytea, p_keys public.pushed_key[], p_entries public.pushed_entry[], p_detail text) FROM PUBLIC;


--
-- Name: FUNCTION refill_reference(p_feed text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refill_reference(p_feed text) FROM PUBLIC;


--
-- Name: TABLE account_balance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.account_balance TO octonext_app;


--
-- Name: TABLE device_head; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.device_head TO octonext_app;


--
-- Name: TABLE device_journal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.device_journal TO octonext_app;


--
-- Name: TABLE device_key; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.device_key TO octonext_app;


--
-- Name: TABLE feed_cursor; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.feed_cursor TO octonext_app;


--
-- Name: TABLE journal_fork; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.journal_fork TO octonext_app;


--
-- Name: TABLE ledger_line; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.ledger_line TO octonext_app;


--
-- Name: TABLE opened_case; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.opened_case TO octonext_app;


--
-- Name: TABLE push; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.push TO octonext_app;


--
-- Name: TABLE reference; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference TO octonext_app;


--
-- Name: TABLE reference_history; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_history TO octonext_app;


--
-- Name: TABLE reporting_device; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_device TO octonext_app;


--
-- Name: TABLE reporting_ledger; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_ledger TO octonext_app;


--
-- Name: TABLE sale_line; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.sale_line TO octonext_app;


--
-- Name: TABLE stock_adjustment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.stock_adjustment TO octonext_app;


--
-- Name: TABLE stock_movement; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.stock_movement TO octonext_app;


--
-- Name: TABLE reporting_movement; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_movement TO octonext_app;


--
-- Name: TABLE sale_payment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.sale_payment TO octonext_app;


--
-- Name: TABLE reporting_payment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_payment TO octonext_app;


--
-- Name: TABLE sale; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.sale TO octonext_app;


--
-- Name: TABLE reporting_sale; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_sale TO octonext_app;


--
-- Name: TABLE reporting_sale_line; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_sale_line TO octonext_app;


--
-- Name: TABLE shift; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.shift TO octonext_app;


--
-- Name: TABLE reporting_shift; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reporting_shift TO octonext_app;


--
-- Name: TABLE sale_tax; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.sale_tax TO octonext_app;


--
-- Name: TABLE stock_balance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.stock_balance TO octonext_app;


--
-- Name: TABLE till_event; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.till_event TO octonext_app;


--
-- PostgreSQL database dump complete
--
