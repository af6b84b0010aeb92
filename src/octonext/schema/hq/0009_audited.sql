-- What head office records of its tables, and which of them only grow.

CALL audit_table('organisation');
CALL audit_table('region');
CALL audit_table('shard');
CALL audit_table('branch');
CALL audit_table('device');
CALL audit_table('enrolment', 'code_digest');
CALL audit_table('role');
CALL audit_table('permission');
CALL audit_table('role_permission');
CALL audit_table('cashier', 'pin_hash');
CALL audit_table('cashier_branch');
CALL audit_table('user_account', 'password_hash');
CALL audit_table('user_role');
CALL audit_table('api_token', 'digest');
CALL audit_table('category');
CALL audit_table('product');
CALL audit_table('barcode');
CALL audit_table('price_list');
CALL audit_table('price');
CALL audit_table('cost');
CALL audit_table('tax');

-- The feed is written by the triggers of the tables above, each change of which is recorded there. Whatever
-- else changes it would tell the shards what no table says.
CALL audit_kept_table('reference', ARRAY['publish_reference'], 'payload.pin_hash');
CALL append_only('reference_history');

-- What each machine's configuration was when it last started, key by key, as digests: that a key was
-- changed is recorded by itself, what it says is nobody's business here.
CREATE TABLE configuration_key (
    machine text  NOT NULL CHECK (length(machine) BETWEEN 1 AND 255),
    key     text  NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest  bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (machine, key)
);
CALL audit_table('configuration_key');
GRANT SELECT, INSERT, UPDATE (digest), DELETE ON configuration_key TO octonext_app;
