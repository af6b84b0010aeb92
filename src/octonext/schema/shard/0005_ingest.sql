-- The one function that books a push: all entries of one till, one transaction, one statement per
-- table. What depends on the shard's state is decided here, under the lock of the till's head row.

-- Keeps the entries of a fork, and the keys to read them, beside the journal and opens a case; the
-- till's own history stands.
CREATE FUNCTION record_fork(
    p_branch integer, p_device integer, p_prev bytea, p_keys pushed_key[], p_entries pushed_entry[],
    p_detail text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Books stock counts: the shelf is right, so each count moves the book by what it differs from the
-- book at its own place in the push. Returns nothing; movements carry the reason 'count'.
CREATE FUNCTION post_counts(
    p_branch integer, p_device integer, p_head bigint, p_counts pushed_count[],
    p_entries pushed_entry[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Books what the rows of a push say by themselves: receipts, ledger, events, and the running totals that
-- belong to the till alone. Returns nothing.
--
-- Every join in here is of two arrays of one push. PostgreSQL expects ten elements in any array and would
-- compare each line with each entry; with a push of 128 that was a tenth of its time.
CREATE FUNCTION post_entries(
    p_branch integer, p_device integer, p_head bigint, p_currency text, p_time_zone text,
    p_shard_branches integer[], p_entries pushed_entry[], p_sales pushed_sale[], p_lines pushed_line[],
    p_payments pushed_payment[], p_ledger pushed_ledger[], p_adjustments pushed_adjustment[],
    p_shifts pushed_shift[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = off AS $$
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

-- Moves the stock on hand by what this push sold, took back, adjusted and counted. Rows of products are
-- what tills of one branch wait for each other at: this comes last, so that they wait for a commit only.
CREATE FUNCTION post_stock(
    p_branch integer, p_device integer, p_head bigint, p_entries pushed_entry[], p_lines pushed_line[],
    p_adjustments pushed_adjustment[], p_counts pushed_count[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Books one push. See the types of `pushed_…`; arrays hold only what the domain made of the entries, with
-- signs set (a return is negative). Every array may hold entries that the shard already has: what is
-- at or below the head is skipped everywhere and answered with its first outcome.
--
-- p_epoch: the till's connection; null when another till hands the journal over, which fences nobody and is
-- fenced by nobody: both may push the same entries at once, and the second one finds them here.
CREATE FUNCTION ingest_push(
    p_branch integer, p_device integer, p_epoch bigint, p_first bigint, p_prev bytea,
    p_currency text, p_time_zone text, p_shard_branches integer[],
    p_keys pushed_key[], p_entries pushed_entry[], p_sales pushed_sale[], p_lines pushed_line[],
    p_payments pushed_payment[], p_ledger pushed_ledger[], p_adjustments pushed_adjustment[],
    p_counts pushed_count[], p_shifts pushed_shift[], p_customers pushed_customer[], p_cases found_case[]
) RETURNS push_result
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM public;
GRANT EXECUTE ON FUNCTION
    apply_reference(text, xid8, bigint, xid8, bigint, jsonb, text, boolean),
    begin_session(integer, integer, bigint, bytea, text, bigint, text),
    open_went_back_case(integer, integer, bigint, jsonb),
    ingest_push(integer, integer, bigint, bigint, bytea, text, text, integer[], pushed_key[],
                pushed_entry[], pushed_sale[], pushed_line[], pushed_payment[], pushed_ledger[],
                pushed_adjustment[], pushed_count[], pushed_shift[], pushed_customer[],
                found_case[])
TO octonext_app;
