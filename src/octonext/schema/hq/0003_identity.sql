-- Who may do what: cashiers at tills, administrators and programs at the API.

CREATE TABLE role (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z_]{2,32}$'),
    description text NOT NULL
);
INSERT INTO role (name, description) VALUES
    ('cashier',    'sells, and returns with a receipt'),
    ('supervisor', 'also overrides prices, voids and opens the drawer'),
    ('manager',    'also moves cash and counts stock');

CREATE TABLE cashier (
    user_id    uuid PRIMARY KEY,
    region_id  int  NOT NULL CONSTRAINT cashier_region_known REFERENCES region,
    -- What is keyed in at the till.
    code       text NOT NULL CONSTRAINT cashier_code_form CHECK (code ~ '^[A-Z0-9]{1,12}$'),
    name_en    text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar    text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 120),
    role       text NOT NULL CONSTRAINT cashier_role_known REFERENCES role,
    -- Argon2id, in its own string form. A PIN is short: only the hash's cost and the till's lock-out
    -- stand between a stolen hash and the PIN, so a till also needs its device share to open records.
    pin_hash   text NOT NULL CHECK (pin_hash LIKE '$argon2id$%'),
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cashier_code_unique UNIQUE (region_id, code),
    UNIQUE (user_id, region_id)
);

-- No row means every branch of the cashier's region.
CREATE TABLE cashier_branch (
    user_id   uuid NOT NULL,
    branch_id int  NOT NULL,
    region_id int  NOT NULL,
    PRIMARY KEY (user_id, branch_id),
    FOREIGN KEY (user_id, region_id) REFERENCES cashier (user_id, region_id) ON DELETE CASCADE,
    CONSTRAINT cashier_branch_in_region FOREIGN KEY (branch_id, region_id)
        REFERENCES branch (branch_id, region_id)
);

CREATE TABLE user_account (
    user_id       uuid PRIMARY KEY,
    name          text NOT NULL CONSTRAINT user_account_name_unique UNIQUE
                  CHECK (name ~ '^[a-z0-9._-]{2,64}$'),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    scopes        text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 16),
    -- Codes of the regions that the user is limited to; null is every region, and head office.
    regions       text[] CHECK (cardinality(regions) BETWEEN 1 AND 64),
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_token (
    token_id   uuid PRIMARY KEY,
    -- SHA-256 is enough: a token is 256 random bits, there is nothing to guess.
    digest     bytea NOT NULL CONSTRAINT api_token_digest_unique UNIQUE CHECK (length(digest) = 32),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    scopes     text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 16),
    -- As of a user; a user's own limit holds besides.
    regions    text[] CHECK (cardinality(regions) BETWEEN 1 AND 64),
    -- Null for a token made for a program rather than by signing in.
    user_id    uuid CONSTRAINT api_token_user_known REFERENCES user_account,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE VIEW reference_cashier AS
SELECT c.user_id, c.user_id::text AS key, c.region_id AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('user_id', c.user_id, 'code', c.code, 'name_en', c.name_en,
           'name_ar', c.name_ar, 'role', c.role,
           'branch_ids', (SELECT coalesce(jsonb_agg(b.branch_id ORDER BY b.branch_id), '[]'::jsonb)
                          FROM cashier_branch AS b WHERE b.user_id = c.user_id),
           'pin_hash', c.pin_hash, 'active', c.active) AS payload
FROM cashier AS c;

CALL publish_changes('cashier', 'cashier', 'own', 'user_id');
CALL publish_changes('cashier_branch', 'cashier', 'part', 'user_id');

CREATE TRIGGER cashier_scope BEFORE UPDATE ON cashier FOR EACH ROW
    EXECUTE FUNCTION refuse_change('user_id', 'region_id');
