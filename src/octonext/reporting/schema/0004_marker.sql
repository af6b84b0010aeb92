-- Words that `octonext doctor` looks for in the files of the disk: whoever finds one there could read sales as
-- well. They stand uncompressed, so that nothing but encryption hides them, and go after a day by themselves.

CREATE TABLE IF NOT EXISTS marker (
    word String CODEC(NONE), written_at DateTime DEFAULT now()
) ENGINE = MergeTree ORDER BY written_at
TTL written_at + INTERVAL 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;
