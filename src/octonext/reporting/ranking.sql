-- The pieces that products are ranked with, see `ranking`. Each is of one currency: to add up a tenth of
-- the pairs of product and currency ten times, by the product alone, takes less than half the time of
-- adding up all pairs at once. Years and months are summed up already for the whole chain.

-- name: currencies
-- The currencies that were sold in.
SELECT currency FROM sale_line
WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
  AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
GROUP BY currency ORDER BY currency;

-- name: newest_day
-- The last business day that anything was sold on.
SELECT max(business_date) FROM sale_line;

-- name: days
-- Some days, of some branches or all. Lines are sorted by week first, which has to be asked for as well:
-- it is not seen to follow from the days.
SELECT {currency:String} AS currency, product_id,
       countIf(first_of_product AND (kind = 'sale')) AS receipt_count, sum(x.quantity) AS quantity,
       sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax
FROM sale_line AS x
WHERE x.currency = {currency:String} AND business_date BETWEEN {first:Date32} AND {last:Date32}
  AND intDiv(toInt32(business_date) + 3, 7)
      BETWEEN intDiv(toInt32({first:Date32}) + 3, 7) AND intDiv(toInt32({last:Date32}) + 3, 7)
  AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
GROUP BY product_id;

-- name: few_days
-- A day or two in all currencies: these have so few lines that a piece for each currency costs more.
SELECT currency, product_id,
       countIf(first_of_product AND (kind = 'sale')) AS receipt_count, sum(x.quantity) AS quantity,
       sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax
FROM sale_line AS x
WHERE business_date BETWEEN {first_0:Date32} AND {last_0:Date32}
  AND intDiv(toInt32(business_date) + 3, 7)
      BETWEEN intDiv(toInt32({first_0:Date32}) + 3, 7) AND intDiv(toInt32({last_0:Date32}) + 3, 7)
  AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
GROUP BY currency, product_id;

-- name: months
-- Whole months of the chain.
SELECT {currency:String} AS currency, product_id,
       countIf(first_of_product AND (kind = 'sale')) AS receipt_count, sum(x.quantity) AS quantity,
       sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax
FROM sale_line AS x
WHERE x.currency = {currency:String}
  AND toYYYYMM(business_date) BETWEEN toYYYYMM({first:Date32}) AND toYYYYMM({last:Date32})
GROUP BY product_id;

-- name: years
-- Whole years of the chain.
SELECT {currency:String} AS currency, product_id,
       countIf(first_of_product AND (kind = 'sale')) AS receipt_count, sum(x.quantity) AS quantity,
       sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax
FROM sale_line AS x
WHERE x.currency = {currency:String}
  AND toYear(business_date) BETWEEN toYear({first:Date32}) AND toYear({last:Date32})
GROUP BY product_id;

-- name: several
-- Several of those together.
SELECT {currency:String} AS currency, product_id, sum(x.receipt_count) AS receipt_count,
       sum(x.quantity) AS quantity, sum(x.total) AS total, sum(x.net) AS net, sum(x.tax) AS tax
FROM (/* spans */) AS x
GROUP BY product_id;

-- name: best
-- No more of one currency than can be shown.
SELECT * FROM (/* sums */) ORDER BY total DESC, product_id LIMIT {limit:UInt32};
