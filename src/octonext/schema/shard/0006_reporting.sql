-- What may leave the shard for head office's reports. A column that no view selects cannot leave:
-- no names, phones, references of payments or free text. Every view is a feed, ordered by (xid, id).
--
-- Postings are found push by push, by their primary key. OFFSET 0 keeps it so: left to join as it
-- likes, a planner with old statistics reads a whole table for the last few rows.

CREATE VIEW reporting_sale AS
    SELECT p.xid, r.* FROM push p CROSS JOIN LATERAL (
        SELECT seq * 4096 AS id, branch_id, device_id, seq, kind, shift_id, cashier_id, occurred_at,
               till_at, posted_at, business_date, currency, total, net, tax, discount, rounding,
               line_count, original_branch_id, original_device_id, original_seq, foreign_original
          FROM sale t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.posted_at = p.posted_at
        OFFSET 0) r;

CREATE VIEW reporting_sale_line AS
    SELECT p.xid, r.* FROM push p CROSS JOIN LATERAL (
        SELECT seq * 4096 + line_no AS id, branch_id, device_id, seq, line_no, kind, business_date,
               occurred_at, product_id, quantity, unit_price, discount, net, tax, total, tax_code, currency
          FROM sale_line t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.posted_at = p.posted_at
        OFFSET 0) r;

CREATE VIEW reporting_payment AS
    SELECT p.xid, r.* FROM push p CROSS JOIN LATERAL (
        SELECT seq * 4096 + payment_no AS id, branch_id, device_id, seq, payment_no, business_date,
               occurred_at, tender, amount, currency
          FROM sale_payment t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.posted_at = p.posted_at
        OFFSET 0) r;

CREATE VIEW reporting_movement AS
    SELECT p.xid, r.* FROM push p CROSS JOIN LATERAL (
        SELECT seq * 4096 + line_no AS id, branch_id, device_id, seq, line_no, product_id, quantity,
               reason, occurred_at
          FROM stock_movement t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.posted_at = p.posted_at
        OFFSET 0) r;

CREATE VIEW reporting_ledger AS
    SELECT p.xid, r.* FROM push p CROSS JOIN LATERAL (
        SELECT seq * 4096 + line_no AS id, branch_id, device_id, seq, line_no, account, debit, credit,
               currency, business_date
          FROM ledger_line t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.posted_at = p.posted_at
        OFFSET 0) r;

CREATE VIEW reporting_device AS
    SELECT xid, id, branch_id, device_id, seq, encode(hash, 'hex') AS hash, till_at, received_at,
           clock_offset_ms, quarantined_count AS quarantined, case_count AS cases
      FROM device_head;

CREATE VIEW reporting_shift AS
    SELECT xid, id, branch_id, device_id, shift_id, cashier_id, opened_at, closed_at, opening_float,
           cash_expected, cash_counted, sale_count, sale_total, return_count, return_total, currency
      FROM shift;

GRANT SELECT ON reporting_sale, reporting_sale_line, reporting_payment, reporting_movement,
    reporting_ledger, reporting_device, reporting_shift TO octonext_app;
