-- Tax collected less tax given back by region and tax code, from the lines of the receipts.
SELECT r.code AS region, l.tax_code AS tax_code, l.currency AS currency,
       sum(l.line_count) AS line_count, sum(l.net) AS net, sum(l.tax) AS tax, sum(l.total) AS total
FROM (
  SELECT branch_id, tax_code, currency, count() AS line_count,
         sum(x.net) AS net, sum(x.tax) AS tax, sum(x.total) AS total
  FROM sale_line AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY branch_id, tax_code, currency
) AS l
LEFT JOIN branch AS b ON b.branch_id = l.branch_id
LEFT JOIN region AS r ON r.region_id = b.region_id
GROUP BY region, l.tax_code, l.currency
ORDER BY region, tax_code, currency
LIMIT {limit:UInt32}
