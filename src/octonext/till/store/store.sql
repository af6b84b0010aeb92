-- name: meta_get
-- One value.
SELECT value FROM meta WHERE name = ?;

-- name: meta_put
-- Sets one value.
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: meta_delete
-- Removes one value.
DELETE FROM meta WHERE name = ?;

-- name: entry_insert
-- Appends an entry; a seq that exists already is an error, never an overwrite.
INSERT INTO entry (seq, key_id, hash, ciphertext) VALUES (?, ?, ?, ?);

-- name: entry_range
-- Entries by place, to send or to read back.
SELECT seq, key_id, hash, ciphertext FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq;

-- name: entry_of_key
-- All entries of one shift.
SELECT seq, key_id, hash, ciphertext FROM entry WHERE key_id = ? ORDER BY seq;

-- name: entry_first_of_key
-- Where a shift begins, as far as it was not pruned.
SELECT min(seq) FROM entry WHERE key_id = ?;

-- name: entry_outgoing
-- What a connection must know of the entries after a place.
SELECT seq, hash, key_id, length(ciphertext) FROM entry WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: entry_mark
-- Hash and key of one entry.
SELECT hash, key_id FROM entry WHERE seq = ?;

-- name: entry_extent
-- First and last seq, and how many there are: without a gap these agree.
SELECT min(seq), max(seq), count(*) FROM entry;

-- name: entry_outcome
-- What the shard made of an entry, where it was not simply posted.
UPDATE entry SET outcome = ? WHERE seq = ?;

-- name: entry_outcomes
-- How many entries had each outcome other than posted.
SELECT outcome, count(*) FROM entry WHERE outcome IS NOT NULL GROUP BY outcome ORDER BY outcome;

-- name: entry_prune
-- Deletes entries that the shard holds.
DELETE FROM entry WHERE seq <= ?;

-- name: key_insert
-- Keeps a shift's wrapped key.
INSERT INTO wrapped_key (key_id, for_shard, for_till, salt, cost) VALUES (?, ?, ?, ?, ?);

-- name: key_get
-- One wrapped key.
SELECT key_id, for_shard, for_till, salt, cost FROM wrapped_key WHERE key_id = ?;

-- name: key_list
-- Every wrapped key, oldest shift first.
SELECT key_id, for_shard, for_till, salt, cost FROM wrapped_key ORDER BY key_id;

-- name: cursor_put
-- Moves a feed's cursor.
INSERT INTO feed_cursor (feed, cursor) VALUES (?, ?) ON CONFLICT (feed) DO UPDATE SET cursor = excluded.cursor;

-- name: cursor_list
-- All cursors.
SELECT feed, cursor FROM feed_cursor;

-- name: reference_put
-- The newest version of a row.
INSERT INTO reference (kind, key, payload) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET payload = excluded.payload;

-- name: reference_delete
-- The row is gone.
DELETE FROM reference WHERE kind = ? AND key = ?;

-- name: reference_of_kind
-- All rows of a kind.
SELECT kind, key, payload FROM reference WHERE kind = ?;

-- name: reference_all
-- The whole copy.
SELECT kind, key, payload FROM reference;

-- name: reference_one
-- One row.
SELECT kind, key, payload FROM reference WHERE kind = ? AND key = ?;

-- name: reference_prices
-- The prices of a product, on every list.
SELECT kind, key, payload FROM reference WHERE kind = 'price' AND json_extract(payload, '$.product_id') = ?;

-- name: reference_counts
-- How many rows of each kind.
SELECT kind, count(*) FROM reference GROUP BY kind ORDER BY kind;

-- name: code_put
-- A barcode or SKU of a product.
INSERT INTO code (code, product) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: code_delete
-- The product's codes changed, or it is gone.
DELETE FROM code WHERE product = ?;

-- name: code_products
-- The products that carry a code.
SELECT product FROM code WHERE code = ?;

-- name: alarm_insert
-- Keeps an alarm for `till status`.
INSERT INTO alarm (at, reason, detail) VALUES (?, ?, ?);

-- name: alarm_list
-- The newest alarms.
SELECT at, reason, detail FROM alarm ORDER BY id DESC LIMIT ?;

-- name: alarm_trim
-- Keeps the newest alarms only.
DELETE FROM alarm WHERE id <= (SELECT max(id) FROM alarm) - ?;
