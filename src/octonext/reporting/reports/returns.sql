-- Returns of each branch: how many, worth what, and how many were of another branch's receipt, of
-- another shard's, or of none.
SELECT s.branch_id AS branch_id, b.code AS branch, b.name_en AS name_en, b.name_ar AS name_ar,
       s.currency AS currency, return_count, returned, tax_returned, sale_count, sold,
       other_branch_count, other_shard_count, without_receipt_count
FROM (
  SELECT branch_id, currency,
         sumIf(receipts, kind = 'return') AS return_count, sumIf(x.total, kind = 'return') AS returned,
         sumIf(x.tax, kind = 'return') AS tax_returned,
         sumIf(receipts, kind = 'sale') AS sale_count, sumIf(x.total, kind = 'sale') AS sold,
         sumIf(other_branch, kind = 'return') AS other_branch_count,
         sumIf(other_shard, kind = 'return') AS other_shard_count,
         sumIf(without_receipt, kind = 'return') AS without_receipt_count
  FROM (
    SELECT branch_id, currency, kind, count() AS receipts, sum(x.total) AS total, sum(x.tax) AS tax,
           countIf(isNotNull(original_branch_id) AND original_branch_id != branch_id) AS other_branch,
           countIf(foreign_original) AS other_shard, countIf(isNull(original_seq)) AS without_receipt
    FROM sale AS x
    WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
      AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
    GROUP BY branch_id, currency, kind
  ) AS x
  GROUP BY branch_id, currency
  HAVING return_count > 0
) AS s
LEFT JOIN branch AS b ON b.branch_id = s.branch_id
ORDER BY branch, branch_id, currency
LIMIT {limit:UInt32}
