-- Prices and costs at head office. A price list names its region and, if it is for one, its branch.

-- name: insert_price_list
-- A new list of prices.
INSERT INTO price_list (price_list_id, code, name, region_id, branch_id, currency, tax_inclusive,
                        priority)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING price_list_id, code, name, region_id, branch_id, currency, tax_inclusive, priority;

-- name: list_price_lists
-- A page of price lists by code, of one region or of all.
SELECT price_list_id, code, name, region_id, branch_id, currency, tax_inclusive, priority
FROM price_list WHERE code > $1 AND ($3::int IS NULL OR region_id = $3) ORDER BY code LIMIT $2;

-- name: change_price_list
-- New values of a list; null leaves one as it is.
UPDATE price_list SET name = coalesce($2, name), tax_inclusive = coalesce($3, tax_inclusive),
                      priority = coalesce($4, priority)
WHERE price_list_id = $1
RETURNING price_list_id, code, name, region_id, branch_id, currency, tax_inclusive, priority;

-- name: lock_price_list
-- The currency of a list, which is held while its prices change: their days are compared.
SELECT currency FROM price_list WHERE price_list_id = $1 FOR NO KEY UPDATE;

-- name: end_open_prices
-- An open-ended price ends the day before the first of the new ones that begin after it.
WITH given AS (
    SELECT product_id, min(valid_from) AS valid_from
    FROM jsonb_to_recordset($2::jsonb) AS g (product_id uuid, valid_from date)
    GROUP BY product_id
)
UPDATE price AS p SET valid_until = g.valid_from - 1
FROM given AS g
WHERE p.price_list_id = $1 AND p.product_id = g.product_id
  AND p.valid_until IS NULL AND p.valid_from < g.valid_from;

-- name: put_prices
-- Prices as they are from now on; one that begins on the same day is replaced.
INSERT INTO price AS p (price_list_id, product_id, valid_from, valid_until, amount, currency)
SELECT $1, g.product_id, g.valid_from, g.valid_until, g.amount, $3
FROM jsonb_to_recordset($2::jsonb)
     AS g (product_id uuid, valid_from date, valid_until date, amount bigint)
ORDER BY g.product_id, g.valid_from
ON CONFLICT (price_list_id, product_id, valid_from) DO UPDATE
SET valid_until = excluded.valid_until, amount = excluded.amount
WHERE (p.valid_until, p.amount) IS DISTINCT FROM (excluded.valid_until, excluded.amount);

-- name: list_prices
-- A page of a list's prices by sku and first day.
SELECT p.product_id, d.sku, p.amount, p.currency, p.valid_from, p.valid_until
FROM price AS p JOIN product AS d USING (product_id)
WHERE p.price_list_id = $1 AND (d.sku, p.valid_from) > ($2, $3)
ORDER BY d.sku, p.valid_from LIMIT $4;

-- name: remove_price
-- A price that was set by mistake.
DELETE FROM price WHERE price_list_id = $1 AND product_id = $2 AND valid_from = $3
RETURNING product_id;

-- name: region_currency
-- The money of a region.
SELECT currency FROM region WHERE region_id = $1;

-- name: put_costs
-- What products cost in a region from now on.
INSERT INTO cost AS c (region_id, product_id, cost, currency)
SELECT $1, g.product_id, g.cost, $3
FROM jsonb_to_recordset($2::jsonb) AS g (product_id uuid, cost bigint)
ORDER BY g.product_id
ON CONFLICT (region_id, product_id) DO UPDATE SET cost = excluded.cost
WHERE c.cost <> excluded.cost;

-- name: list_costs
-- A page of a region's costs by sku.
SELECT c.region_id, c.product_id, d.sku, c.cost, c.currency
FROM cost AS c JOIN product AS d USING (product_id)
WHERE c.region_id = $1 AND d.sku > $2 ORDER BY d.sku LIMIT $3;
