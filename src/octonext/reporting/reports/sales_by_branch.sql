-- Turnover of each branch; a branch that sold in two currencies has two rows. What a return takes back
-- of a discount is no longer one.
SELECT s.branch_id AS branch_id, b.code AS branch, b.name_en AS name_en, b.name_ar AS name_ar,
       r.code AS region, s.currency AS currency, sale_count, return_count, sold, returned,
       total, net, tax, discount, rounding
FROM (
  SELECT branch_id, currency, sumIf(receipts, kind = 'sale') AS sale_count, sumIf(receipts, kind = 'return') AS return_count,
         sumIf(x.total, kind = 'sale') AS sold, sumIf(x.total, kind = 'return') AS returned,
         sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax,
         sum(if(kind = 'return', -x.discount, x.discount)) AS discount, sum(x.rounding) AS rounding
  FROM (
    SELECT branch_id, currency, kind, count() AS receipts, sum(x.total) AS total, sum(x.net) AS net,
           sum(x.tax) AS tax, sum(x.discount) AS discount, sum(x.rounding) AS rounding
    FROM sale AS x
    WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
      AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
    GROUP BY branch_id, currency, kind
  ) AS x
  GROUP BY branch_id, currency
) AS s
LEFT JOIN branch AS b ON b.branch_id = s.branch_id
LEFT JOIN region AS r ON r.region_id = b.region_id
ORDER BY region, branch, branch_id, currency
LIMIT {limit:UInt32}
