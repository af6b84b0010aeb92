-- The journal of every till, byte for byte, and where each till stands. The truth of the shard:
-- everything in the postings can be derived from it again.

CREATE TYPE entry_outcome AS ENUM ('posted', 'posted_with_case', 'quarantined');

-- The last accepted entry of a till; this row is the till's lock while a push is booked.
CREATE TABLE device_head (
    branch_id         integer NOT NULL,
    device_id         integer NOT NULL,
    seq               bigint  NOT NULL DEFAULT 0 CHECK (seq >= 0),
    hash              bytea   NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
                              CHECK (octet_length(hash) = 32),
    -- raised by every new connection of the till: a push of an older one is fenced
    epoch             bigint  NOT NULL DEFAULT 0,
    till_at           timestamptz,
    received_at       timestamptz,
    connected_at      timestamptz,
    clock_offset_ms   bigint  NOT NULL DEFAULT 0,
    app               text    NOT NULL DEFAULT '',
    quarantined_count bigint  NOT NULL DEFAULT 0,
    case_count        bigint  NOT NULL DEFAULT 0,
    xid               xid8    NOT NULL DEFAULT pg_current_xact_id(),
    id                bigint  GENERATED ALWAYS AS (device_id::bigint) STORED,
    PRIMARY KEY (branch_id, device_id)
) WITH (fillfactor = 50);

-- Shift keys as the till wrapped them for this shard. Kept: the ciphertext of a quarantined entry
-- must stay readable.
CREATE TABLE device_key (
    branch_id   integer     NOT NULL,
    device_id   integer     NOT NULL,
    key_id      text        NOT NULL,
    wrapped     bytea       NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (branch_id, device_id, key_id)
);

CREATE TABLE device_journal (
    branch_id   integer       NOT NULL,
    device_id   integer       NOT NULL,
    seq         bigint        NOT NULL CHECK (seq >= 1),
    hash        bytea         NOT NULL CHECK (octet_length(hash) = 32),
    key_id      text          NOT NULL,
    kind        text,
    -- the plaintext as the till wrote it; null when it could not be decrypted, or holds a card number
    bytes       bytea,
    -- kept only where there is no plaintext
    ciphertext  bytea,
    outcome     entry_outcome NOT NULL,
    -- why it was quarantined
    reason      text,
    till_at     timestamptz,
    hlc         bigint,
    received_at timestamptz   NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, received_at),
    CHECK ((bytes IS NULL) <> (ciphertext IS NULL)),
    CHECK ((outcome = 'quarantined') = (reason IS NOT NULL))
) PARTITION BY RANGE (received_at);

-- The spine of the shard's feeds: one row per accepted push, in the order of transactions. One push is
-- one transaction, so a row that it posted has its place in a feed by (xid, id = seq * 4096 + line)
-- without carrying or indexing either: a reader walks these few rows, and finds the postings of each by
-- their own primary key, in the one partition of posted_at. Hash and time of the newest row tell this
-- history from any other that a copy of the shard might have gone on with; so rows stay when a month is
-- dropped, and the table, small as it is, has no partitions.
CREATE TABLE push (
    xid       xid8        NOT NULL DEFAULT pg_current_xact_id(),
    branch_id integer     NOT NULL,
    device_id integer     NOT NULL,
    first_seq bigint      NOT NULL,
    last_seq  bigint      NOT NULL CHECK (last_seq >= first_seq),
    -- of the last entry
    hash      bytea       NOT NULL CHECK (octet_length(hash) = 32),
    posted_at timestamptz NOT NULL
);
CREATE INDEX push_feed ON push (xid);

-- Entries that claim a seq which the journal holds with another hash: a cloned or restored till.
CREATE TABLE journal_fork (
    branch_id   integer     NOT NULL,
    device_id   integer     NOT NULL,
    seq         bigint      NOT NULL,
    hash        bytea       NOT NULL,
    prev        bytea       NOT NULL,
    key_id      text        NOT NULL,
    bytes       bytea,
    ciphertext  bytea,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (branch_id, device_id, seq, hash)
);

-- What somebody has to look at. One row per entry and kind: a replay opens nothing twice.
CREATE TABLE opened_case (
    branch_id integer     NOT NULL,
    device_id integer     NOT NULL,
    seq       bigint      NOT NULL,
    kind      text        NOT NULL,
    evidence  jsonb       NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL DEFAULT now(),
    xid       xid8        NOT NULL DEFAULT pg_current_xact_id(),
    id        bigint      GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (branch_id, device_id, seq, kind)
);
CREATE INDEX opened_case_feed ON opened_case (xid, id);

-- Opens the case of a fork, once, and shows it in the till's health.
CREATE FUNCTION open_fork_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH opened AS (
        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        VALUES (p_branch, p_device, p_seq, 'fork', p_evidence)
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    UPDATE device_head h SET case_count = h.case_count + 1, xid = pg_current_xact_id()
      FROM opened
     WHERE h.branch_id = p_branch AND h.device_id = p_device;
$$;

-- Opens, once, the case of a shard that does not hold what a till was told is on its disk: it was restored
-- from a copy. The till is welcome and sends again what is missing. Returns whether the case is new.
CREATE FUNCTION open_went_back_case(p_branch integer, p_device integer, p_seq bigint, p_evidence jsonb)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH opened AS (
        INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)
        VALUES (p_branch, p_device, p_seq, 'shard_went_back', p_evidence)
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), counted AS (
        UPDATE device_head h SET case_count = h.case_count + 1, xid = pg_current_xact_id()
          FROM opened
         WHERE h.branch_id = p_branch AND h.device_id = p_device
    )
    SELECT EXISTS (SELECT FROM opened);
$$;

-- A till says hello: raises its epoch (older connections are fenced) and returns where it stands.
-- A till whose own journal is shorter than what the shard holds, or differs at its end, is a fork.
-- p_actor says where it speaks from, for the audit trail: pushes say nothing of it, their till is known.
CREATE FUNCTION begin_session(
    p_branch integer, p_device integer, p_seq bigint, p_hash bytea, p_app text, p_offset_ms bigint,
    p_actor text DEFAULT ''
) RETURNS TABLE (is_fork boolean, head_seq bigint, head_hash bytea, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_head device_head;
BEGIN
    INSERT INTO device_head (branch_id, device_id) VALUES (p_branch, p_device)
        ON CONFLICT DO NOTHING;
    SELECT * INTO v_head FROM device_head h
        WHERE h.branch_id = p_branch AND h.device_id = p_device FOR UPDATE;
    PERFORM set_config('octonext.actor', p_actor, true);
    is_fork := p_seq < v_head.seq OR (p_seq = v_head.seq AND p_hash <> v_head.hash);
    IF is_fork THEN
        PERFORM open_fork_case(p_branch, p_device, p_seq, jsonb_build_object(
            'found_in', 'hello', 'till_hash', encode(p_hash, 'hex'), 'shard_seq', v_head.seq));
    ELSE
        UPDATE device_head h
           SET epoch = h.epoch + 1, connected_at = now(), clock_offset_ms = p_offset_ms, app = p_app,
               xid = pg_current_xact_id()
         WHERE h.branch_id = p_branch AND h.device_id = p_device;
    END IF;
    PERFORM note_hello(p_branch, p_device, p_seq, p_hash);
    head_seq := v_head.seq;
    head_hash := v_head.hash;
    epoch := v_head.epoch + 1;
    PERFORM audit_event(CASE WHEN is_fork THEN 'till_refused' ELSE 'till_connected' END, jsonb_build_object(
        'branch_id', p_branch, 'device_id', p_device, 'seq', p_seq, 'epoch', epoch, 'app', p_app,
        'clock_offset_ms', p_offset_ms));
    RETURN NEXT;
END $$;

GRANT SELECT ON device_head, device_key, device_journal, push, journal_fork, opened_case TO octonext_app;
