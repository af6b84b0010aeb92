-- What a shard holds, read for verification. Every statement spans the branches of
-- its database on purpose: the checks are about all of them, and each row names its branch.

-- name: prepare_session
-- Sorting postings by entry takes memory once; and a reader may think: it has no transaction id, so it
-- holds back no feed. No connection pooler is in between.
SET work_mem = '64MB';
SET idle_in_transaction_session_timeout = '10min';

-- name: snapshot
-- The size of the journal, for progress, in the snapshot that everything after it is read from.
SELECT count(*) FROM device_journal;

-- name: branches
-- The branches of this shard with what deriving their postings needs; no time zone, no branch.
SELECT key::integer AS branch_id, payload ->> 'shard_id' AS shard_id, payload ->> 'currency' AS currency,
       payload ->> 'time_zone' AS time_zone, payload ->> 'code' AS code
  FROM reference WHERE kind = 'branch' AND payload IS NOT NULL ORDER BY key::integer;

-- name: journal
-- Every entry in the order of its device.
SELECT branch_id, device_id, seq, hash, key_id, kind, bytes, outcome::text AS outcome, reason, received_at
  FROM device_journal ORDER BY branch_id, device_id, seq, received_at;

-- name: sales
-- Each sale or return as text, its columns joined; see domain/derivation.py, which makes the same text.
SELECT branch_id, device_id, seq, posted_at, 1 AS place, format(
           '%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', kind, shift_id, cashier_id,
           (extract(epoch FROM till_at) * 1000000)::bigint, currency, total, net, tax, discount, rounding,
           paid, line_count, original_branch_id, original_device_id, original_seq, foreign_original,
           customer_id) AS text
  FROM sale;

-- name: sale_lines
-- Each line of a receipt as text.
SELECT branch_id, device_id, seq, posted_at, line_no AS place, format(
           '%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', line_no, kind, product_id, quantity, unit_price,
           discount, net, tax, total, tax_code, rate_ppm, original_line, currency) AS text
  FROM sale_line;

-- name: sale_payments
-- Each payment as text.
SELECT branch_id, device_id, seq, posted_at, payment_no AS place, format(
           '%s|%s|%s|%s|%s|%s', payment_no, tender, amount, tendered, reference, currency) AS text
  FROM sale_payment;

-- name: sale_taxes
-- Each line of a tax block as text, ordered by code and rate.
SELECT branch_id, device_id, seq, posted_at,
       (tax_code || ' ' || lpad(rate_ppm::text, 7, '0')) COLLATE "C" AS place,
       format('%s|%s|%s|%s', tax_code, rate_ppm, net, tax) AS text
  FROM sale_tax;

-- name: stock_movements
-- Each stock movement as text; what a count moved depends on the book, so it is left out.
SELECT branch_id, device_id, seq, posted_at, line_no AS place, format(
           '%s|%s|%s|%s', line_no, product_id, CASE WHEN reason <> 'count' THEN quantity END, reason) AS text
  FROM stock_movement;

-- name: ledger_lines
-- Each ledger line as text.
SELECT branch_id, device_id, seq, posted_at, line_no AS place,
       format('%s|%s|%s|%s|%s', line_no, account, debit, credit, currency) AS text
  FROM ledger_line;

-- name: till_events
-- Each event as text, member by member.
SELECT branch_id, device_id, seq, posted_at, 1 AS place, format(
           '%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', kind, shift_id, cashier_id,
           (extract(epoch FROM till_at) * 1000000)::bigint, detail ->> 'scope', detail ->> 'amount',
           detail ->> 'product', detail ->> 'quantity', detail ->> 'price_before',
           detail ->> 'price_after', detail ->> 'approved_by', detail ->> 'reason',
           (detail -> 'receipt' ->> 'branch') || '-' || (detail -> 'receipt' ->> 'device') || '-'
               || (detail -> 'receipt' ->> 'seq'),
           (SELECT string_agg(format('%s/%s/%s/%s', d ->> 'line', d ->> 'discount', d ->> 'approved_by',
                                     d ->> 'reason'), '; ' ORDER BY n)
              FROM jsonb_array_elements(detail -> 'discounts') WITH ORDINALITY AS e (d, n))) AS text
  FROM till_event;

-- name: digests
-- One row per entry over the rows of one of the statements above, which stands in for {rows}.
SELECT branch_id, device_id, seq, count(*)::integer AS row_count,
       min(posted_at) AS first_posted, max(posted_at) AS last_posted,
       sha256(convert_to(string_agg(text, E'\n' ORDER BY place, text), 'UTF8')) AS digest
  FROM ({rows}) r
 GROUP BY branch_id, device_id, seq ORDER BY branch_id, device_id, seq;

-- name: rows_of_entry
-- The rows of one entry from one of the statements above: the evidence where a digest differs.
SELECT text FROM ({rows}) r WHERE branch_id = $1 AND device_id = $2 AND seq = $3 ORDER BY place, text;

-- name: shifts_of_device
-- The shifts of one device.
SELECT shift_id::text AS shift_id, format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', shift_id, currency,
           opened_at IS NOT NULL, closed_at IS NOT NULL, opening_float, cash_expected, cash_counted,
           sale_count, sale_total, return_count, return_total) AS text
  FROM shift WHERE branch_id = $1 AND device_id = $2;

-- name: shifts_without_entries
-- Shifts of devices that have no journal at all.
SELECT s.branch_id, s.device_id, NULL::bigint AS seq, format('shift %s has no entry', s.shift_id) AS what
  FROM shift s
 WHERE NOT EXISTS (SELECT FROM device_journal j WHERE j.branch_id = s.branch_id AND j.device_id = s.device_id);

-- name: journal_heads
-- Heads that are not the end of their journal, or count other than it holds.
SELECT branch_id, device_id, greatest(h.seq, j.seq) AS seq, format(
           'the head says entry %s with hash %s, the journal ends at %s with %s; quarantined %s and %s, cases %s and %s',
           h.seq, left(encode(h.hash, 'hex'), 8), coalesce(j.seq, 0),
           left(encode(coalesce(j.hash, decode(repeat('00', 32), 'hex')), 'hex'), 8),
           h.quarantined_count, coalesce(j.quarantined, 0), h.case_count, coalesce(c.opened, 0)) AS what
  FROM device_head h
  FULL JOIN (SELECT branch_id, device_id, max(seq) AS seq,
                    (array_agg(hash ORDER BY seq DESC))[1] AS hash,
                    count(*) FILTER (WHERE outcome = 'quarantined') AS quarantined
               FROM device_journal GROUP BY branch_id, device_id) j USING (branch_id, device_id)
  LEFT JOIN (SELECT branch_id, device_id, count(*) AS opened FROM opened_case
              GROUP BY branch_id, device_id) c USING (branch_id, device_id)
 WHERE h.seq IS DISTINCT FROM coalesce(j.seq, 0)
    OR h.hash IS DISTINCT FROM coalesce(j.hash, decode(repeat('00', 32), 'hex'))
    OR h.quarantined_count <> coalesce(j.quarantined, 0)
    OR h.case_count <> coalesce(c.opened, 0)
 ORDER BY branch_id, device_id;

-- name: journal_keys
-- Entries whose shift key, as the till wrapped it, is not kept.
SELECT j.branch_id, j.device_id, min(j.seq) AS seq, format('the shift key %s is not kept', j.key_id) AS what
  FROM device_journal j
  LEFT JOIN device_key k USING (branch_id, device_id, key_id)
 WHERE k.key_id IS NULL
 GROUP BY j.branch_id, j.device_id, j.key_id ORDER BY 1, 2, 3;

-- name: outcomes
-- Entries whose outcome is not what their cases say, and cases of entries that are not there.
SELECT branch_id, device_id, seq, format('outcome %s, cases %s',
           coalesce(j.outcome::text, 'none (no such entry)'), coalesce(c.kinds, 'none')) AS what
  FROM device_journal j
  FULL JOIN (SELECT branch_id, device_id, seq, string_agg(kind, ', ' ORDER BY kind) AS kinds,
                    bool_or(kind = 'quarantined') AS quarantined
               FROM opened_case
               WHERE kind NOT IN ('fork', 'shard_went_back', 'rescued_after_revocation', 'till_silent') GROUP BY branch_id, device_id, seq) c
       USING (branch_id, device_id, seq)
 WHERE CASE j.outcome WHEN 'posted' THEN c.kinds IS NOT NULL
                      WHEN 'posted_with_case' THEN c.kinds IS NULL OR c.quarantined
                      WHEN 'quarantined' THEN c.quarantined IS NOT TRUE
                      ELSE true END
 ORDER BY branch_id, device_id, seq;

-- name: forks
-- Kept forks that are no forks, or of which nobody was told.
SELECT f.branch_id, f.device_id, f.seq,
       CASE WHEN j.seq IS NOT NULL THEN 'kept as a fork, but the journal holds the same entry'
            ELSE 'a fork was kept without a case' END AS what
  FROM journal_fork f
  LEFT JOIN device_journal j USING (branch_id, device_id, seq, hash)
 WHERE j.seq IS NOT NULL
    OR NOT EXISTS (SELECT FROM opened_case c WHERE c.branch_id = f.branch_id
                      AND c.device_id = f.device_id AND c.kind = 'fork')
 ORDER BY 1, 2, 3;

-- name: receipt_sums
-- Receipts that are not the sum of their lines or of their taxes, or are not paid in full.
SELECT branch_id, device_id, seq, format(
           'total %s tax %s discount %s lines %s; lines come to %s, %s, %s, %s; taxes to %s, %s; due %s, paid %s',
           s.total, s.tax, s.discount, s.line_count, l.total, l.tax, l.discount, l.lines, t.total, t.tax,
           s.total + s.rounding, p.amount) AS what
  FROM sale s
  FULL JOIN (SELECT branch_id, device_id, seq, sum(total) AS total, sum(tax) AS tax,
                    sum(discount) AS discount, count(*) AS lines
               FROM sale_line GROUP BY branch_id, device_id, seq) l USING (branch_id, device_id, seq)
  FULL JOIN (SELECT branch_id, device_id, seq, sum(net + tax) AS total, sum(tax) AS tax
               FROM sale_tax GROUP BY branch_id, device_id, seq) t USING (branch_id, device_id, seq)
  FULL JOIN (SELECT branch_id, device_id, seq, sum(amount) AS amount
               FROM sale_payment GROUP BY branch_id, device_id, seq) p USING (branch_id, device_id, seq)
 WHERE (s.total, s.tax, s.discount, s.line_count) IS DISTINCT FROM (l.total, l.tax, l.discount, l.lines)
    OR (s.total, s.tax) IS DISTINCT FROM (t.total, t.tax)
    OR s.total + s.rounding IS DISTINCT FROM coalesce(p.amount, 0)
    OR s.paid IS DISTINCT FROM coalesce(p.amount, 0)
 ORDER BY branch_id, device_id, seq;

-- name: ledger_balanced
-- Entries whose debits are not their credits.
SELECT branch_id, device_id, seq, format('debit %s, credit %s %s', sum(debit), sum(credit), currency) AS what
  FROM ledger_line GROUP BY branch_id, device_id, seq, currency
HAVING sum(debit) <> sum(credit) ORDER BY branch_id, device_id, seq;

-- name: account_balances
-- Balances that are not the sums of their ledger lines.
SELECT branch_id, device_id, NULL::bigint AS seq, format(
           'account %s %s: balance %s debit %s credit, lines %s and %s', account, currency,
           b.debit, b.credit, l.debit, l.credit) AS what
  FROM account_balance b
  FULL JOIN (SELECT branch_id, device_id, account, currency, sum(debit) AS debit, sum(credit) AS credit
               FROM ledger_line GROUP BY branch_id, device_id, account, currency) l
       USING (branch_id, device_id, account, currency)
 WHERE (b.debit, b.credit) IS DISTINCT FROM (l.debit, l.credit)
 ORDER BY branch_id, device_id, account;

-- name: exchanges
-- Shifts in which what came back in exchange is not what went out for it. Half of an exchange may be all that
-- has arrived: then it is the till's last entry. And half of one may be quarantined, which is told elsewhere.
SELECT branch_id, device_id, max(seq) AS seq, format(
           'shift %s: exchanges leave %s %s', shift_id, sum(amount), currency) AS what
  FROM (SELECT p.branch_id, p.device_id, p.seq, s.shift_id, p.amount, p.currency,
               h.seq = p.seq AS is_last
          FROM sale_payment p
          JOIN sale s USING (branch_id, device_id, seq, posted_at)
          JOIN device_head h USING (branch_id, device_id)
         WHERE p.tender = 'exchange') e
 WHERE NOT EXISTS (SELECT FROM device_journal j
                    WHERE j.branch_id = e.branch_id AND j.device_id = e.device_id
                      AND j.seq IN (e.seq - 1, e.seq + 1) AND j.outcome = 'quarantined')
 GROUP BY branch_id, device_id, shift_id, currency
HAVING sum(amount) <> 0 AND coalesce(sum(amount) FILTER (WHERE NOT is_last), 0) <> 0
 ORDER BY branch_id, device_id, 3;

-- name: customers
-- Customers that are not what the entry says that they come from, or that no entry and no row knows.
WITH said AS (
    -- Null where PostgreSQL takes less than the protocol does, in members that nobody knows: a NUL, a huge number.
    SELECT j.branch_id, j.device_id, j.seq,
           CASE WHEN pg_input_is_valid(convert_from(j.bytes, 'UTF8'), 'jsonb')
                THEN convert_from(j.bytes, 'UTF8')::jsonb END AS entry
      FROM device_journal j WHERE j.kind = 'customer_saved' AND j.outcome <> 'quarantined'
)
SELECT coalesce(c.branch_id, s.branch_id) AS branch_id, coalesce(c.device_id, s.device_id) AS device_id,
       coalesce(c.seq, s.seq) AS seq,
       CASE WHEN s.seq IS NULL THEN 'a customer comes from an entry that saves none'
            WHEN c.seq IS NULL THEN 'an entry saves a customer who is not there'
            WHEN c.seq < s.seq THEN format('entry %s of the same till says something later', s.seq)
            ELSE 'a customer is not what the entry says' END AS what
  FROM said s
  FULL JOIN customer c ON c.customer_id = (s.entry ->> 'customer')::uuid
   AND (c.branch_id, c.device_id) = (s.branch_id, s.device_id)
 WHERE CASE WHEN c.seq IS NULL THEN s.entry IS NOT NULL AND NOT EXISTS (
                SELECT FROM customer o WHERE o.customer_id = (s.entry ->> 'customer')::uuid)
            WHEN s.seq IS NULL THEN NOT EXISTS (
                SELECT FROM said o WHERE (o.branch_id, o.device_id, o.seq) = (c.branch_id, c.device_id, c.seq)
                                     AND o.entry IS NULL)
            WHEN c.seq <> s.seq THEN c.seq < s.seq OR NOT EXISTS (
                SELECT FROM said o WHERE (o.branch_id, o.device_id, o.seq) = (c.branch_id, c.device_id, c.seq))
            ELSE (c.name, c.phone, c.email, c.vat_number, c.note) IS DISTINCT FROM
                 (s.entry ->> 'name', s.entry ->> 'phone', s.entry ->> 'email', s.entry ->> 'vat_number',
                  s.entry ->> 'note') END
 ORDER BY 1, 2, 3;

-- name: stock_balances
-- Stock on hand that is not the sum of its movements.
SELECT branch_id, NULL::integer AS device_id, NULL::bigint AS seq, format(
           'product %s: on hand %s, movements come to %s', product_id, b.on_hand, m.quantity) AS what
  FROM stock_balance b
  FULL JOIN (SELECT branch_id, product_id, sum(quantity) AS quantity
               FROM stock_movement GROUP BY branch_id, product_id) m USING (branch_id, product_id)
 WHERE b.on_hand IS DISTINCT FROM coalesce(m.quantity, 0)
 ORDER BY branch_id, product_id;

-- name: till_clocks
-- Money that lies in the future or on another day than its own time, and sales refused for their time.
-- A minute is what the clocks of a gateway and of this shard may be apart.
WITH branch AS (
    SELECT key::integer AS branch_id, payload ->> 'time_zone' AS time_zone FROM reference
     WHERE kind = 'branch' AND payload IS NOT NULL
)
SELECT s.branch_id, s.device_id, s.seq, format('happened %s, booked %s, business day %s',
           s.occurred_at, s.posted_at, s.business_date) AS what
  FROM sale s JOIN branch b USING (branch_id)
 WHERE s.occurred_at > s.posted_at + interval '1 minute'
    OR s.business_date <> (s.occurred_at AT TIME ZONE b.time_zone)::date
UNION ALL
SELECT l.branch_id, l.device_id, l.seq, format('line %s is of another time than its receipt', l.line_no)
  FROM sale_line l JOIN sale s USING (branch_id, device_id, seq)
 WHERE (l.occurred_at, l.business_date) <> (s.occurred_at, s.business_date)
UNION ALL
SELECT p.branch_id, p.device_id, p.seq, format('payment %s is of another time than its receipt', p.payment_no)
  FROM sale_payment p JOIN sale s USING (branch_id, device_id, seq)
 WHERE (p.occurred_at, p.business_date) <> (s.occurred_at, s.business_date)
UNION ALL
SELECT l.branch_id, l.device_id, l.seq, format('ledger line %s is of another day than its receipt', l.line_no)
  FROM ledger_line l JOIN sale s USING (branch_id, device_id, seq)
 WHERE l.business_date <> s.business_date
UNION ALL
-- 22007 and 22008: a time that PostgreSQL does not take
SELECT branch_id, device_id, seq, 'quarantined for its time: ' || reason
  FROM device_journal
 WHERE reason LIKE 'not\_bookable: 22007%' OR reason LIKE 'not\_bookable: 22008%'
ORDER BY 1, 2, 3;

-- name: counts
-- How many things each kind of check looks at.
SELECT (SELECT count(*) FROM device_head) AS devices,
       (SELECT count(*) FROM device_key) AS keys,
       (SELECT count(*) FROM device_journal) AS entries,
       (SELECT count(*) FROM journal_fork) AS forks,
       (SELECT count(*) FROM sale) AS sales,
       (SELECT count(*) FROM account_balance) AS accounts,
       (SELECT count(*) FROM stock_balance) AS stocks,
       (SELECT count(*) FROM sale_payment WHERE tender = 'exchange') AS exchanges,
       (SELECT count(*) FROM customer) AS customers,
       (SELECT count(DISTINCT (branch_id, device_id, seq)) FROM ledger_line) AS ledger_entries;

-- name: entries_by_outcome
-- What became of the entries; no fault, but good to know.
SELECT outcome::text AS name, count(*) AS count FROM device_journal GROUP BY outcome ORDER BY outcome;

-- name: cases_by_kind
-- What waits for somebody: forks, quarantined entries, and everything else that was booked with a case.
SELECT kind AS name, count(*) AS count FROM opened_case GROUP BY kind ORDER BY kind;

-- name: feed_positions
-- The end of every feed that reporting reads.
SELECT (SELECT xid::text || '.' || id FROM reporting_sale ORDER BY xid DESC, id DESC LIMIT 1) AS sale,
       (SELECT xid::text || '.' || id FROM reporting_sale_line ORDER BY xid DESC, id DESC LIMIT 1) AS sale_line,
       (SELECT xid::text || '.' || id FROM reporting_payment ORDER BY xid DESC, id DESC LIMIT 1) AS payment,
       (SELECT xid::text || '.' || id FROM reporting_movement ORDER BY xid DESC, id DESC LIMIT 1) AS movement,
       (SELECT xid::text || '.' || id FROM reporting_ledger ORDER BY xid DESC, id DESC LIMIT 1) AS ledger,
       (SELECT xid::text || '.' || id FROM reporting_device ORDER BY xid DESC, id DESC LIMIT 1) AS device,
       (SELECT xid::text || '.' || id FROM reporting_shift ORDER BY xid DESC, id DESC LIMIT 1) AS shift;

-- name: lines_behind
-- How many receipt lines reporting does not have yet.
SELECT count(*) FROM reporting_sale_line
 WHERE xid >= $1::text::xid8 AND (xid, id) > ($1::text::xid8, $2::bigint);

-- name: totals
-- What the report `totals` must say of this shard.
SELECT branch_id, currency,
       sum(sales) AS sale_count, sum(returns) AS return_count, sum(lines) AS line_count,
       sum(quantity) AS quantity, sum(total) AS total, sum(net) AS net, sum(tax) AS tax,
       sum(discount) AS discount, sum(rounding) AS rounding, sum(line_total) AS line_total,
       sum(line_tax) AS line_tax, sum(payments) AS payment_count, sum(paid) AS paid,
       sum(ledger_lines) AS ledger_line_count, sum(debit) AS debit, sum(credit) AS credit
  FROM (SELECT branch_id, currency, count(*) FILTER (WHERE kind = 'sale') AS sales,
               count(*) FILTER (WHERE kind = 'return') AS returns, 0 AS lines, 0 AS quantity,
               sum(total) AS total, sum(net) AS net, sum(tax) AS tax,
               sum(CASE kind WHEN 'return' THEN -discount ELSE discount END) AS discount,
               sum(rounding) AS rounding, 0 AS line_total, 0 AS line_tax, 0 AS payments, 0 AS paid,
               0 AS ledger_lines, 0 AS debit, 0 AS credit
          FROM sale GROUP BY branch_id, currency
        UNION ALL
        SELECT branch_id, currency, 0, 0, count(*), sum(quantity), 0, 0, 0, 0, 0, sum(total), sum(tax),
               0, 0, 0, 0, 0
          FROM sale_line GROUP BY branch_id, currency
        UNION ALL
        SELECT branch_id, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), sum(amount), 0, 0, 0
          FROM sale_payment GROUP BY branch_id, currency
        UNION ALL
        SELECT branch_id, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), sum(debit), sum(credit)
          FROM ledger_line GROUP BY branch_id, currency) t
 GROUP BY branch_id, currency ORDER BY branch_id, currency;

-- name: payments
-- What the report `payment-mix` must say of this shard.
SELECT tender, currency, count(*) AS payment_count,
       coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS received,
       coalesce(sum(amount) FILTER (WHERE amount < 0), 0) AS refunded, sum(amount) AS amount
  FROM sale_payment GROUP BY tender, currency ORDER BY tender, currency;

-- name: taxes
-- What the report `tax` must say of this shard, without the region's name.
SELECT tax_code, currency, count(*) AS line_count, sum(net) AS net, sum(tax) AS tax, sum(total) AS total
  FROM sale_line GROUP BY tax_code, currency ORDER BY tax_code, currency;

-- name: accounts
-- What the report `ledger` must say of this shard.
SELECT branch_id, account, currency, count(*) AS line_count, sum(debit) AS debit, sum(credit) AS credit
  FROM ledger_line GROUP BY branch_id, account, currency ORDER BY branch_id, account, currency;

-- name: stock
-- What the report `stock` must say of a branch.
SELECT product_id::text AS product_id, sum(quantity) AS on_hand
  FROM stock_movement WHERE branch_id = $1 GROUP BY product_id ORDER BY product_id;

-- name: movements
-- What the report `stock-totals` must say of this shard.
SELECT branch_id, reason, count(*) AS movement_count, sum(quantity) AS quantity
  FROM stock_movement GROUP BY branch_id, reason ORDER BY branch_id, reason;

-- name: tills
-- What the report `till-health` must say of this shard's tills.
SELECT branch_id, device_id, seq AS head_seq, encode(hash, 'hex') AS head_hash,
       quarantined_count, case_count
  FROM device_head ORDER BY branch_id, device_id;
