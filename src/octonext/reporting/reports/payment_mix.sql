-- How customers paid: what was taken and what was paid back by each tender, one row per currency.
SELECT tender, currency, count() AS payment_count,
       sumIf(x.amount, x.amount > 0) AS received, sumIf(x.amount, x.amount < 0) AS refunded,
       sum(x.amount) AS amount
FROM payment AS x
WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
GROUP BY tender, currency
ORDER BY currency, amount DESC, tender
LIMIT {limit:UInt32}
