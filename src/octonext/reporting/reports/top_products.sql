-- What sells: by turnover less returns within each currency. A product that the catalogue does not
-- know keeps its id and has no name. What stands in for `ranked` is put together in `ranking`.
SELECT l.product_id AS product_id, p.sku AS sku, p.name_en AS name_en, p.name_ar AS name_ar,
       c.name_en AS category_en, c.name_ar AS category_ar, p.unit AS unit, l.currency AS currency,
       receipt_count, quantity, total, net, tax, rank
FROM (
  SELECT *, row_number() OVER (PARTITION BY currency ORDER BY total DESC, product_id) AS rank
  FROM (/* ranked */)
  ORDER BY rank, currency
  LIMIT {limit:UInt32}
) AS l
LEFT JOIN product AS p ON p.product_id = l.product_id
LEFT JOIN category AS c ON c.category_id = p.category_id
ORDER BY rank, currency
