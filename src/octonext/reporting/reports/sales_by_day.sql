-- Turnover of each business day, one row per currency.
SELECT business_date, currency, sumIf(receipts, kind = 'sale') AS sale_count, sumIf(receipts, kind = 'return') AS return_count,
         sumIf(x.total, kind = 'sale') AS sold, sumIf(x.total, kind = 'return') AS returned,
         sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax,
         sum(if(kind = 'return', -x.discount, x.discount)) AS discount, sum(x.rounding) AS rounding
FROM (
  SELECT business_date, currency, kind, count() AS receipts, sum(x.total) AS total, sum(x.net) AS net,
         sum(x.tax) AS tax, sum(x.discount) AS discount, sum(x.rounding) AS rounding
  FROM sale AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY business_date, currency, kind
) AS x
GROUP BY business_date, currency
ORDER BY business_date, currency
LIMIT {limit:UInt32}
