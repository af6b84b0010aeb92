-- Debits and credits of each account, one row per branch and currency.
SELECT l.branch_id AS branch_id, b.code AS branch, account, currency, line_count, debit, credit
FROM (
  SELECT branch_id, account, currency, count() AS line_count, sum(x.debit) AS debit, sum(x.credit) AS credit
  FROM ledger AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY branch_id, account, currency
) AS l
LEFT JOIN branch AS b ON b.branch_id = l.branch_id
ORDER BY branch, branch_id, account, currency
LIMIT {limit:UInt32}
