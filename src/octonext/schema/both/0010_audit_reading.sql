-- Indexes by which the trail is read, at next to no cost for those who write it.
--
-- Pages go along the primary key, newest first. What is rare in them is found by these: per 32 pages of a
-- month a Bloom filter of the values there, which says of nearly every other range that it need not be read.
-- A new range is summarised by vacuum, not by the writer; until then it is simply read. A million rows take
-- about 1 MB of it, a tenth of one B-tree over their transactions. See docs/decisions/0020.

CREATE INDEX audit_change_what ON audit_change USING brin (table_name text_bloom_ops, (key::text) text_bloom_ops)
    WITH (pages_per_range = 32);
CREATE INDEX audit_transaction_who ON audit_transaction USING brin (
    actor_id text_bloom_ops, actor_name text_bloom_ops, device_id int4_bloom_ops, actor_ip inet_inclusion_ops,
    client_addr inet_inclusion_ops) WITH (pages_per_range = 32);

-- Retention: takes a month of the trail out of the database once it is in an archive file. One transaction,
-- so a month is here or said to be there, never neither. Refuses when the month holds another number of rows
-- than the file. Only the schema's owner may: whoever drops a partition by hand leaves no such record, and
-- the seals show it.
CREATE FUNCTION archive_month(
    p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint,
    p_transactions_signature bytea, p_changes_signature bytea
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_table     record;
    v_partition text;
    v_found     bigint;
BEGIN
    FOR v_table IN
        SELECT * FROM (VALUES ('audit_change', p_changes, p_changes_signature),
                              ('audit_transaction', p_transactions, p_transactions_signature)
                      ) AS t (name, expected, signature)
    LOOP
        v_partition := format('%s_%s', v_table.name, to_char(p_month, 'YYYY_MM'));
        EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', v_partition);
        EXECUTE format('SELECT count(*) FROM public.%I', v_partition) INTO v_found;
        IF v_found <> v_table.expected THEN
            RAISE EXCEPTION 'table % holds % rows, the archive %', v_partition, v_found, v_table.expected
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        INSERT INTO seal_archive (table_name, partition_name, from_at, until_at, row_count, file_name,
                                  file_sha256, tree_size, signature)
        VALUES (v_table.name, v_partition, p_month::timestamp AT TIME ZONE 'UTC',
                (p_month + interval '1 month') AT TIME ZONE 'UTC', v_found, p_file, p_sha256, p_tree_size,
                v_table.signature);
        EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', v_table.name, v_partition);
        EXECUTE format('DROP TABLE public.%I', v_partition);
    END LOOP;
    PERFORM audit_event('trail_archived', jsonb_build_object(
        'month', to_char(p_month, 'YYYY-MM'), 'file', p_file, 'sha256', encode(p_sha256, 'hex'),
        'transactions', p_transactions, 'changes', p_changes));
END $$;
REVOKE ALL ON FUNCTION archive_month(date, bigint, bigint, text, bytea, bigint, bytea, bytea) FROM public;
