-- What head office sets for the tills of a region or of a branch; sales.till_settings says what may be in it.

CREATE TABLE till_settings (
    -- 'region' or 'branch', whose id; a branch's members win over its region's.
    scope     text  NOT NULL CHECK (scope IN ('region', 'branch')),
    id        int   NOT NULL,
    region_id int   NOT NULL CONSTRAINT till_settings_region_known REFERENCES region,
    branch_id int,
    settings  jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
    PRIMARY KEY (scope, id),
    CONSTRAINT till_settings_branch_in_region FOREIGN KEY (branch_id, region_id)
        REFERENCES branch (branch_id, region_id),
    CHECK (id = CASE scope WHEN 'branch' THEN branch_id ELSE region_id END),
    CHECK ((scope = 'branch') = (branch_id IS NOT NULL))
);

CREATE VIEW reference_till_settings AS
SELECT scope, id, scope || ':' || id AS key, region_id AS scope_region_id, branch_id AS scope_branch_id,
       settings AS payload
FROM till_settings;

CALL publish_changes('till_settings', 'till_settings', 'own', 'scope', 'id');
CREATE TRIGGER till_settings_scope BEFORE UPDATE ON till_settings FOR EACH ROW
    EXECUTE FUNCTION refuse_change('scope', 'id', 'region_id', 'branch_id');
CALL audit_table('till_settings');

GRANT SELECT, INSERT, UPDATE (settings) ON till_settings TO octonext_app;
