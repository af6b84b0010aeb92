-- The dimensions by their own names, for reports to join.

CREATE VIEW IF NOT EXISTS region AS
SELECT assumeNotNull(region_id) AS region_id, ifNull(code, '') AS code,
       ifNull(name_en, '') AS name_en, ifNull(name_ar, '') AS name_ar, ifNull(currency, '') AS currency
FROM dimension FINAL WHERE kind = 'region' AND present AND isNotNull(region_id);

CREATE VIEW IF NOT EXISTS branch AS
SELECT assumeNotNull(branch_id) AS branch_id, ifNull(code, '') AS code,
       ifNull(name_en, '') AS name_en, ifNull(name_ar, '') AS name_ar,
       ifNull(region_id, 0) AS region_id, ifNull(shard_id, '') AS shard_id
FROM dimension FINAL WHERE kind = 'branch' AND present AND isNotNull(branch_id);

CREATE VIEW IF NOT EXISTS till AS
SELECT toInt32OrZero(key) AS device_id, ifNull(branch_id, 0) AS branch_id, ifNull(code, '') AS code,
       ifNull(name_en, '') AS name, ifNull(status, '') AS status
FROM dimension FINAL WHERE kind = 'device' AND present;

CREATE VIEW IF NOT EXISTS category AS
SELECT key AS category_id, ifNull(name_en, '') AS name_en, ifNull(name_ar, '') AS name_ar
FROM dimension FINAL WHERE kind = 'category' AND present;

CREATE VIEW IF NOT EXISTS product AS
SELECT toUUIDOrZero(key) AS product_id, ifNull(code, '') AS sku,
       ifNull(name_en, '') AS name_en, ifNull(name_ar, '') AS name_ar,
       ifNull(unit, '') AS unit, ifNull(parent_id, '') AS category_id
FROM dimension FINAL WHERE kind = 'product' AND present;

CREATE VIEW IF NOT EXISTS cost AS
SELECT ifNull(region_id, 0) AS region_id, toUUIDOrZero(ifNull(product_id, '')) AS product_id,
       ifNull(cost, 0) AS cost, ifNull(currency, '') AS currency
FROM dimension FINAL WHERE kind = 'cost' AND present AND isNotNull(cost);
