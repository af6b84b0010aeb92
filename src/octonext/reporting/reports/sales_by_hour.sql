-- Turnover by the hour of the day on the branch's own wall clock, one row per currency. Whole months are
-- summed up already, the days before and after them are read as they are.
SELECT hour, currency, sumIf(receipts, kind = 'sale') AS sale_count, sumIf(receipts, kind = 'return') AS return_count,
         sumIf(x.total, kind = 'sale') AS sold, sumIf(x.total, kind = 'return') AS returned,
         sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax,
         sum(if(kind = 'return', -x.discount, x.discount)) AS discount, sum(x.rounding) AS rounding
FROM (
  SELECT toHour(occurred_local) AS hour, currency, kind, count() AS receipts, sum(x.total) AS total, sum(x.net) AS net,
         sum(x.tax) AS tax, sum(x.discount) AS discount, sum(x.rounding) AS rounding
  FROM sale AS x
  WHERE toYYYYMM(business_date) BETWEEN {first_month:UInt32} AND {last_month:UInt32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY hour, currency, kind
  UNION ALL
  SELECT toHour(occurred_local) AS hour, currency, kind, count() AS receipts, sum(x.total) AS total, sum(x.net) AS net,
         sum(x.tax) AS tax, sum(x.discount) AS discount, sum(x.rounding) AS rounding
  FROM sale AS x
  WHERE (business_date BETWEEN {head_from:Date32} AND {head_to:Date32}
         OR business_date BETWEEN {tail_from:Date32} AND {tail_to:Date32})
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY hour, currency, kind
) AS x
GROUP BY hour, currency
ORDER BY hour, currency
LIMIT {limit:UInt32}
