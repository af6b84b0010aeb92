-- name: triggers
-- Every trigger of the audit trail on tables that are no partitions' copies of their table's.
SELECT c.oid::regclass::text AS table_name, t.tgname AS name
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = 'public'::regnamespace
ORDER BY 1, 2;

-- name: add_products
-- So many products, each with one price in one list, as an import would leave them.
WITH list AS (
    INSERT INTO price_list (price_list_id, code, name, region_id, currency, tax_inclusive)
    SELECT gen_random_uuid(), 'BENCH', 'bench', region_id, currency, false FROM region ORDER BY region_id LIMIT 1
    RETURNING price_list_id, currency
), made AS (
    INSERT INTO product (product_id, sku, name_en)
    SELECT gen_random_uuid(), 'BENCH-' || n, 'Product ' || n FROM generate_series(1, $1::int) n
    RETURNING product_id
)
INSERT INTO price (price_list_id, product_id, valid_from, amount, currency)
SELECT list.price_list_id, made.product_id, DATE '2026-01-01', 1000, list.currency FROM made, list;

-- name: priced_products
-- The products whose prices are changed, in the order in which that is done.
SELECT product_id FROM price p JOIN price_list l USING (price_list_id) WHERE l.code = 'BENCH' ORDER BY 1;

-- name: change_prices
-- Another price for each of these products.
UPDATE price p SET amount = p.amount + 1
FROM price_list l WHERE l.price_list_id = p.price_list_id AND l.code = 'BENCH' AND p.product_id = ANY ($1::uuid[]);

-- name: recorded_prices
-- How many changes of prices the trail holds.
SELECT count(*) FROM audit_change WHERE table_name = 'price';

-- name: unsealed
-- Pushes that no head covers yet.
SELECT count(*) FROM push WHERE xid >= coalesce((SELECT max(watermark) FROM seal_head), '0'::xid8);

-- name: database_clock
-- The time by which pushes are stamped.
SELECT clock_timestamp();

-- name: lags
-- Seconds from the beginning of each push's transaction to the head that covers it.
SELECT extract(epoch FROM h.sealed_at - p.posted_at)::float8 AS lag_s
FROM push p
CROSS JOIN LATERAL (SELECT sealed_at FROM seal_head s WHERE s.watermark > p.xid ORDER BY s.number LIMIT 1) h
WHERE p.posted_at >= $1
ORDER BY p.posted_at;

-- name: vacuum
-- What autovacuum would come round to do.
VACUUM (ANALYZE) price, reference;
