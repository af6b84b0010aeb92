-- What is on hand at each branch, as the sum of its movements, and its value at the region's cost,
-- rounded half away from zero. A product without a known cost has neither cost nor value. It is asked
-- for a few branches at a time, in their order.
SELECT m.branch_id AS branch_id, b.code AS branch, m.product_id AS product_id, p.sku AS sku,
       p.name_en AS name_en, p.name_ar AS name_ar, p.unit AS unit, m.quantity AS on_hand,
       k.currency AS currency,
       if(k.currency = '', NULL, k.cost) AS cost,
       if(k.currency = '', NULL,
          toInt64(sign(m.quantity)
                  * intDiv(toInt128(abs(m.quantity)) * k.cost + 500, toInt128(1000)))) AS value
FROM (
  SELECT branch_id, product_id, sum(x.quantity) AS quantity
  FROM movement AS x
  WHERE branch_id IN {branches:Array(Int32)}
  GROUP BY branch_id, product_id
) AS m
LEFT JOIN branch AS b ON b.branch_id = m.branch_id
LEFT JOIN product AS p ON p.product_id = m.product_id
LEFT JOIN (
  SELECT region_id, product_id, cost, currency FROM cost
  WHERE region_id IN (SELECT region_id FROM branch WHERE branch_id IN {branches:Array(Int32)})
) AS k ON k.region_id = b.region_id AND k.product_id = m.product_id
ORDER BY branch, branch_id, sku, product_id
LIMIT {limit:UInt32}
