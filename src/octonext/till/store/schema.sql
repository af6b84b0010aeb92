-- name: create_meta
-- Single values by name: identity, the open shift, the last hybrid time, what the shard holds.
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

-- name: create_entry
-- The journal. The ciphertext here is the ciphertext that is sent; nothing else is kept of an entry.
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    ciphertext BLOB NOT NULL,
    outcome TEXT
) STRICT;

-- name: create_wrapped_key
-- Shift keys, wrapped for the shard and for the till itself; never a key in the clear.
CREATE TABLE wrapped_key (
    key_id TEXT PRIMARY KEY,
    for_shard BLOB NOT NULL,
    for_till BLOB NOT NULL,
    salt BLOB NOT NULL,
    cost TEXT NOT NULL
) STRICT;

-- name: create_feed_cursor
-- How far the copy of each feed goes; moves in the transaction that stores the rows.
CREATE TABLE feed_cursor (feed TEXT PRIMARY KEY, cursor TEXT NOT NULL) STRICT;

-- name: create_reference
-- The newest version of every reference row. Not secret from the shop, so not encrypted.
CREATE TABLE reference (
    kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- name: create_code
-- Barcodes and SKUs of the products in `reference`.
CREATE TABLE code (
    code TEXT NOT NULL, product TEXT NOT NULL, PRIMARY KEY (code, product)
) STRICT, WITHOUT ROWID;

-- name: create_code_by_product
-- To replace a product's codes when the product changes.
CREATE INDEX code_by_product ON code (product);

-- name: create_price_by_product
-- A sale asks for the prices of a few products among many.
CREATE INDEX price_by_product ON reference (json_extract(payload, '$.product_id')) WHERE kind = 'price';

-- name: create_alarm
-- What a person should look at, newest last.
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
