-- Turnover by the hour of the day on the branch's own wall clock, one row per currency.
SELECT toHour(occurred_local) AS hour, currency, countIf(kind = 'sale') AS sale_count, countIf(kind = 'return') AS return_count,
         sumIf(x.total, kind = 'sale') AS sold, sumIf(x.total, kind = 'return') AS returned,
         sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax,
         sum(x.discount) AS discount, sum(x.rounding) AS rounding
FROM sale AS x
WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
GROUP BY hour, currency
ORDER BY hour, currency
LIMIT {limit:UInt32}
