-- name: add_tills
-- Enrols tills at one go: a benchmark of 2,000 tills is not about enrolling them. One row for each
-- public key, in the order given; answers the device ids in that order.
WITH given AS (
    SELECT branch_id, public_key, code, place
    FROM unnest($1::int[], $2::bytea[], $3::text[]) WITH ORDINALITY AS g (branch_id, public_key, code, place)
), added AS (
    INSERT INTO device (branch_id, code, name, status, public_key, enrolled_at)
    SELECT branch_id, code, 'bench', 'enrolled', public_key, now() FROM given ORDER BY place
    RETURNING device_id, public_key
)
SELECT added.device_id FROM added JOIN given USING (public_key) ORDER BY given.place;

-- name: known_tills
-- How many tills a shard's own copy of the master data knows.
SELECT count(*) FROM reference WHERE kind = 'device' AND payload ->> 'status' = 'enrolled';

-- name: next_code
-- A number from which till codes are free in every branch.
SELECT coalesce(max(device_id), 0) + 1 FROM device;
