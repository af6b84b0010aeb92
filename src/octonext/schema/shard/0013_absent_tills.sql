-- Tills that are not there: those that went silent with entries or an open shift, and those whose journal
-- another till of the branch hands over.

-- What each till has told of its journal, and when it was last heard. Beside the head and not in it: that row
-- is the till's lock while a push is booked, and being heard must never wait for it.
CREATE TABLE device_contact (
    branch_id    integer     NOT NULL,
    device_id    integer     NOT NULL,
    -- the end of the till's own journal, as its last hello said
    told_seq     bigint      NOT NULL CHECK (told_seq >= 0),
    told_hash    bytea       NOT NULL CHECK (octet_length(told_hash) = 32),
    told_at      timestamptz NOT NULL DEFAULT now(),
    -- when a gateway had a living connection of it last
    seen_at      timestamptz NOT NULL DEFAULT now(),
    -- since when it counts as silent; null while it does not
    silent_since timestamptz,
    PRIMARY KEY (branch_id, device_id)
) WITH (fillfactor = 70);

CALL audit_kept_table('device_contact', ARRAY['begin_session', 'note_contacts', 'note_silent_tills']);

-- Notes what a till has told in its hello.
CREATE FUNCTION note_hello(p_branch integer, p_device integer, p_seq bigint, p_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO device_contact (branch_id, device_id, told_seq, told_hash)
    VALUES (p_branch, p_device, p_seq, p_hash)
    ON CONFLICT (branch_id, device_id) DO UPDATE
       SET told_seq = excluded.told_seq, told_hash = excluded.told_hash, told_at = now(), seen_at = now(),
           silent_since = NULL;
$$;

-- Notes that these tills (branches and devices pairwise) are connected now. Who is noted by somebody else at
-- this moment is passed over.
CREATE FUNCTION note_contacts(p_branches integer[], p_devices integer[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE device_contact c SET seen_at = now()
      FROM (SELECT o.branch_id, o.device_id FROM device_contact o
              JOIN unnest(p_branches, p_devices) AS t (branch_id, device_id) USING (branch_id, device_id)
             ORDER BY o.branch_id, o.device_id FOR UPDATE OF o SKIP LOCKED) k
     WHERE (c.branch_id, c.device_id) = (k.branch_id, k.device_id);
$$;

-- Tills that are silent by these measures: entries were announced and did not come, or the newest shift is
-- open and nobody hears the till. A till that was ended keeps nobody waiting: its journal comes by rescue.
-- The newest shift is the last of its ids, which tills make in the order of time (UUIDv7).
CREATE FUNCTION silent_tills(p_backlog interval, p_shift interval)
RETURNS TABLE (
    branch_id integer, device_id integer, code text, head_seq bigint, told_seq bigint, seen_at timestamptz,
    received_at timestamptz, open_shift uuid, silent_since timestamptz, why text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.branch_id, c.device_id, r.payload ->> 'code', h.seq, c.told_seq, c.seen_at, h.received_at,
           s.shift_id, c.silent_since,
           CASE WHEN w.is_backlog AND s.shift_id IS NOT NULL AND w.is_away THEN 'backlog, open shift'
                WHEN w.is_backlog THEN 'backlog' ELSE 'open shift' END
      FROM device_contact c
      JOIN device_head h USING (branch_id, device_id)
     CROSS JOIN LATERAL (
            SELECT c.told_seq > h.seq
                   AND greatest(c.told_at, h.received_at) < now() - p_backlog AS is_backlog,
                   c.seen_at < now() - p_shift AS is_away) w
      LEFT JOIN LATERAL (
            SELECT n.shift_id, n.closed_at FROM shift n
             WHERE n.branch_id = c.branch_id AND n.device_id = c.device_id
             ORDER BY n.shift_id DESC LIMIT 1) n ON w.is_away OR w.is_backlog
      LEFT JOIN LATERAL (SELECT n.shift_id WHERE n.closed_at IS NULL) s ON true
      LEFT JOIN reference r ON r.kind = 'device' AND r.key = c.device_id::text
     WHERE (w.is_backlog OR (w.is_away AND s.shift_id IS NOT NULL))
       AND r.payload ->> 'status' IS DISTINCT FROM 'revoked'
     ORDER BY c.branch_id, c.device_id
$$;

-- Notes who has gone silent and who is not silent any more. Each silence is an event of the trail once, and a
-- case once for each place in the journal at which it found the till. Returns how many have gone silent now.
CREATE FUNCTION note_silent_tills(p_backlog interval, p_shift interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_till record;
    v_new  integer := 0;
BEGIN
    -- one gateway at a time: the others would find the same
    IF NOT pg_try_advisory_xact_lock(hashtextextended('note_silent_tills', 0)) THEN
        RETURN 0;
    END IF;
    UPDATE device_contact c SET silent_since = NULL
     WHERE c.silent_since IS NOT NULL
       AND NOT EXISTS (SELECT FROM silent_tills(p_backlog, p_shift) s
                        WHERE (s.branch_id, s.device_id) = (c.branch_id, c.device_id));
    FOR v_till IN
        SELECT * FROM silent_tills(p_backlog, p_shift) s WHERE s.silent_since IS NULL
    LOOP
        -- the head before the contact, as a hello takes them; who speaks at this moment is not silent
        PERFORM FROM device_head h
          WHERE (h.branch_id, h.device_id) = (v_till.branch_id, v_till.device_id) FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE device_contact c SET silent_since = now()
         WHERE (c.branch_id, c.device_id) = (v_till.branch_id, v_till.device_id);
        WITH opened AS (
            INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
            VALUES (v_till.branch_id, v_till.device_id, v_till.head_seq, 'till_silent', jsonb_build_object(
                'why', v_till.why, 'shard_seq', v_till.head_seq, 'till_told_seq', v_till.told_seq,
                'seen_at', v_till.seen_at, 'open_shift', v_till.open_shift))
            ON CONFLICT DO NOTHING
            RETURNING 1
        )
        UPDATE device_head h SET case_count = h.case_count + 1, xid = pg_current_xact_id()
          FROM opened
         WHERE h.branch_id = v_till.branch_id AND h.device_id = v_till.device_id;
        PERFORM audit_event('till_silent', jsonb_build_object(
            'branch_id', v_till.branch_id, 'device_id', v_till.device_id, 'why', v_till.why,
            'shard_seq', v_till.head_seq, 'till_told_seq', v_till.told_seq, 'seen_at', v_till.seen_at));
        v_new := v_new + 1;
    END LOOP;
    RETURN v_new;
END $$;

-- Where a till stands, for another one that hands over its journal: the wrong of its clock when it last said
-- hello. No row: this shard never heard it.
CREATE FUNCTION rescued_clock(p_branch integer, p_device integer) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT h.clock_offset_ms FROM device_head h WHERE h.branch_id = p_branch AND h.device_id = p_device
$$;

-- Notes in the trail whose journal is handed over by whom (who acts in this transaction), and opens a case,
-- once, if head office had ended that till: somebody should know what it still sold.
CREATE FUNCTION note_rescue(p_branch integer, p_device integer, p_first bigint, p_last bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_revoked boolean := EXISTS (
        SELECT FROM reference r WHERE r.kind = 'device' AND r.key = p_device::text
           AND r.payload ->> 'status' = 'revoked');
BEGIN
    PERFORM audit_event('journal_rescued', jsonb_build_object(
        'branch_id', p_branch, 'device_id', p_device, 'first_seq', p_first, 'last_seq', p_last,
        'revoked', v_revoked));
    IF v_revoked AND NOT EXISTS (
        SELECT FROM opened_case c WHERE c.branch_id = p_branch AND c.device_id = p_device
           AND c.kind = 'rescued_after_revocation') THEN
        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        VALUES (p_branch, p_device, p_first, 'rescued_after_revocation',
                jsonb_build_object('first_seq', p_first, 'last_seq', p_last));
        UPDATE device_head h SET case_count = h.case_count + 1
         WHERE h.branch_id = p_branch AND h.device_id = p_device;
    END IF;
END $$;

GRANT SELECT ON device_contact TO octonext_app;
REVOKE ALL ON FUNCTION note_hello(integer, integer, bigint, bytea), note_contacts(integer[], integer[]),
    silent_tills(interval, interval), note_silent_tills(interval, interval), rescued_clock(integer, integer),
    note_rescue(integer, integer, bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION note_contacts(integer[], integer[]), silent_tills(interval, interval),
    note_silent_tills(interval, interval), rescued_clock(integer, integer) TO octonext_app;
