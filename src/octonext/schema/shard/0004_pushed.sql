-- A push as the gateway hands it over: decrypted, chain-checked and translated to rows
-- (octonext.sync.domain); and what of it somebody has to look at. What a push comes to must not depend on
-- where the till cut its journal: every case is judged as if its entry had come alone.

CREATE TYPE pushed_key AS (key_id text, wrapped bytea);
CREATE TYPE pushed_entry AS (
    seq bigint, hash bytea, key_id text, kind text, bytes bytea, ciphertext bytea, reason text,
    shift_id uuid, cashier_id uuid, till_at timestamptz, occurred_at timestamptz, hlc bigint,
    detail text
);
CREATE TYPE pushed_sale AS (
    seq bigint, kind sale_kind, total bigint, tax bigint, discount bigint, rounding bigint,
    paid bigint, line_count integer,
    original_branch_id integer, original_device_id integer, original_seq bigint, customer_id uuid
);
CREATE TYPE pushed_line AS (
    seq bigint, line_no integer, product_id uuid, quantity bigint, unit_price bigint,
    discount bigint, tax bigint, total bigint, tax_code text, rate_ppm integer, original_line integer
);
CREATE TYPE pushed_payment AS (
    seq bigint, payment_no integer, tender text, amount bigint, tendered bigint, reference text
);
CREATE TYPE pushed_ledger AS (seq bigint, line_no integer, account integer, debit bigint, credit bigint);
CREATE TYPE pushed_adjustment AS (
    seq bigint, line_no integer, product_id uuid, quantity bigint, reason text
);
CREATE TYPE pushed_count AS (seq bigint, line_no integer, product_id uuid, counted bigint);
CREATE TYPE pushed_shift AS (
    seq bigint, shift_id uuid, is_opening boolean, amount bigint, expected bigint
);
CREATE TYPE pushed_customer AS (
    seq bigint, customer_id uuid, name text, phone text, email text, vat_number text, note text
);
CREATE TYPE found_case AS (seq bigint, kind text, evidence text);

CREATE TYPE push_result AS (
    -- 'accepted', 'gap', 'fork', 'fenced' (another connection is newer), 'stale' (say hello again)
    status   text,
    head_seq bigint,
    head_hash bytea,
    outcomes entry_outcome[]
);

-- Returns the cases that this push's shifts call for, before anything of it is booked: a shift that
-- begins with something else than its opening, a drawer that must hold something else than the till says.
CREATE FUNCTION find_shift_cases(
    p_branch integer, p_device integer, p_head bigint, p_entries pushed_entry[], p_ledger pushed_ledger[],
    p_shifts pushed_shift[]
) RETURNS SETOF found_case
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Returns the cases that this push's returns call for: unknown receipt, more than was sold.
CREATE FUNCTION find_return_cases(
    p_branch integer, p_device integer, p_head bigint, p_sales pushed_sale[],
    p_shard_branches integer[]
) RETURNS SETOF found_case
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Returns the cases of this push's exchanges, once its receipts are booked: a sale paid by an exchange follows the
-- return whose money it takes, of the same amount, or goods have left for nothing. The entry before decides,
-- wherever a till cuts its journal into pushes.
CREATE FUNCTION find_exchange_cases(
    p_branch integer, p_device integer, p_head bigint, p_payments pushed_payment[]
) RETURNS SETOF found_case
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
