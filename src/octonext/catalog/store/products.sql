-- The catalogue at head office. Products belong to every branch; price lists name region and branch.

-- name: upsert_products
-- Products by sku: null keeps what is there, or gives what a new product begins with.
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (
        product_id uuid, sku text, name_en text, name_ar text, unit text, category_id uuid,
        tax_class text, active boolean)
)
INSERT INTO product AS p (product_id, sku, name_en, name_ar, unit, category_id, tax_class, active)
SELECT coalesce(o.product_id, g.product_id), g.sku, g.name_en, coalesce(g.name_ar, o.name_ar, ''),
       coalesce(g.unit, o.unit, 'piece'), coalesce(g.category_id, o.category_id),
       coalesce(g.tax_class, o.tax_class, 'standard'), coalesce(g.active, o.active, true)
FROM given AS g LEFT JOIN product AS o ON o.sku = g.sku
ORDER BY g.sku
ON CONFLICT (sku) DO UPDATE
SET name_en = excluded.name_en, name_ar = excluded.name_ar, unit = excluded.unit,
    category_id = excluded.category_id, tax_class = excluded.tax_class, active = excluded.active
WHERE (p.name_en, p.name_ar, p.unit, p.category_id, p.tax_class, p.active)
      IS DISTINCT FROM (excluded.name_en, excluded.name_ar, excluded.unit, excluded.category_id,
                        excluded.tax_class, excluded.active)
RETURNING p.sku, xmax = 0 AS created;

-- name: remove_other_barcodes
-- Barcodes that a product no longer has: those not in the set given for it.
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (sku text, barcodes text[])
)
DELETE FROM barcode AS b USING given AS g, product AS p
WHERE p.sku = g.sku AND b.product_id = p.product_id AND b.barcode <> ALL (g.barcodes);

-- name: add_barcodes
-- Barcodes that a product has from now on. One that another product has is refused by its key.
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (sku text, barcode text, kind text)
)
INSERT INTO barcode (barcode, product_id, kind)
SELECT g.barcode, p.product_id, g.kind
FROM given AS g JOIN product AS p ON p.sku = g.sku
WHERE NOT EXISTS (SELECT FROM barcode AS b
                  WHERE b.barcode = g.barcode AND b.product_id = p.product_id)
ORDER BY g.barcode;

-- name: barcode_owners
-- Which product has a trade item number or an internal code already.
SELECT b.barcode, p.sku FROM barcode AS b JOIN product AS p USING (product_id)
WHERE b.barcode = ANY ($1::text[])
UNION
SELECT b.barcode, p.sku FROM barcode AS b JOIN product AS p USING (product_id)
WHERE b.kind <> 'internal' AND lpad(b.barcode, 14, '0') = ANY ($2::text[]);

-- name: known_categories
-- Which of these categories there are.
SELECT category_id FROM category WHERE category_id = ANY ($1::uuid[]);

-- name: products_by_sku
-- Which of these products there are.
SELECT sku, product_id FROM product WHERE sku = ANY ($1::text[]);

-- name: get_product
-- One product with its barcodes.
SELECT p.product_id, p.sku, p.name_en, p.name_ar, p.unit, p.category_id, p.tax_class, p.active,
       ARRAY (SELECT b.barcode FROM barcode AS b WHERE b.product_id = p.product_id
              ORDER BY b.barcode) AS barcodes
FROM product AS p WHERE p.product_id = $1;

-- name: get_product_by_sku
-- One product with its barcodes, by its sku.
SELECT p.product_id, p.sku, p.name_en, p.name_ar, p.unit, p.category_id, p.tax_class, p.active,
       ARRAY (SELECT b.barcode FROM barcode AS b WHERE b.product_id = p.product_id
              ORDER BY b.barcode) AS barcodes
FROM product AS p WHERE p.sku = $1;

-- name: find_product
-- The product that is scanned with a code, whether the scanner gave it as UPC-A or as EAN-13.
SELECT p.product_id, p.sku, p.name_en, p.name_ar, p.unit, p.category_id, p.tax_class, p.active,
       ARRAY (SELECT b.barcode FROM barcode AS b WHERE b.product_id = p.product_id
              ORDER BY b.barcode) AS barcodes
FROM product AS p
WHERE p.product_id IN (SELECT product_id FROM barcode WHERE barcode = $1
                       UNION SELECT product_id FROM barcode
                       WHERE kind <> 'internal' AND lpad(barcode, 14, '0') = $2);

-- name: list_products
-- A page of products by sku.
SELECT p.product_id, p.sku, p.name_en, p.name_ar, p.unit, p.category_id, p.tax_class, p.active,
       ARRAY (SELECT b.barcode FROM barcode AS b WHERE b.product_id = p.product_id
              ORDER BY b.barcode) AS barcodes
FROM product AS p WHERE p.sku > $1 ORDER BY p.sku LIMIT $2;

-- name: change_product
-- New values of a product; null leaves one as it is.
UPDATE product SET name_en = coalesce($2, name_en), name_ar = coalesce($3, name_ar),
                   unit = coalesce($4, unit), category_id = coalesce($5, category_id),
                   tax_class = coalesce($6, tax_class), active = coalesce($7, active)
WHERE product_id = $1 RETURNING sku;

-- name: remove_barcode
-- A code that no longer names a product.
DELETE FROM barcode WHERE product_id = $1 AND barcode = $2 RETURNING barcode;

-- name: insert_category
-- A new category.
INSERT INTO category (category_id, code, parent_id, name_en, name_ar) VALUES ($1, $2, $3, $4, $5)
RETURNING category_id, code, parent_id, name_en, name_ar;

-- name: list_categories
-- A page of categories by code.
SELECT category_id, code, parent_id, name_en, name_ar FROM category
WHERE code > $1 ORDER BY code LIMIT $2;

-- name: change_category
-- New names of a category; null leaves one as it is.
UPDATE category SET name_en = coalesce($2, name_en), name_ar = coalesce($3, name_ar)
WHERE category_id = $1 RETURNING category_id, code, parent_id, name_en, name_ar;
