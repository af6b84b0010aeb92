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
-- Name: pushed_customer; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pushed_customer AS (
	seq bigint,
	customer_id uuid,
	name text,
	phone text,
	email text,
	vat_number text,
	note text
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
	original_seq bigint,
	customer_id uuid
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
-- Name: append_only(regclass); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.append_only(IN p_table regclass)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    v_relation regclass;
BEGIN
    FOR v_relation IN
        SELECT p_table UNION SELECT relid FROM pg_partition_tree(p_table)
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite()', v_relation);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', v_relation);
    END LOOP;
END $$;


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
    -- Each row is in head office's trail: here it is enough to know who brought which page.
    PERFORM audit_event('reference_applied', jsonb_build_object(
        'feed', p_feed, 'to_xid', p_to_xid, 'to_id', p_to_id, 'rows', v_applied));
    UPDATE feed_cursor
       SET xid = p_to_xid, id = p_to_id, mark = p_mark, applied_at = now(),
           refill_from = CASE WHEN p_more THEN refill_from END
     WHERE feed = p_feed;
    RETURN v_applied;
END $$;


--
-- Name: archive_month(date, bigint, bigint, text, bytea, bigint, bytea, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.archive_month(p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint, p_transactions_signature bytea, p_changes_signature bytea) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    v_table     record;
    v_partition text;
    v_found     bigint;
BEGIN
    FOR v_table IN
        SELECT * FROM (VALUES ('audit_change', p_changes, p_changes_signature),
                              ('audit_transaction', p_transactions, p_transactions_signature)
                      ) AS t (name, expected, signature)
    LOOP
        v_partition := format('%s_%s', v_table.name, to_char(p_month, 'YYYY_MM'));
        EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', v_partition);
        EXECUTE format('SELECT count(*) FROM public.%I', v_partition) INTO v_found;
        IF v_found <> v_table.expected THEN
            RAISE EXCEPTION 'table % holds % rows, the archive %', v_partition, v_found, v_table.expected
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        INSERT INTO seal_archive (table_name, partition_name, from_at, until_at, row_count, file_name,
                                  file_sha256, tree_size, signature)
        VALUES (v_table.name, v_partition, p_month::timestamp AT TIME ZONE 'UTC',
                (p_month + interval '1 month') AT TIME ZONE 'UTC', v_found, p_file, p_sha256, p_tree_size,
                v_table.signature);
        EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', v_table.name, v_partition);
        EXECUTE format('DROP TABLE public.%I', v_partition);
    END LOOP;
    PERFORM audit_event('trail_archived', jsonb_build_object(
        'month', to_char(p_month, 'YYYY-MM'), 'file', p_file, 'sha256', encode(p_sha256, 'hex'),
        'transactions', p_transactions, 'changes', p_changes));
END $$;


--
-- Name: audit_by(regclass, regproc, text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.audit_by(IN p_table regclass, IN p_function regproc, IN p_arguments text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    v_arguments text := (SELECT coalesce(string_agg(quote_literal(a), ', ' ORDER BY n), '')
                           FROM unnest(p_arguments) WITH ORDINALITY AS t (a, n));
    v_trigger   record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = p_table AND indisprimary) THEN
        RAISE EXCEPTION 'table % has no primary key to be audited by', p_table;
    END IF;
    FOR v_trigger IN
        SELECT * FROM (VALUES
            ('audit_insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS new_rows', p_function, v_arguments),
            ('audit_update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
             p_function, v_arguments),
            ('audit_delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS old_rows', p_function, v_arguments),
            ('refuse_truncate_always', 'BEFORE TRUNCATE', '', 'refuse_unrecorded_truncate'::regproc, '')
        ) AS t (name, moment, tables, function, arguments)
    LOOP
        EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s(%s)',
                       v_trigger.name, v_trigger.moment, p_table, v_trigger.tables, v_trigger.function,
                       v_trigger.arguments);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', p_table, v_trigger.name);
    END LOOP;
END $$;


--
-- Name: audit_event(text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_event(p_kind text, p_detail jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM audit_who();
    INSERT INTO audit_change (table_name, operation, key, after)
    VALUES ('event', 'event', jsonb_build_object('event', p_kind), p_detail);
END $$;


--
-- Name: audit_kept_table(regclass, text[], text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.audit_kept_table(IN p_table regclass, IN p_functions text[], VARIADIC p_secrets text[] DEFAULT '{}'::text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    CALL audit_by(p_table, 'audit_rows_unless_kept', array_to_string(p_functions, ',') || p_secrets);
END $$;


--
-- Name: audit_rows(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $$
DECLARE
    v_recorded bigint;
BEGIN
    EXECUTE audit_statement(TG_RELID, TG_OP, TG_ARGV);
    GET DIAGNOSTICS v_recorded = ROW_COUNT;
    IF v_recorded > 0 THEN
        PERFORM audit_who();
    END IF;
    RETURN NULL;
END $$;


--
-- Name: audit_rows_unless_kept(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_rows_unless_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    v_stack    text;
    v_recorded bigint;
    v_settings text[];
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    v_stack := split_part(v_stack, E'\n', -1);
    -- The words around the name are in the server's language.
    IF split_part(split_part(v_stack, '(', 1), ' ', -1) = ANY (string_to_array(TG_ARGV[0], ','))
       AND strpos(v_stack, '"') = 0 THEN
        RETURN NULL;
    END IF;
    v_settings := ARRAY[current_setting('timezone'), current_setting('datestyle'),
                        current_setting('bytea_output'), current_setting('extra_float_digits')];
    PERFORM set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true),
            set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true);
    EXECUTE audit_statement(TG_RELID, TG_OP, TG_ARGV[1:]);
    GET DIAGNOSTICS v_recorded = ROW_COUNT;
    PERFORM set_config('timezone', v_settings[1], true), set_config('datestyle', v_settings[2], true),
            set_config('bytea_output', v_settings[3], true), set_config('extra_float_digits', v_settings[4], true);
    IF v_recorded > 0 THEN
        PERFORM audit_who();
    END IF;
    RETURN NULL;
END $$;


--
-- Name: audit_statement(regclass, text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_statement(p_table regclass, p_operation text, p_secrets text[]) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
    WITH columns AS (
        SELECT a.attnum, quote_ident(a.attname) AS name, to_json(a.attname::text) AS label,
               a.attname = ANY (p_secrets) AS is_secret,
               (SELECT split_part(s, '.', 2) FROM unnest(p_secrets) s
                 WHERE split_part(s, '.', 1) = a.attname AND s LIKE '%.%') AS secret_member,
               EXISTS (SELECT FROM pg_index i WHERE i.indrelid = p_table AND i.indisprimary
                          AND a.attnum = ANY (i.indkey)) AS is_key
          FROM pg_attribute a
         WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
    ), spoken AS (
        -- How a value is written down: %1$s is the row it is taken from.
        SELECT *, CASE
            WHEN is_secret THEN format('CASE WHEN %%1$s.%s IS NOT NULL THEN ''secret'' END', name)
            WHEN secret_member IS NOT NULL THEN format(
                'CASE WHEN %%1$s.%1$s ? %2$L THEN %%1$s.%1$s || jsonb_build_object(%2$L, ''secret'')'
                ' ELSE %%1$s.%1$s END', name, secret_member)
            ELSE format('%%1$s.%s', name) END AS value
          FROM columns
    ), pieces AS (
        SELECT string_agg(format('%L, %s', s.label #>> '{}', format(s.value, 'o')), ', ' ORDER BY attnum) AS old_row,
               string_agg(format('%L, %s', s.label #>> '{}', format(s.value, 'n')), ', ' ORDER BY attnum) AS new_row,
               string_agg(format('CASE WHEN o.%1$s IS DISTINCT FROM n.%1$s THEN %2$L || coalesce(to_json(%3$s)::text, ''null'') END',
                                 name, ',' || label || ':', format(s.value, 'o')), ', ' ORDER BY attnum) AS old_changed,
               string_agg(format('CASE WHEN o.%1$s IS DISTINCT FROM n.%1$s THEN %2$L || coalesce(to_json(%3$s)::text, ''null'') END',
                                 name, ',' || label || ':', format(s.value, 'n')), ', ' ORDER BY attnum) AS new_changed,
               string_agg(format('o.%1$s IS DISTINCT FROM n.%1$s', name), ' OR ' ORDER BY attnum) AS is_changed,
               string_agg(format('%L, o.%s', label #>> '{}', name), ', ' ORDER BY attnum) FILTER (WHERE is_key) AS old_key,
               string_agg(format('%L, n.%s', label #>> '{}', name), ', ' ORDER BY attnum) FILTER (WHERE is_key) AS new_key,
               string_agg(format('o.%1$s = n.%1$s', name), ' AND ' ORDER BY attnum) FILTER (WHERE is_key) AS same_key,
               (array_agg(name ORDER BY attnum) FILTER (WHERE is_key))[1] AS first_key
          FROM spoken s
    )
    SELECT format('INSERT INTO audit_change (table_name, operation, key, before, after) SELECT %L, ',
                  (SELECT relname FROM pg_class WHERE oid = p_table))
        || CASE p_operation
           WHEN 'INSERT' THEN format('''insert'', jsonb_build_object(%s), NULL, jsonb_build_object(%s) FROM new_rows n',
                                     new_key, new_row)
           WHEN 'DELETE' THEN format('''delete'', jsonb_build_object(%s), jsonb_build_object(%s), NULL FROM old_rows o',
                                     old_key, old_row)
           ELSE format('CASE WHEN n.%1$s IS NULL THEN ''delete'' WHEN o.%1$s IS NULL THEN ''insert'' ELSE ''update'' END, '
                       'CASE WHEN n.%1$s IS NULL THEN jsonb_build_object(%2$s) ELSE jsonb_build_object(%3$s) END, '
                       'CASE WHEN o.%1$s IS NOT NULL THEN (''{'' || substr(concat(%4$s), 2) || ''}'')::jsonb END, '
                       'CASE WHEN n.%1$s IS NOT NULL THEN (''{'' || substr(concat(%5$s), 2) || ''}'')::jsonb END '
                       'FROM old_rows o FULL JOIN new_rows n ON %6$s WHERE %7$s',
                       first_key, old_key, new_key, old_changed, new_changed, same_key, is_changed)
           END
      FROM pieces
$_$;


--
-- Name: audit_table(regclass, text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.audit_table(IN p_table regclass, VARIADIC p_secrets text[] DEFAULT '{}'::text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    CALL audit_by(p_table, 'audit_rows', p_secrets);
END $$;


--
-- Name: audit_who(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_who() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    v_claim text := nullif(current_setting('octonext.actor', true), '');
    v_actor jsonb;
    v_who   audit_transaction;
BEGIN
    IF EXISTS (SELECT FROM audit_transaction t WHERE t.at = now() AND t.xid = pg_current_xact_id()) THEN
        RETURN;
    END IF;
    IF v_claim IS NULL THEN
        v_who.actor_kind := 'none';
    ELSE
        BEGIN
            v_actor := v_claim::jsonb;
            v_who.actor_kind := v_actor ->> 'kind';
            IF v_who.actor_kind NOT IN ('user', 'token', 'device', 'process', 'operator', 'anonymous')
               OR v_actor ->> 'id' IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'invalid_text_representation';
            END IF;
            v_who.actor_id := left(v_actor ->> 'id', 200);
            v_who.actor_name := left(v_actor ->> 'name', 200);
            v_who.actor_ip := (v_actor ->> 'ip')::inet;
            v_who.device_id := (v_actor ->> 'device_id')::integer;
            v_who.key_thumbprint := left(v_actor ->> 'key_thumbprint', 200);
            v_who.user_agent := left(v_actor ->> 'user_agent', 400);
            v_who.app_version := left(v_actor ->> 'app_version', 200);
            v_who.request_id := left(v_actor ->> 'request_id', 200);
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            v_who := NULL;
        END;
        IF v_who.actor_kind IS NULL THEN
            v_who.actor_kind := 'malformed';
            v_who.claim := left(v_claim, 400);
        END IF;
    END IF;
    INSERT INTO audit_transaction (
        actor_kind, actor_id, actor_name, actor_ip, device_id, key_thumbprint, user_agent, app_version,
        request_id, claim, login_role, session_role, set_role, client_addr, application_name, backend_pid,
        replication_role)
    VALUES (
        v_who.actor_kind, v_who.actor_id, v_who.actor_name, v_who.actor_ip, v_who.device_id,
        v_who.key_thumbprint, v_who.user_agent, v_who.app_version, v_who.request_id, v_who.claim,
        (SELECT r.rolname FROM pg_stat_get_activity(pg_backend_pid()) a JOIN pg_roles r ON r.oid = a.usesysid),
        session_user, current_setting('role'), inet_client_addr(), current_setting('application_name'),
        pg_backend_pid(), current_setting('session_replication_role'))
    ON CONFLICT DO NOTHING;
END $$;


--
-- Name: begin_session(integer, integer, bigint, bytea, text, bigint, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint, p_actor text DEFAULT ''::text) RETURNS TABLE(is_fork boolean, head_seq bigint, head_hash bytea, epoch bigint)
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
    PERFORM set_config('octonext.actor', p_actor, true);
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
    PERFORM note_hello(p_branch, p_device, p_seq, p_hash);
    head_seq := v_head.seq;
    head_hash := v_head.hash;
    epoch := v_head.epoch + 1;
    PERFORM audit_event(CASE WHEN is_fork THEN 'till_refused' ELSE 'till_connected' END, jsonb_build_object(
        'branch_id', p_branch, 'device_id', p_device, 'seq', p_seq, 'epoch', epoch, 'app', p_app,
        'clock_offset_ms', p_offset_ms));
    RETURN NEXT;
END $$;


--
-- Name: begin_sign_in(integer, integer, bigint, text, integer, integer, integer, integer, interval, interval, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.begin_sign_in(p_branch integer, p_device integer, p_epoch bigint, p_code text, p_cashier_free integer, p_cashier_most integer, p_device_free integer, p_device_most integer, p_first interval, p_longest interval, p_locked interval) RETURNS TABLE(status text, wait_ms bigint, user_id uuid, pin_hash text, cashier_failures integer, device_failures integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_code   text := sign_in_key(p_branch, p_code);
    v_device text := p_device::text;
    v_mark   text;
    v_works  boolean;
    v_free   timestamptz;
    v_now    timestamptz;
BEGIN
    PERFORM FROM device_head h
      WHERE h.branch_id = p_branch AND h.device_id = p_device AND h.epoch = p_epoch;
    IF NOT FOUND THEN
        status := 'fenced';
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT (r.payload ->> 'user_id')::uuid, r.payload ->> 'pin_hash', md5(r.payload ->> 'pin_hash'),
           (r.payload ->> 'active')::boolean
           AND (r.payload -> 'branch_ids' = '[]' OR r.payload -> 'branch_ids' @> to_jsonb(p_branch))
      INTO user_id, pin_hash, v_mark, v_works
      FROM reference r
     WHERE r.kind = 'cashier' AND r.payload ->> 'code' = p_code
       AND r.region_id IS NOT DISTINCT FROM (SELECT b.region_id FROM reference b
                                              WHERE b.kind = 'branch' AND b.key = p_branch::text);
    -- Who does not work here is nobody here. The count is the code's all the same: the mark must not change
    -- with the branch that asks, or asking elsewhere would end a lock-out.
    IF NOT v_works THEN
        user_id := NULL;
        pin_hash := NULL;
    END IF;

    -- The code before the till, always: so two that ask at a time wait for each other, and never in a circle.
    INSERT INTO sign_in_count AS c (whose, key, mark, failures, failed_at, free_at)
    VALUES ('cashier', v_code, coalesce(v_mark, ''), 0, now(), now()),
           ('device', v_device, coalesce((SELECT r.payload ->> 'unlocked_at' FROM reference r
                                           WHERE r.kind = 'device' AND r.key = v_device), ''), 0, now(), now())
    ON CONFLICT (whose, key) DO UPDATE
       SET failures = CASE WHEN c.mark = excluded.mark AND c.failed_at > now() - p_locked
                           THEN c.failures ELSE 0 END,
           free_at = CASE WHEN c.mark = excluded.mark THEN c.free_at ELSE now() END,
           mark = excluded.mark;
    -- Not when the transaction began: another one that began later may have counted first.
    v_now := clock_timestamp();
    SELECT max(c.free_at) INTO v_free FROM sign_in_count c
     WHERE (c.whose, c.key) IN (('cashier', v_code), ('device', v_device));
    IF v_free > v_now THEN
        status := 'locked_out';
        wait_ms := ceil(extract(epoch FROM v_free - v_now) * 1000);
        RETURN NEXT;
        RETURN;
    END IF;

    status := 'ask';
    UPDATE sign_in_count c
       SET failures = c.failures + 1, failed_at = v_now,
           free_at = v_now + sign_in_wait(c.failures + 1, p_cashier_free, p_cashier_most,
                                          p_first, p_longest, p_locked)
     WHERE c.whose = 'cashier' AND c.key = v_code
    RETURNING c.failures, c.free_at INTO cashier_failures, v_free;
    wait_ms := ceil(extract(epoch FROM v_free - v_now) * 1000);
    UPDATE sign_in_count c
       SET failures = c.failures + 1, failed_before = c.failed_at, failed_at = v_now,
           free_at = v_now + sign_in_wait(c.failures + 1, p_device_free, p_device_most,
                                          p_first, p_longest, p_locked)
     WHERE c.whose = 'device' AND c.key = v_device
    RETURNING c.failures, c.free_at INTO device_failures, v_free;
    wait_ms := greatest(wait_ms, ceil(extract(epoch FROM v_free - v_now) * 1000));

    -- Last, and never waiting: whoever waited here could be waited for.
    DELETE FROM sign_in_count c
     WHERE (c.whose, c.key) IN (SELECT o.whose, o.key FROM sign_in_count o
                                 WHERE o.failed_at < now() - p_locked LIMIT 100 FOR UPDATE SKIP LOCKED);
    RETURN NEXT;
END $$;


--
-- Name: end_sign_in(integer, integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.end_sign_in(p_branch integer, p_device integer, p_code text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    DELETE FROM sign_in_count WHERE whose = 'cashier' AND key = sign_in_key(p_branch, p_code);
    UPDATE sign_in_count SET failures = greatest(failures - 1, 0), failed_at = coalesce(failed_before, failed_at),
                             free_at = now()
     WHERE whose = 'device' AND key = p_device::text;
$$;


--
-- Name: ensure_month_partitions(date, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ensure_month_partitions(p_from date, p_months integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
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
                'CREATE TABLE public.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                v_name, v_parent,
                v_month::timestamp AT TIME ZONE 'UTC',
                (v_month + interval '1 month')::timestamp AT TIME ZONE 'UTC'
            );
            IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = v_parent AND tgname = 'append_only') THEN
                CALL append_only(v_name);
            END IF;
            v_created := v_created + 1;
        END LOOP;
    END LOOP;
    RETURN v_created;
END $$;


--
-- Name: find_exchange_cases(integer, integer, bigint, public.pushed_payment[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.find_exchange_cases(p_branch integer, p_device integer, p_head bigint, p_payments public.pushed_payment[]) RETURNS SETOF public.found_case
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT w.seq, 'exchange_without_return',
           jsonb_build_object('paid', w.amount, 'returned', coalesce(r.amount, 0))::text
      FROM (SELECT p.seq, sum(p.amount)::bigint AS amount FROM unnest(p_payments) p
             WHERE p.tender = 'exchange' AND p.amount > 0 AND p.seq > p_head
             GROUP BY p.seq) w
     CROSS JOIN LATERAL (
            SELECT -sum(b.amount)::bigint AS amount FROM sale_payment b
             WHERE b.branch_id = p_branch AND b.device_id = p_device AND b.seq = w.seq - 1
               AND b.tender = 'exchange' AND b.amount < 0) r
     WHERE r.amount IS DISTINCT FROM w.amount;
$$;


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
-- Name: ingest_push(integer, integer, bigint, bigint, bytea, text, text, integer[], public.pushed_key[], public.pushed_entry[], public.pushed_sale[], public.pushed_line[], public.pushed_payment[], public.pushed_ledger[], public.pushed_adjustment[], public.pushed_count[], public.pushed_shift[], public.pushed_customer[], public.found_case[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_customers public.pushed_customer[], p_cases public.found_case[]) RETURNS public.push_result
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
    IF p_epoch IS NULL THEN
        -- a till that was never heard here itself
        INSERT INTO device_head (branch_id, device_id) VALUES (p_branch, p_device) ON CONFLICT DO NOTHING;
    END IF;
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
        -- asked first: nearly no push holds one, and the question costs less than the call
        IF EXISTS (SELECT FROM unnest(p_payments) p WHERE p.tender = 'exchange') THEN
            v_cases := v_cases || ARRAY(
                SELECT f FROM find_exchange_cases(p_branch, p_device, v_head.seq, p_payments) f);
        END IF;

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

        IF cardinality(p_customers) > 0 THEN
            PERFORM save_customers(p_branch, p_device, v_head.seq, p_entries, p_customers);
        END IF;

        IF p_epoch IS NULL THEN
            PERFORM note_rescue(p_branch, p_device, v_head.seq + 1, v_last.seq);
        END IF;

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
-- Name: note_contacts(integer[], integer[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_contacts(p_branches integer[], p_devices integer[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    UPDATE device_contact c SET seen_at = now()
      FROM (SELECT o.branch_id, o.device_id FROM device_contact o
              JOIN unnest(p_branches, p_devices) AS t (branch_id, device_id) USING (branch_id, device_id)
             ORDER BY o.branch_id, o.device_id FOR UPDATE OF o SKIP LOCKED) k
     WHERE (c.branch_id, c.device_id) = (k.branch_id, k.device_id);
$$;


--
-- Name: note_hello(integer, integer, bigint, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_hello(p_branch integer, p_device integer, p_seq bigint, p_hash bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    INSERT INTO device_contact (branch_id, device_id, told_seq, told_hash)
    VALUES (p_branch, p_device, p_seq, p_hash)
    ON CONFLICT (branch_id, device_id) DO UPDATE
       SET told_seq = excluded.told_seq, told_hash = excluded.told_hash, told_at = now(), seen_at = now(),
           silent_since = NULL;
$$;


--
-- Name: note_rescue(integer, integer, bigint, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_rescue(p_branch integer, p_device integer, p_first bigint, p_last bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_revoked boolean := EXISTS (
        SELECT FROM reference r WHERE r.kind = 'device' AND r.key = p_device::text
           AND r.payload ->> 'status' = 'revoked');
BEGIN
    PERFORM audit_event('journal_rescued', jsonb_build_object(
        'branch_id', p_branch, 'device_id', p_device, 'first_seq', p_first, 'last_seq', p_last,
        'revoked', v_revoked));
    IF v_revoked AND NOT EXISTS (
        SELECT FROM opened_case c WHERE c.branch_id = p_branch AND c.device_id = p_device
           AND c.kind = 'rescued_after_revocation') THEN
        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        VALUES (p_branch, p_device, p_first, 'rescued_after_revocation',
                jsonb_build_object('first_seq', p_first, 'last_seq', p_last));
        UPDATE device_head h SET case_count = h.case_count + 1
         WHERE h.branch_id = p_branch AND h.device_id = p_device;
    END IF;
END $$;


--
-- Name: note_silent_tills(interval, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_silent_tills(p_backlog interval, p_shift interval) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_till record;
    v_new  integer := 0;
BEGIN
    -- one gateway at a time: the others would find the same
    IF NOT pg_try_advisory_xact_lock(hashtextextended('note_silent_tills', 0)) THEN
        RETURN 0;
    END IF;
    UPDATE device_contact c SET silent_since = NULL
     WHERE c.silent_since IS NOT NULL
       AND NOT EXISTS (SELECT FROM silent_tills(p_backlog, p_shift) s
                        WHERE (s.branch_id, s.device_id) = (c.branch_id, c.device_id));
    FOR v_till IN
        SELECT * FROM silent_tills(p_backlog, p_shift) s WHERE s.silent_since IS NULL
    LOOP
        -- the head before the contact, as a hello takes them; who speaks at this moment is not silent
        PERFORM FROM device_head h
          WHERE (h.branch_id, h.device_id) = (v_till.branch_id, v_till.device_id) FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE device_contact c SET silent_since = now()
         WHERE (c.branch_id, c.device_id) = (v_till.branch_id, v_till.device_id);
        WITH opened AS (
            INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
            VALUES (v_till.branch_id, v_till.device_id, v_till.head_seq, 'till_silent', jsonb_build_object(
                'why', v_till.why, 'shard_seq', v_till.head_seq, 'till_told_seq', v_till.told_seq,
                'seen_at', v_till.seen_at, 'open_shift', v_till.open_shift))
            ON CONFLICT DO NOTHING
            RETURNING 1
        )
        UPDATE device_head h SET case_count = h.case_count + 1, xid = pg_current_xact_id()
          FROM opened
         WHERE h.branch_id = v_till.branch_id AND h.device_id = v_till.device_id;
        PERFORM audit_event('till_silent', jsonb_build_object(
            'branch_id', v_till.branch_id, 'device_id', v_till.device_id, 'why', v_till.why,
            'shard_seq', v_till.head_seq, 'till_told_seq', v_till.told_seq, 'seen_at', v_till.seen_at));
        v_new := v_new + 1;
    END LOOP;
    RETURN v_new;
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
                      original_branch_id, original_device_id, original_seq, foreign_original, customer_id,
                      posted_at)
    SELECT p_branch, p_device, s.seq, s.kind, e.shift_id, e.cashier_id, e.till_at, e.occurred_at,
           (e.occurred_at AT TIME ZONE p_time_zone)::date, p_currency, s.total, s.total - s.tax, s.tax,
           s.discount, s.rounding, s.paid, s.line_count, s.original_branch_id, s.original_device_id,
           s.original_seq, coalesce(s.original_branch_id <> ALL (p_shard_branches), false), s.customer_id,
           now()
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
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE feed_cursor SET xid = '0', id = 0, mark = '', refill_from = pg_current_xact_id()
     WHERE feed = p_feed;
    PERFORM audit_event('feed_reset', jsonb_build_object('feed', p_feed));
END $$;


--
-- Name: refuse_rewrite(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_rewrite() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'table % only ever grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Correct it by a further row. Whole months leave by retention, which detaches them.';
END $$;


--
-- Name: refuse_unrecorded_truncate(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_unrecorded_truncate() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'table % is audited: delete its rows instead', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;


--
-- Name: rescued_clock(integer, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.rescued_clock(p_branch integer, p_device integer) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT h.clock_offset_ms FROM device_head h WHERE h.branch_id = p_branch AND h.device_id = p_device
$$;


--
-- Name: save_customers(integer, integer, bigint, public.pushed_entry[], public.pushed_customer[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.save_customers(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_customers public.pushed_customer[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    INSERT INTO customer AS c (customer_id, name, phone, email, vat_number, note, branch_id, device_id, seq,
                               saved_at)
    SELECT DISTINCT ON (s.customer_id) s.customer_id, s.name, s.phone, s.email, s.vat_number, s.note,
           p_branch, p_device, s.seq, e.occurred_at
      FROM unnest(p_customers) s JOIN unnest(p_entries) e USING (seq)
     WHERE s.seq > p_head
     -- ordered by customer, so that two pushes that save the same ones cannot wait for each other in a ring
     ORDER BY s.customer_id, s.seq DESC
    ON CONFLICT (customer_id) DO UPDATE
       SET name = excluded.name, phone = excluded.phone, email = excluded.email,
           vat_number = excluded.vat_number, note = excluded.note, branch_id = excluded.branch_id,
           device_id = excluded.device_id, seq = excluded.seq, saved_at = excluded.saved_at,
           xid = excluded.xid, id = excluded.id
     WHERE (c.branch_id, c.device_id) = (excluded.branch_id, excluded.device_id)
        OR c.saved_at <= excluded.saved_at;
$$;


--
-- Name: sign_in_key(integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.sign_in_key(p_branch integer, p_code text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT coalesce((SELECT payload ->> 'region_id' FROM reference
                      WHERE kind = 'branch' AND key = p_branch::text), '') || ':' || p_code
$$;


--
-- Name: sign_in_wait(integer, integer, integer, interval, interval, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.sign_in_wait(p_failures integer, p_free integer, p_most integer, p_first interval, p_longest interval, p_locked interval) RETURNS interval
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT CASE WHEN p_failures < p_free THEN interval '0'
                WHEN p_failures >= p_most THEN p_locked
                ELSE least(p_first * power(2, p_failures - p_free), p_longest) END
$$;


--
-- Name: silent_tills(interval, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.silent_tills(p_backlog interval, p_shift interval) RETURNS TABLE(branch_id integer, device_id integer, code text, head_seq bigint, told_seq bigint, seen_at timestamp with time zone, received_at timestamp with time zone, open_shift uuid, silent_since timestamp with time zone, why text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT c.branch_id, c.device_id, r.payload ->> 'code', h.seq, c.told_seq, c.seen_at, h.received_at,
           s.shift_id, c.silent_since,
           CASE WHEN w.is_backlog AND s.shift_id IS NOT NULL AND w.is_away THEN 'backlog, open shift'
                WHEN w.is_backlog THEN 'backlog' ELSE 'open shift' END
      FROM device_contact c
      JOIN device_head h USING (branch_id, device_id)
     CROSS JOIN LATERAL (
            SELECT c.told_seq > h.seq
                   AND greatest(c.told_at, h.received_at) < now() - p_backlog AS is_backlog,
                   c.seen_at < now() - p_shift AS is_away) w
      LEFT JOIN LATERAL (
            SELECT n.shift_id, n.closed_at FROM shift n
             WHERE n.branch_id = c.branch_id AND n.device_id = c.device_id
             ORDER BY n.shift_id DESC LIMIT 1) n ON w.is_away OR w.is_backlog
      LEFT JOIN LATERAL (SELECT n.shift_id WHERE n.closed_at IS NULL) s ON true
      LEFT JOIN reference r ON r.kind = 'device' AND r.key = c.device_id::text
     WHERE (w.is_backlog OR (w.is_away AND s.shift_id IS NOT NULL))
       AND r.payload ->> 'status' IS DISTINCT FROM 'revoked'
     ORDER BY c.branch_id, c.device_id
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
-- Name: audit_change; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_change (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    table_name text NOT NULL,
    operation text NOT NULL,
    key jsonb NOT NULL,
    before jsonb,
    after jsonb
)
PARTITION BY RANGE (at);


--
-- Name: audit_change_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.audit_change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_coverage; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.audit_coverage AS
 SELECT (c.relname)::text AS table_name,
    c.relispartition AS is_partition,
    (((COALESCE((bit_or(t.tgtype) FILTER (WHERE ((t.tgfoid = ANY (ARRAY[('public.audit_rows'::regproc)::oid, ('public.audit_rows_unless_kept'::regproc)::oid])) AND (((t.tgtype)::integer & 3) = 0))))::integer, 0) & 28) = 28) AND COALESCE(bool_or(((((t.tgtype)::integer & 32) = 32) AND (t.tgfoid = ('public.refuse_unrecorded_truncate'::regproc)::oid))), false)) AS is_audited,
    (COALESCE(bit_or((t.tgfoid)::integer) FILTER (WHERE (t.tgfoid = ('public.audit_rows_unless_kept'::regproc)::oid)), 0) <> 0) AS is_kept,
    ((COALESCE((bit_or(t.tgtype) FILTER (WHERE ((t.tgfoid = ('public.refuse_rewrite'::regproc)::oid) AND (((t.tgtype)::integer & 3) = 2))))::integer, 0) & 56) = 56) AS is_append_only
   FROM (pg_class c
     LEFT JOIN pg_trigger t ON (((t.tgrelid = c.oid) AND (t.tgenabled = 'A'::"char") AND (NOT t.tgisinternal) AND (t.tgqual IS NULL) AND (t.tgattr = ''::int2vector))))
  WHERE ((c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) AND (c.relnamespace = ('public'::regnamespace)::oid))
  GROUP BY c.oid, c.relname, c.relispartition;


--
-- Name: audit_transaction; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_transaction (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor_kind text NOT NULL,
    actor_id text,
    actor_name text,
    actor_ip inet,
    device_id integer,
    key_thumbprint text,
    user_agent text,
    app_version text,
    request_id text,
    claim text,
    login_role text,
    session_role text NOT NULL,
    set_role text NOT NULL,
    client_addr inet,
    application_name text NOT NULL,
    backend_pid integer NOT NULL,
    replication_role text NOT NULL
)
PARTITION BY RANGE (at);


--
-- Name: customer; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.customer (
    customer_id uuid NOT NULL,
    name text NOT NULL,
    phone text,
    email text,
    vat_number text,
    note text,
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    seq bigint NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT customer_name_check CHECK ((name <> ''::text))
);


--
-- Name: customer_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.customer ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.customer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: device_contact; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_contact (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    told_seq bigint NOT NULL,
    told_hash bytea NOT NULL,
    told_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    silent_since timestamp with time zone,
    CONSTRAINT device_contact_told_hash_check CHECK ((octet_length(told_hash) = 32)),
    CONSTRAINT device_contact_told_seq_check CHECK ((told_seq >= 0))
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
    customer_id uuid,
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
-- Name: seal_archive; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_archive (
    table_name text NOT NULL,
    partition_name text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    row_count bigint NOT NULL,
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    tree_size bigint NOT NULL,
    signature bytea NOT NULL,
    archived_at timestamp with time zone DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT seal_archive_check CHECK ((until_at > from_at)),
    CONSTRAINT seal_archive_file_sha256_check CHECK ((octet_length(file_sha256) = 32)),
    CONSTRAINT seal_archive_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT seal_archive_signature_check CHECK ((octet_length(signature) = 64))
);


--
-- Name: seal_canary; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_canary (
    only_row boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seal_canary_number_check CHECK ((number >= 0)),
    CONSTRAINT seal_canary_only_row_check CHECK (only_row)
);


--
-- Name: seal_catalogue; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_catalogue (
    digest bytea NOT NULL,
    items text NOT NULL,
    CONSTRAINT seal_catalogue_digest_check CHECK ((octet_length(digest) = 32))
);


--
-- Name: seal_head; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_head (
    number bigint NOT NULL,
    head bytea NOT NULL,
    signature bytea NOT NULL,
    hash bytea NOT NULL,
    tree_size bigint NOT NULL,
    edge bytea NOT NULL,
    watermark xid8 NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    catalogue bytea NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT seal_head_catalogue_check CHECK ((octet_length(catalogue) = 32)),
    CONSTRAINT seal_head_edge_check CHECK (((octet_length(edge) % 32) = 0)),
    CONSTRAINT seal_head_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT seal_head_number_check CHECK ((number >= 1)),
    CONSTRAINT seal_head_signature_check CHECK ((octet_length(signature) = 64)),
    CONSTRAINT seal_head_tree_size_check CHECK ((tree_size >= 0))
);


--
-- Name: seal_head_copy; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_head_copy (
    database text NOT NULL,
    number bigint NOT NULL,
    head bytea NOT NULL,
    signature bytea NOT NULL,
    hash bytea NOT NULL,
    leaves bytea NOT NULL,
    catalogue text,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seal_head_copy_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT seal_head_copy_number_check CHECK ((number >= 1)),
    CONSTRAINT seal_head_copy_signature_check CHECK ((octet_length(signature) = 64))
);
ALTER TABLE ONLY public.seal_head_copy ALTER COLUMN leaves SET STORAGE EXTERNAL;


--
-- Name: seal_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_key (
    database text NOT NULL,
    key_id text NOT NULL,
    public_key bytea NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seal_key_public_key_check CHECK ((octet_length(public_key) = 32))
);


--
-- Name: seal_leaves; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_leaves (
    number bigint NOT NULL,
    leaves bytea NOT NULL
);
ALTER TABLE ONLY public.seal_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL;


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
-- Name: sign_in_count; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sign_in_count (
    whose text NOT NULL,
    key text NOT NULL,
    mark text NOT NULL,
    failures integer NOT NULL,
    failed_at timestamp with time zone NOT NULL,
    failed_before timestamp with time zone,
    free_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_count_failures_check CHECK ((failures >= 0)),
    CONSTRAINT sign_in_count_key_check CHECK (((length(key) >= 1) AND (length(key) <= 80))),
    CONSTRAINT sign_in_count_whose_check CHECK ((whose = ANY (ARRAY['device'::text, 'cashier'::text])))
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
-- Name: audit_change audit_change_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_change
    ADD CONSTRAINT audit_change_pkey PRIMARY KEY (at, xid, id);


--
-- Name: audit_transaction audit_transaction_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_transaction
    ADD CONSTRAINT audit_transaction_pkey PRIMARY KEY (at, xid);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (customer_id);


--
-- Name: device_contact device_contact_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_contact
    ADD CONSTRAINT device_contact_pkey PRIMARY KEY (branch_id, device_id);


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
-- Name: seal_archive seal_archive_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_archive
    ADD CONSTRAINT seal_archive_pkey PRIMARY KEY (table_name, partition_name);


--
-- Name: seal_canary seal_canary_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_canary
    ADD CONSTRAINT seal_canary_pkey PRIMARY KEY (only_row);


--
-- Name: seal_catalogue seal_catalogue_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_catalogue
    ADD CONSTRAINT seal_catalogue_pkey PRIMARY KEY (digest);


--
-- Name: seal_head_copy seal_head_copy_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_head_copy
    ADD CONSTRAINT seal_head_copy_pkey PRIMARY KEY (database, number);


--
-- Name: seal_head seal_head_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_head
    ADD CONSTRAINT seal_head_pkey PRIMARY KEY (number);


--
-- Name: seal_key seal_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_key
    ADD CONSTRAINT seal_key_pkey PRIMARY KEY (database, key_id);


--
-- Name: seal_leaves seal_leaves_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_leaves
    ADD CONSTRAINT seal_leaves_pkey PRIMARY KEY (number);


--
-- Name: shift shift_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shift
    ADD CONSTRAINT shift_pkey PRIMARY KEY (branch_id, device_id, shift_id);


--
-- Name: sign_in_count sign_in_count_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in_count
    ADD CONSTRAINT sign_in_count_pkey PRIMARY KEY (whose, key);


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
-- Name: audit_change_what; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_change_what ON ONLY public.audit_change USING brin (table_name text_bloom_ops, ((key)::text) text_bloom_ops) WITH (pages_per_range='32');


--
-- Name: audit_change_xid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_change_xid ON ONLY public.audit_change USING btree (xid);


--
-- Name: audit_transaction_who; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_transaction_who ON ONLY public.audit_transaction USING brin (actor_id text_bloom_ops, actor_name text_bloom_ops, device_id int4_bloom_ops, actor_ip, client_addr) WITH (pages_per_range='32');


--
-- Name: audit_transaction_xid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_transaction_xid ON ONLY public.audit_transaction USING btree (xid);


--
-- Name: customer_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX customer_feed ON public.customer USING btree (xid, id);


--
-- Name: opened_case_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX opened_case_feed ON public.opened_case USING btree (xid, id);


--
-- Name: push_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX push_feed ON public.push USING btree (xid);


--
-- Name: reference_cashier_code; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reference_cashier_code ON public.reference USING btree (((payload ->> 'code'::text))) WHERE (kind = 'cashier'::text);


--
-- Name: reference_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reference_feed ON public.reference USING btree (xid, id);


--
-- Name: sale_original; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sale_original ON ONLY public.sale USING btree (original_branch_id, original_device_id, original_seq) WHERE (original_seq IS NOT NULL);


--
-- Name: seal_head_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX seal_head_feed ON public.seal_head USING btree (xid, number);


--
-- Name: shift_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX shift_feed ON public.shift USING btree (xid, id);


--
-- Name: audit_change append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_change FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.audit_change ENABLE ALWAYS TRIGGER append_only;


--
-- Name: audit_transaction append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_transaction FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.audit_transaction ENABLE ALWAYS TRIGGER append_only;


--
-- Name: device_journal append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.device_journal FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.device_journal ENABLE ALWAYS TRIGGER append_only;


--
-- Name: device_key append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.device_key FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.device_key ENABLE ALWAYS TRIGGER append_only;


--
-- Name: journal_fork append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.journal_fork FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.journal_fork ENABLE ALWAYS TRIGGER append_only;


--
-- Name: ledger_line append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_line FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.ledger_line ENABLE ALWAYS TRIGGER append_only;


--
-- Name: opened_case append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.opened_case FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.opened_case ENABLE ALWAYS TRIGGER append_only;


--
-- Name: push append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.push FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.push ENABLE ALWAYS TRIGGER append_only;


--
-- Name: reference_history append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.reference_history FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.reference_history ENABLE ALWAYS TRIGGER append_only;


--
-- Name: sale append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.sale FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.sale ENABLE ALWAYS TRIGGER append_only;


--
-- Name: sale_line append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.sale_line FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.sale_line ENABLE ALWAYS TRIGGER append_only;


--
-- Name: sale_payment append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.sale_payment FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.sale_payment ENABLE ALWAYS TRIGGER append_only;


--
-- Name: schema_migration append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.schema_migration FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.schema_migration ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_archive append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_archive FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_archive ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_catalogue append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_catalogue FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_catalogue ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_head append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_head FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_head ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_head_copy append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_head_copy FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_head_copy ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_key append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_key FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_key ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_leaves append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_leaves FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_leaves ENABLE ALWAYS TRIGGER append_only;


--
-- Name: stock_adjustment append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.stock_adjustment FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.stock_adjustment ENABLE ALWAYS TRIGGER append_only;


--
-- Name: till_event append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.till_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.till_event ENABLE ALWAYS TRIGGER append_only;


--
-- Name: account_balance audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.account_balance REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.account_balance ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: customer audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.customer REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push', 'name', 'phone', 'email', 'vat_number', 'note');

ALTER TABLE public.customer ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: device_contact audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.device_contact REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('begin_session,note_contacts,note_silent_tills');

ALTER TABLE public.device_contact ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: device_head audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.device_head REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push,begin_session,note_silent_tills');

ALTER TABLE public.device_head ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: feed_cursor audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.feed_cursor REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('apply_reference');

ALTER TABLE public.feed_cursor ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: reference audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.reference REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('apply_reference', 'payload.pin_hash');

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: seal_canary audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.seal_canary REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: shift audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.shift REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.shift ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: sign_in_count audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.sign_in_count REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('begin_sign_in,end_sign_in', 'mark');

ALTER TABLE public.sign_in_count ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: stock_balance audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.stock_balance REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.stock_balance ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: account_balance audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.account_balance REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.account_balance ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: customer audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.customer REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push', 'name', 'phone', 'email', 'vat_number', 'note');

ALTER TABLE public.customer ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: device_contact audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.device_contact REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('begin_session,note_contacts,note_silent_tills');

ALTER TABLE public.device_contact ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: device_head audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.device_head REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push,begin_session,note_silent_tills');

ALTER TABLE public.device_head ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: feed_cursor audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.feed_cursor REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('apply_reference');

ALTER TABLE public.feed_cursor ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: reference audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.reference REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('apply_reference', 'payload.pin_hash');

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: seal_canary audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.seal_canary REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: shift audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.shift REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.shift ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: sign_in_count audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.sign_in_count REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('begin_sign_in,end_sign_in', 'mark');

ALTER TABLE public.sign_in_count ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: stock_balance audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.stock_balance REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.stock_balance ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: account_balance audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.account_balance REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.account_balance ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: customer audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.customer REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push', 'name', 'phone', 'email', 'vat_number', 'note');

ALTER TABLE public.customer ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: device_contact audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.device_contact REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('begin_session,note_contacts,note_silent_tills');

ALTER TABLE public.device_contact ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: device_head audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.device_head REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push,begin_session,note_silent_tills');

ALTER TABLE public.device_head ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: feed_cursor audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.feed_cursor REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('apply_reference');

ALTER TABLE public.feed_cursor ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: reference audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.reference REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('apply_reference', 'payload.pin_hash');

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: seal_canary audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.seal_canary REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: shift audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.shift REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.shift ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: sign_in_count audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.sign_in_count REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('begin_sign_in,end_sign_in', 'mark');

ALTER TABLE public.sign_in_count ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: stock_balance audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.stock_balance REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('ingest_push');

ALTER TABLE public.stock_balance ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: ledger_line ledger_balanced; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER ledger_balanced AFTER INSERT ON public.ledger_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_unbalanced();


--
-- Name: account_balance refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.account_balance FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.account_balance ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: customer refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.customer FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.customer ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: device_contact refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.device_contact FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.device_contact ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: device_head refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.device_head FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.device_head ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: feed_cursor refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.feed_cursor FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.feed_cursor ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: reference refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.reference FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: seal_canary refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.seal_canary FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: shift refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.shift FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.shift ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: sign_in_count refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.sign_in_count FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.sign_in_count ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: stock_balance refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.stock_balance FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.stock_balance ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: seal_leaves seal_leaves_number_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_leaves
    ADD CONSTRAINT seal_leaves_number_fkey FOREIGN KEY (number) REFERENCES public.seal_head(number);


--
-- Name: PROCEDURE append_only(IN p_table regclass); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.append_only(IN p_table regclass) FROM PUBLIC;


--
-- Name: FUNCTION apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text, p_more boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text, p_more boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.apply_reference(p_feed text, p_from_xid xid8, p_from_id bigint, p_to_xid xid8, p_to_id bigint, p_rows jsonb, p_mark text, p_more boolean) TO octonext_app;


--
-- Name: FUNCTION archive_month(p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint, p_transactions_signature bytea, p_changes_signature bytea); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.archive_month(p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint, p_transactions_signature bytea, p_changes_signature bytea) FROM PUBLIC;


--
-- Name: PROCEDURE audit_by(IN p_table regclass, IN p_function regproc, IN p_arguments text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.audit_by(IN p_table regclass, IN p_function regproc, IN p_arguments text[]) FROM PUBLIC;


--
-- Name: FUNCTION audit_event(p_kind text, p_detail jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_event(p_kind text, p_detail jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_event(p_kind text, p_detail jsonb) TO octonext_app;


--
-- Name: PROCEDURE audit_kept_table(IN p_table regclass, IN p_functions text[], VARIADIC p_secrets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.audit_kept_table(IN p_table regclass, IN p_functions text[], VARIADIC p_secrets text[]) FROM PUBLIC;


--
-- Name: FUNCTION audit_rows(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_rows() FROM PUBLIC;


--
-- Name: FUNCTION audit_rows_unless_kept(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_rows_unless_kept() FROM PUBLIC;


--
-- Name: FUNCTION audit_statement(p_table regclass, p_operation text, p_secrets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_statement(p_table regclass, p_operation text, p_secrets text[]) FROM PUBLIC;


--
-- Name: PROCEDURE audit_table(IN p_table regclass, VARIADIC p_secrets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.audit_table(IN p_table regclass, VARIADIC p_secrets text[]) FROM PUBLIC;


--
-- Name: FUNCTION audit_who(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_who() FROM PUBLIC;


--
-- Name: FUNCTION begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint, p_actor text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint, p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.begin_session(p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint, p_actor text) TO octonext_app;


--
-- Name: FUNCTION begin_sign_in(p_branch integer, p_device integer, p_epoch bigint, p_code text, p_cashier_free integer, p_cashier_most integer, p_device_free integer, p_device_most integer, p_first interval, p_longest interval, p_locked interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.begin_sign_in(p_branch integer, p_device integer, p_epoch bigint, p_code text, p_cashier_free integer, p_cashier_most integer, p_device_free integer, p_device_most integer, p_first interval, p_longest interval, p_locked interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.begin_sign_in(p_branch integer, p_device integer, p_epoch bigint, p_code text, p_cashier_free integer, p_cashier_most integer, p_device_free integer, p_device_most integer, p_first interval, p_longest interval, p_locked interval) TO octonext_app;


--
-- Name: FUNCTION end_sign_in(p_branch integer, p_device integer, p_code text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.end_sign_in(p_branch integer, p_device integer, p_code text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.end_sign_in(p_branch integer, p_device integer, p_code text) TO octonext_app;


--
-- Name: FUNCTION ensure_month_partitions(p_from date, p_months integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ensure_month_partitions(p_from date, p_months integer) FROM PUBLIC;


--
-- Name: FUNCTION find_exchange_cases(p_branch integer, p_device integer, p_head bigint, p_payments public.pushed_payment[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.find_exchange_cases(p_branch integer, p_device integer, p_head bigint, p_payments public.pushed_payment[]) FROM PUBLIC;


--
-- Name: FUNCTION find_return_cases(p_branch integer, p_device integer, p_head bigint, p_sales public.pushed_sale[], p_shard_branches integer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.find_return_cases(p_branch integer, p_device integer, p_head bigint, p_sales public.pushed_sale[], p_shard_branches integer[]) FROM PUBLIC;


--
-- Name: FUNCTION find_shift_cases(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_ledger public.pushed_ledger[], p_shifts public.pushed_shift[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.find_shift_cases(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_ledger public.pushed_ledger[], p_shifts public.pushed_shift[]) FROM PUBLIC;


--
-- Name: FUNCTION ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_customers public.pushed_customer[], p_cases public.found_case[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_customers public.pushed_customer[], p_cases public.found_case[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ingest_push(p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea, p_currency text, p_time_zone text, p_shard_branches integer[], p_keys public.pushed_key[], p_entries public.pushed_entry[], p_sales public.pushed_sale[], p_lines public.pushed_line[], p_payments public.pushed_payment[], p_ledger public.pushed_ledger[], p_adjustments public.pushed_adjustment[], p_counts public.pushed_count[], p_shifts public.pushed_shift[], p_customers public.pushed_customer[], p_cases public.found_case[]) TO octonext_app;


--
-- Name: FUNCTION ledger_refuse_unbalanced(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_refuse_unbalanced() FROM PUBLIC;


--
-- Name: FUNCTION note_contacts(p_branches integer[], p_devices integer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.note_contacts(p_branches integer[], p_devices integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.note_contacts(p_branches integer[], p_devices integer[]) TO octonext_app;


--
-- Name: FUNCTION note_hello(p_branch integer, p_device integer, p_seq bigint, p_hash bytea); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.note_hello(p_branch integer, p_device integer, p_seq bigint, p_hash bytea) FROM PUBLIC;


--
-- Name: FUNCTION note_rescue(p_branch integer, p_device integer, p_first bigint, p_last bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.note_rescue(p_branch integer, p_device integer, p_first bigint, p_last bigint) FROM PUBLIC;


--
-- Name: FUNCTION note_silent_tills(p_backlog interval, p_shift interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.note_silent_tills(p_backlog interval, p_shift interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.note_silent_tills(p_backlog interval, p_shift interval) TO octonext_app;


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
-- Name: FUNCTION refuse_rewrite(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_rewrite() FROM PUBLIC;


--
-- Name: FUNCTION refuse_unrecorded_truncate(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_unrecorded_truncate() FROM PUBLIC;


--
-- Name: FUNCTION rescued_clock(p_branch integer, p_device integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.rescued_clock(p_branch integer, p_device integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rescued_clock(p_branch integer, p_device integer) TO octonext_app;


--
-- Name: FUNCTION save_customers(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_customers public.pushed_customer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.save_customers(p_branch integer, p_device integer, p_head bigint, p_entries public.pushed_entry[], p_customers public.pushed_customer[]) FROM PUBLIC;


--
-- Name: FUNCTION sign_in_key(p_branch integer, p_code text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.sign_in_key(p_branch integer, p_code text) FROM PUBLIC;


--
-- Name: FUNCTION sign_in_wait(p_failures integer, p_free integer, p_most integer, p_first interval, p_longest interval, p_locked interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.sign_in_wait(p_failures integer, p_free integer, p_most integer, p_first interval, p_longest interval, p_locked interval) FROM PUBLIC;


--
-- Name: FUNCTION silent_tills(p_backlog interval, p_shift interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.silent_tills(p_backlog interval, p_shift interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.silent_tills(p_backlog interval, p_shift interval) TO octonext_app;


--
-- Name: TABLE account_balance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.account_balance TO octonext_app;


--
-- Name: TABLE audit_change; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_change TO octonext_app;


--
-- Name: TABLE audit_coverage; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_coverage TO octonext_app;


--
-- Name: TABLE audit_transaction; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_transaction TO octonext_app;


--
-- Name: TABLE customer; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.customer TO octonext_app;


--
-- Name: TABLE device_contact; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.device_contact TO octonext_app;


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
-- Name: TABLE seal_archive; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_archive TO octonext_app;


--
-- Name: TABLE seal_canary; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_canary TO octonext_app;


--
-- Name: TABLE seal_catalogue; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_catalogue TO octonext_app;


--
-- Name: TABLE seal_head; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_head TO octonext_app;


--
-- Name: TABLE seal_head_copy; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_head_copy TO octonext_app;


--
-- Name: TABLE seal_key; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_key TO octonext_app;


--
-- Name: TABLE seal_leaves; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_leaves TO octonext_app;


--
-- Name: COLUMN sign_in_count.whose; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(whose) ON TABLE public.sign_in_count TO octonext_app;


--
-- Name: COLUMN sign_in_count.key; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(key) ON TABLE public.sign_in_count TO octonext_app;


--
-- Name: COLUMN sign_in_count.failures; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(failures) ON TABLE public.sign_in_count TO octonext_app;


--
-- Name: COLUMN sign_in_count.failed_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(failed_at) ON TABLE public.sign_in_count TO octonext_app;


--
-- Name: COLUMN sign_in_count.free_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(free_at) ON TABLE public.sign_in_count TO octonext_app;


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
