-- The directory: which branches there are, which shard each writes to, and which tills stand in it.

CREATE TABLE organisation (
    organisation_id uuid PRIMARY KEY,
    code            text NOT NULL CONSTRAINT organisation_code_unique UNIQUE
                    CONSTRAINT organisation_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{1,15}$'),
    name_en         text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar         text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 120),
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE region (
    region_id    int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL CONSTRAINT region_code_unique UNIQUE
                 CONSTRAINT region_code_form CHECK (code ~ '^[A-Z][A-Z0-9-]{1,15}$'),
    -- ISO 3166-1 alpha-2: whose law decides where this region's records may be kept, and its taxes.
    jurisdiction text NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    time_zone    text NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 64),
    name_en      text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar      text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 120),
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- Not keys of their own: they let other tables hold the pair, and so be held to it.
    UNIQUE (region_id, jurisdiction),
    UNIQUE (region_id, currency)
);

-- Shards come from the settings of the installation, never from the API; see shards.directory.
CREATE TABLE shard (
    shard_id        text PRIMARY KEY CHECK (shard_id ~ '^[a-z0-9-]{2,16}$'),
    -- The region the settings name. Text, because a shard is registered before its region is made.
    region_code     text  NOT NULL,
    jurisdiction    text  NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    -- ECDH P-256, SubjectPublicKeyInfo DER: tills wrap their shift keys for it.
    sync_public_key bytea NOT NULL,
    registered_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (shard_id, jurisdiction)
);

CREATE TABLE branch (
    branch_id       int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id uuid NOT NULL
                    CONSTRAINT branch_organisation_known REFERENCES organisation,
    region_id       int  NOT NULL,
    shard_id        text NOT NULL,
    jurisdiction    text NOT NULL,
    -- Unique in the whole chain: it begins every receipt number.
    code            text NOT NULL CONSTRAINT branch_code_unique UNIQUE
                    CONSTRAINT branch_code_form CHECK (code ~ '^[A-Z0-9]{2,8}$'),
    name_en         text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar         text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 120),
    active          boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- Residency: the region and the shard must both name the branch's one jurisdiction. No code,
    -- and no hand, can place a branch on a shard of another country.
    CONSTRAINT branch_region_known FOREIGN KEY (region_id, jurisdiction)
        REFERENCES region (region_id, jurisdiction),
    CONSTRAINT branch_residency FOREIGN KEY (shard_id, jurisdiction)
        REFERENCES shard (shard_id, jurisdiction),
    UNIQUE (branch_id, region_id)
);

CREATE TABLE device (
    device_id   int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id   int  NOT NULL CONSTRAINT device_branch_known REFERENCES branch,
    code        text NOT NULL CONSTRAINT device_code_form CHECK (code ~ '^[A-Z][A-Z0-9]{1,7}$'),
    name        text NOT NULL DEFAULT '' CHECK (length(name) <= 80),
    status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'enrolled', 'revoked')),
    -- ECDSA P-256, SubjectPublicKeyInfo DER.
    public_key  bytea CONSTRAINT device_key_unique UNIQUE,
    -- Why it was revoked: of one that was stolen, nobody may ever get the share again.
    reason      text CONSTRAINT device_reason CHECK (reason IN ('revoked', 'stolen')),
    -- The device share, the server's half of what opens the till's records, is derived from the key of this
    -- fingerprint, the device and this generation: see crypto.device_share.
    share_key   text CHECK (share_key ~ '^[0-9a-f]{16}$'),
    share_generation int NOT NULL DEFAULT 1 CHECK (share_generation >= 1),
    -- Sign-ins at this till that were wrong before then count no more.
    unlocked_at timestamptz,
    footprint   jsonb NOT NULL DEFAULT '{}',
    enrolled_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT device_code_unique UNIQUE (branch_id, code),
    -- A till that may sync has a key to be known by.
    CHECK (status <> 'enrolled' OR public_key IS NOT NULL),
    CONSTRAINT device_revoked_for CHECK ((status = 'revoked') = (reason IS NOT NULL))
);

-- One-time enrolment codes; a new one for the same till replaces the old.
CREATE TABLE enrolment (
    device_id   int PRIMARY KEY REFERENCES device,
    code_digest bytea NOT NULL UNIQUE CHECK (length(code_digest) = 32),
    expires_at  timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW reference_region AS
SELECT region_id, region_id::text AS key, region_id AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('region_id', region_id, 'code', code, 'jurisdiction', jurisdiction,
           'currency', currency, 'time_zone', time_zone, 'name_en', name_en, 'name_ar', name_ar) AS payload
FROM region;

-- Every branch of a region is known in the whole region: a receipt may come back to another branch.
CREATE VIEW reference_branch AS
SELECT b.branch_id, b.region_id, b.branch_id::text AS key,
       b.region_id AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('branch_id', b.branch_id, 'code', b.code, 'name_en', b.name_en,
           'name_ar', b.name_ar, 'region_id', b.region_id, 'shard_id', b.shard_id,
           'currency', r.currency, 'time_zone', r.time_zone, 'jurisdiction', b.jurisdiction,
           'organisation_id', b.organisation_id, 'active', b.active) AS payload
FROM branch AS b JOIN region AS r USING (region_id);

CREATE VIEW reference_device AS
SELECT d.device_id, d.device_id::text AS key,
       b.region_id AS scope_region_id, d.branch_id AS scope_branch_id,
       jsonb_build_object('device_id', d.device_id, 'code', d.code, 'branch_id', d.branch_id,
           -- encode() breaks base64 into lines of 76; JSON wants one.
           'public_key', replace(encode(d.public_key, 'base64'), E'\n', ''),
           'status', d.status, 'reason', d.reason, 'name', d.name, 'share_key', d.share_key,
           'share_generation', d.share_generation, 'unlocked_at', d.unlocked_at) AS payload
FROM device AS d JOIN branch AS b USING (branch_id);

CALL publish_changes('region', 'region', 'own', 'region_id');
CALL publish_changes('region', 'branch', 'part', 'region_id');
CALL publish_changes('branch', 'branch', 'own', 'branch_id');
CALL publish_changes('device', 'device', 'own', 'device_id');

CREATE TRIGGER region_scope BEFORE UPDATE ON region FOR EACH ROW
    EXECUTE FUNCTION refuse_change('region_id', 'jurisdiction', 'currency');
CREATE TRIGGER shard_scope BEFORE UPDATE ON shard FOR EACH ROW
    EXECUTE FUNCTION refuse_change('shard_id', 'jurisdiction');
-- Moving a branch to another shard of its jurisdiction is an operation of its own, not an UPDATE.
CREATE TRIGGER branch_scope BEFORE UPDATE ON branch FOR EACH ROW
    EXECUTE FUNCTION refuse_change('branch_id', 'region_id', 'shard_id', 'jurisdiction');
CREATE TRIGGER device_scope BEFORE UPDATE ON device FOR EACH ROW
    EXECUTE FUNCTION refuse_change('device_id', 'branch_id');
