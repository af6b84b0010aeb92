-- Seals: signed heads of a Merkle tree over journal, ledger and audit trail, and what names a row in it.
--
-- A head says nothing that could be altered unseen: its bytes are signed with a key that no database
-- holds, and copies of it lie elsewhere. The columns beside the bytes are for queries; whoever verifies
-- reads the bytes. See docs/decisions/0019.

CREATE TABLE seal_head (
    number    bigint      PRIMARY KEY CHECK (number >= 1),
    head      bytea       NOT NULL,
    signature bytea       NOT NULL CHECK (octet_length(signature) = 64),
    -- SHA-256 of head: what the next one names
    hash      bytea       NOT NULL CHECK (octet_length(hash) = 32),
    tree_size bigint      NOT NULL CHECK (tree_size >= 0),
    -- the roots of the complete subtrees at the tree's right edge, largest first: where it is continued
    edge      bytea       NOT NULL CHECK (octet_length(edge) % 32 = 0),
    watermark xid8        NOT NULL,
    sealed_at timestamptz NOT NULL,
    -- SHA-256 of a row in seal_catalogue
    catalogue bytea       NOT NULL CHECK (octet_length(catalogue) = 32),
    xid       xid8        NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX seal_head_feed ON seal_head (xid, number);

-- The leaves of each head with the names of their rows; see audit/sealing/domain/manifest.py.
CREATE TABLE seal_leaves (
    number bigint PRIMARY KEY REFERENCES seal_head,
    leaves bytea  NOT NULL
);
-- Hashes do not compress, and names are compressed already.
ALTER TABLE seal_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- Every state of the audit catalogue that a head speaks of: triggers, functions, grants, as lines of text.
CREATE TABLE seal_catalogue (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    items  text  NOT NULL
);

-- The heads of other databases: at head office those of every shard, on a shard those of head office. So
-- that whoever bends one database cannot bend what another one remembers of it.
CREATE TABLE seal_head_copy (
    database    text        NOT NULL,
    number      bigint      NOT NULL CHECK (number >= 1),
    head        bytea       NOT NULL,
    signature   bytea       NOT NULL CHECK (octet_length(signature) = 64),
    hash        bytea       NOT NULL CHECK (octet_length(hash) = 32),
    leaves      bytea       NOT NULL,
    -- the catalogue's text, with the first head that speaks of it
    catalogue   text,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (database, number)
);
ALTER TABLE seal_head_copy ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- Public halves of the sealing keys, registered at head office. A verifier compares them with the files that
-- an auditor holds; what stands here alone proves nothing.
CREATE TABLE seal_key (
    database   text        NOT NULL,
    key_id     text        NOT NULL,
    public_key bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (database, key_id)
);

-- Months that retention has moved into an archive file: their rows are expected there, not here.
CREATE TABLE seal_archive (
    table_name     text        NOT NULL,
    partition_name text        NOT NULL,
    from_at        timestamptz NOT NULL,
    until_at       timestamptz NOT NULL CHECK (until_at > from_at),
    row_count      bigint      NOT NULL CHECK (row_count >= 0),
    file_name      text        NOT NULL,
    file_sha256    bytea       NOT NULL CHECK (octet_length(file_sha256) = 32),
    -- of the head that covers all of it
    tree_size      bigint      NOT NULL,
    -- of the sealing key, over all of the above: without it, a claim that whoever drops a partition could write
    signature      bytea       NOT NULL CHECK (octet_length(signature) = 64),
    archived_at    timestamptz NOT NULL DEFAULT now(),
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (table_name, partition_name)
);

-- The canary: the sealer counts it up every minute, and the trail must show every step. Where the triggers
-- or their functions no longer do their work, it is the first row that is missed.
CREATE TABLE seal_canary (
    only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    number     bigint      NOT NULL CHECK (number >= 0),
    written_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO seal_canary (number) VALUES (0);

CALL append_only('seal_head');
CALL append_only('seal_leaves');
CALL append_only('seal_catalogue');
CALL append_only('seal_head_copy');
CALL append_only('seal_key');
CALL append_only('seal_archive');
CALL audit_table('seal_canary');

GRANT SELECT ON seal_head, seal_leaves, seal_catalogue, seal_head_copy, seal_key, seal_archive, seal_canary
    TO octonext_app;
