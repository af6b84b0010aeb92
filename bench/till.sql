-- name: known_goods
-- How many products and prices a shard's own copy of the master data holds.
SELECT count(*) FROM reference WHERE kind IN ('product', 'price');
