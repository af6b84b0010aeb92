-- Who may do what: cashiers at tills, people and programs at the API.

CREATE TABLE role (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z_]{2,32}$'),
    description text NOT NULL
);
INSERT INTO role (name, description) VALUES
    ('cashier',       'sells, and returns with a receipt'),
    ('supervisor',    'also overrides prices, gives larger discounts, voids and opens the drawer'),
    ('manager',       'runs a store: everything at its tills, and reads its figures'),
    ('accountant',    'reads reports and master data'),
    ('buyer',         'keeps the catalogue, prices and costs'),
    ('auditor',       'reads everything, the audit trail too, and changes nothing'),
    ('administrator', 'everything, users and tokens too');

-- What a role may do: at a till by itself, without anybody's approval, or at the API, where it is a scope.
CREATE TABLE permission (
    name text PRIMARY KEY CHECK (name ~ '^[a-z_:]{2,32}$'),
    used text NOT NULL CHECK (used IN ('till', 'api'))
);
INSERT INTO permission (name, used) VALUES
    ('sell', 'till'), ('return_with_receipt', 'till'), ('price_override', 'till'),
    ('discount_above_limit', 'till'), ('void_after_payment', 'till'), ('open_drawer', 'till'),
    ('refund_without_receipt', 'till'), ('move_cash', 'till'), ('close_shift', 'till'),
    ('see_expected', 'till'), ('count_stock', 'till'),
    ('admin', 'api'), ('catalog:read', 'api'), ('catalog:write', 'api'), ('directory:read', 'api'),
    ('directory:write', 'api'), ('reports:read', 'api'), ('audit:read', 'api'), ('monitor', 'api');

CREATE TABLE role_permission (
    role       text NOT NULL CONSTRAINT role_permission_role_known REFERENCES role,
    permission text NOT NULL CONSTRAINT role_permission_known REFERENCES permission,
    PRIMARY KEY (role, permission)
);
-- A cashier closes the shift that is the cashier's own, but counts it without being told what should be there.
INSERT INTO role_permission (role, permission)
SELECT 'cashier', unnest(ARRAY['sell', 'return_with_receipt', 'close_shift'])
UNION ALL SELECT 'supervisor', unnest(ARRAY['sell', 'return_with_receipt', 'close_shift', 'price_override',
    'discount_above_limit', 'void_after_payment', 'open_drawer'])
UNION ALL SELECT 'manager', name FROM permission WHERE used = 'till'
UNION ALL SELECT 'manager', unnest(ARRAY['reports:read', 'catalog:read', 'directory:read'])
UNION ALL SELECT 'accountant', unnest(ARRAY['reports:read', 'catalog:read', 'directory:read'])
UNION ALL SELECT 'buyer', unnest(ARRAY['reports:read', 'catalog:write', 'directory:read'])
UNION ALL SELECT 'auditor', unnest(ARRAY['audit:read', 'reports:read', 'catalog:read', 'directory:read'])
UNION ALL SELECT 'administrator', 'admin';

CREATE TABLE cashier (
    user_id    uuid PRIMARY KEY,
    region_id  int  NOT NULL CONSTRAINT cashier_region_known REFERENCES region,
    -- What is keyed in at the till.
    code       text NOT NULL CONSTRAINT cashier_code_form CHECK (code ~ '^[A-Z0-9]{1,12}$'),
    name_en    text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar    text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 120),
    role       text NOT NULL CONSTRAINT cashier_role_known REFERENCES role
               CONSTRAINT cashier_role_at_till CHECK (role IN ('cashier', 'supervisor', 'manager')),
    -- Argon2id, in its own string form. A PIN is short: only the hash's cost and the lock-out stand
    -- between a stolen hash and the PIN, so a till also needs its device share to open records.
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
    full_name     text NOT NULL DEFAULT '' CHECK (length(full_name) <= 120),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    -- Codes of the regions that the user is limited to; null is every region, and head office.
    regions       text[] CHECK (cardinality(regions) BETWEEN 1 AND 64),
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- A user may do what any of these roles may. Cashiers and supervisors work at tills only.
CREATE TABLE user_role (
    user_id uuid NOT NULL CONSTRAINT user_role_user_known REFERENCES user_account,
    role    text NOT NULL CONSTRAINT user_role_known REFERENCES role
            CONSTRAINT user_role_at_office CHECK (role NOT IN ('cashier', 'supervisor')),
    PRIMARY KEY (user_id, role)
);

CREATE VIEW user_scope AS
SELECT DISTINCT u.user_id, p.permission AS scope
FROM user_role AS u JOIN role_permission AS p USING (role) JOIN permission AS n ON n.name = p.permission
WHERE n.used = 'api';

-- Somebody must be able to put right what an administrator does, and who is limited to regions reaches nothing
-- that could. The lock makes two who switch each other
-- off at a time wait: the second one's question then sees what the first one has done.
CREATE FUNCTION keep_an_administrator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
    PERFORM FROM role WHERE name = 'administrator' FOR UPDATE;
    -- Where there is nobody yet, a statement that changed nothing took nobody away.
    IF EXISTS (SELECT FROM user_account)
       AND NOT EXISTS (SELECT FROM user_account AS u JOIN user_role AS r USING (user_id)
                   WHERE u.active AND u.regions IS NULL AND r.role = 'administrator') THEN
        RAISE EXCEPTION 'nobody would be an administrator any more'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'last_administrator';
    END IF;
    RETURN NULL;
END $body$;
CREATE TRIGGER keep_an_administrator AFTER UPDATE OF active, regions ON user_account
    FOR EACH STATEMENT EXECUTE FUNCTION keep_an_administrator();
CREATE TRIGGER keep_an_administrator AFTER UPDATE OR DELETE ON user_role
    FOR EACH STATEMENT EXECUTE FUNCTION keep_an_administrator();

CREATE TABLE api_token (
    token_id   uuid PRIMARY KEY,
    -- SHA-256 is enough: a token is 256 random bits, there is nothing to guess.
    digest     bytea NOT NULL CONSTRAINT api_token_digest_unique UNIQUE CHECK (length(digest) = 32),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    -- Of a session: those that it began with. What it may do is what its user may do now.
    scopes     text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 0 AND 16),
    -- As of a user; a user's own limit holds besides.
    regions    text[] CHECK (cardinality(regions) BETWEEN 1 AND 64),
    -- Null for a token made for a program rather than by signing in.
    user_id    uuid CONSTRAINT api_token_user_known REFERENCES user_account,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE VIEW reference_cashier AS
SELECT c.user_id, c.role, c.user_id::text AS key,
       c.region_id AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('user_id', c.user_id, 'code', c.code, 'name_en', c.name_en,
           'name_ar', c.name_ar, 'role', c.role,
           'permissions', (SELECT coalesce(jsonb_agg(p.permission ORDER BY p.permission), '[]'::jsonb)
                           FROM role_permission AS p JOIN permission AS n ON n.name = p.permission
                           WHERE p.role = c.role AND n.used = 'till'),
           'branch_ids', (SELECT coalesce(jsonb_agg(b.branch_id ORDER BY b.branch_id), '[]'::jsonb)
                          FROM cashier_branch AS b WHERE b.user_id = c.user_id),
           'pin_hash', c.pin_hash, 'active', c.active) AS payload
FROM cashier AS c;

CALL publish_changes('cashier', 'cashier', 'own', 'user_id');
CALL publish_changes('cashier_branch', 'cashier', 'part', 'user_id');
-- Whoever changes what a role may do locks the role first: a cashier who gets it meanwhile then waits.
CALL publish_changes('role_permission', 'cashier', 'part', 'role');

CREATE TRIGGER cashier_scope BEFORE UPDATE ON cashier FOR EACH ROW
    EXECUTE FUNCTION refuse_change('user_id', 'region_id');
