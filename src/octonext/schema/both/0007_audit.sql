-- The audit trail: who changed what, when, from where and with what; and tables that only ever grow.
--
-- Written by triggers, so no code path, and no hand at a psql prompt, changes an audited table without a
-- trace. Every trigger here is ENABLE ALWAYS: an ordinary one, and an event trigger too, sleeps under
-- session_replication_role = replica. What a claimed actor is worth stands beside it: the role that
-- logged in and the connection's own address, which no setting can forge. See docs/decisions/0018.

-- One row per transaction that changed something audited.
CREATE TABLE audit_transaction (
    xid              xid8        NOT NULL DEFAULT pg_current_xact_id(),
    at               timestamptz NOT NULL DEFAULT now(),
    -- Who says to be acting: 'user', 'token', 'device', 'process', 'operator', or 'anonymous' for
    -- a request before anybody is known; 'none' when nothing was claimed, as from a psql prompt; 'malformed'
    -- when what was claimed cannot be read.
    actor_kind       text        NOT NULL,
    actor_id         text,
    actor_name       text,
    actor_ip         inet,
    device_id        integer,
    key_thumbprint   text,
    user_agent       text,
    app_version      text,
    request_id       text,
    -- what was claimed, when it could not be read
    claim            text,
    -- The role that logged in stays what it was whatever SET SESSION AUTHORIZATION and SET ROLE make of
    -- the other two; "none" is no SET ROLE.
    login_role       text,
    session_role     text        NOT NULL,
    set_role         text        NOT NULL,
    -- null: a Unix socket
    client_addr      inet,
    application_name text        NOT NULL,
    backend_pid      integer     NOT NULL,
    -- 'replica' puts ordinary triggers and foreign keys to sleep: whoever needs it says so here
    replication_role text        NOT NULL,
    PRIMARY KEY (at, xid)
) PARTITION BY RANGE (at);
CREATE INDEX audit_transaction_xid ON audit_transaction (xid);

-- One row per row that was inserted, updated or deleted, and one per event. `before` and `after` hold the
-- whole row for an insert and a delete, only the changed columns for an update. A secret stands there as
-- the word "secret", nothing is derived from it. An update that moves a key is a delete and an insert.
CREATE TABLE audit_change (
    xid        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL DEFAULT now(),
    -- 'event' for an event, whose kind is in the key
    table_name text        NOT NULL,
    -- 'insert', 'update', 'delete' or 'event'
    operation  text        NOT NULL,
    key        jsonb       NOT NULL,
    before     jsonb,
    after      jsonb,
    PRIMARY KEY (at, xid, id)
) PARTITION BY RANGE (at);
-- Whoever seals reads by transaction. All rows of one are one entry of it, as good as for nothing.
CREATE INDEX audit_change_xid ON audit_change (xid);

-- Notes who is acting, once per transaction. Whatever was claimed, this never fails: a change must not be
-- refused, or go unrecorded, because of what its author says about himself.
CREATE FUNCTION audit_who() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_claim text := nullif(current_setting('octonext.actor', true), '');
    v_actor jsonb;
    v_who   audit_transaction;
BEGIN
    IF EXISTS (SELECT FROM audit_transaction t WHERE t.at = now() AND t.xid = pg_current_xact_id()) THEN
        RETURN;
    END IF;
    IF v_claim IS NULL THEN
        v_who.actor_kind := 'none';
    ELSE
        BEGIN
            v_actor := v_claim::jsonb;
            v_who.actor_kind := v_actor ->> 'kind';
            IF v_who.actor_kind NOT IN ('user', 'token', 'device', 'process', 'operator', 'anonymous')
               OR v_actor ->> 'id' IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'invalid_text_representation';
            END IF;
            v_who.actor_id := left(v_actor ->> 'id', 200);
            v_who.actor_name := left(v_actor ->> 'name', 200);
            v_who.actor_ip := (v_actor ->> 'ip')::inet;
            v_who.device_id := (v_actor ->> 'device_id')::integer;
            v_who.key_thumbprint := left(v_actor ->> 'key_thumbprint', 200);
            v_who.user_agent := left(v_actor ->> 'user_agent', 400);
            v_who.app_version := left(v_actor ->> 'app_version', 200);
            v_who.request_id := left(v_actor ->> 'request_id', 200);
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            v_who := NULL;
        END;
        IF v_who.actor_kind IS NULL THEN
            v_who.actor_kind := 'malformed';
            v_who.claim := left(v_claim, 400);
        END IF;
    END IF;
    INSERT INTO audit_transaction (
        actor_kind, actor_id, actor_name, actor_ip, device_id, key_thumbprint, user_agent, app_version,
        request_id, claim, login_role, session_role, set_role, client_addr, application_name, backend_pid,
        replication_role)
    VALUES (
        v_who.actor_kind, v_who.actor_id, v_who.actor_name, v_who.actor_ip, v_who.device_id,
        v_who.key_thumbprint, v_who.user_agent, v_who.app_version, v_who.request_id, v_who.claim,
        (SELECT r.rolname FROM pg_stat_get_activity(pg_backend_pid()) a JOIN pg_roles r ON r.oid = a.usesysid),
        session_user, current_setting('role'), inet_client_addr(), current_setting('application_name'),
        pg_backend_pid(), current_setting('session_replication_role'))
    ON CONFLICT DO NOTHING;
END $$;

-- Writes an event: what happened that is no change of a row. For every role; who it was is noted beside it.
CREATE FUNCTION audit_event(p_kind text, p_detail jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM audit_who();
    INSERT INTO audit_change (table_name, operation, key, after)
    VALUES ('event', 'event', jsonb_build_object('event', p_kind), p_detail);
END $$;

-- The statement that records what a statement changed, for one table and operation. Its columns are read
-- when it runs: one that a migration adds is recorded from then on. Sets, never a loop over rows.
--
-- p_secrets: columns, or column.member of a jsonb column, of which only the change is recorded.
CREATE FUNCTION audit_statement(p_table regclass, p_operation text, p_secrets text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH columns AS (
        SELECT a.attnum, quote_ident(a.attname) AS name, to_json(a.attname::text) AS label,
               a.attname = ANY (p_secrets) AS is_secret,
               (SELECT split_part(s, '.', 2) FROM unnest(p_secrets) s
                 WHERE split_part(s, '.', 1) = a.attname AND s LIKE '%.%') AS secret_member,
               EXISTS (SELECT FROM pg_index i WHERE i.indrelid = p_table AND i.indisprimary
                          AND a.attnum = ANY (i.indkey)) AS is_key
          FROM pg_attribute a
         WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
    ), spoken AS (
        -- How a value is written down: %1$s is the row it is taken from.
        SELECT *, CASE
            WHEN is_secret THEN format('CASE WHEN %%1$s.%s IS NOT NULL THEN ''secret'' END', name)
            WHEN secret_member IS NOT NULL THEN format(
                'CASE WHEN %%1$s.%1$s ? %2$L THEN %%1$s.%1$s || jsonb_build_object(%2$L, ''secret'')'
                ' ELSE %%1$s.%1$s END', name, secret_member)
            ELSE format('%%1$s.%s', name) END AS value
          FROM columns
    ), pieces AS (
        SELECT string_agg(format('%L, %s', s.label #>> '{}', format(s.value, 'o')), ', ' ORDER BY attnum) AS old_row,
               string_agg(format('%L, %s', s.label #>> '{}', format(s.value, 'n')), ', ' ORDER BY attnum) AS new_row,
               string_agg(format('CASE WHEN o.%1$s IS DISTINCT FROM n.%1$s THEN %2$L || coalesce(to_json(%3$s)::text, ''null'') END',
                                 name, ',' || label || ':', format(s.value, 'o')), ', ' ORDER BY attnum) AS old_changed,
               string_agg(format('CASE WHEN o.%1$s IS DISTINCT FROM n.%1$s THEN %2$L || coalesce(to_json(%3$s)::text, ''null'') END',
                                 name, ',' || label || ':', format(s.value, 'n')), ', ' ORDER BY attnum) AS new_changed,
               string_agg(format('o.%1$s IS DISTINCT FROM n.%1$s', name), ' OR ' ORDER BY attnum) AS is_changed,
               string_agg(format('%L, o.%s', label #>> '{}', name), ', ' ORDER BY attnum) FILTER (WHERE is_key) AS old_key,
               string_agg(format('%L, n.%s', label #>> '{}', name), ', ' ORDER BY attnum) FILTER (WHERE is_key) AS new_key,
               string_agg(format('o.%1$s = n.%1$s', name), ' AND ' ORDER BY attnum) FILTER (WHERE is_key) AS same_key,
               (array_agg(name ORDER BY attnum) FILTER (WHERE is_key))[1] AS first_key
          FROM spoken s
    )
    SELECT format('INSERT INTO audit_change (table_name, operation, key, before, after) SELECT %L, ',
                  (SELECT relname FROM pg_class WHERE oid = p_table))
        || CASE p_operation
           WHEN 'INSERT' THEN format('''insert'', jsonb_build_object(%s), NULL, jsonb_build_object(%s) FROM new_rows n',
                                     new_key, new_row)
           WHEN 'DELETE' THEN format('''delete'', jsonb_build_object(%s), jsonb_build_object(%s), NULL FROM old_rows o',
                                     old_key, old_row)
           ELSE format('CASE WHEN n.%1$s IS NULL THEN ''delete'' WHEN o.%1$s IS NULL THEN ''insert'' ELSE ''update'' END, '
                       'CASE WHEN n.%1$s IS NULL THEN jsonb_build_object(%2$s) ELSE jsonb_build_object(%3$s) END, '
                       'CASE WHEN o.%1$s IS NOT NULL THEN (''{'' || substr(concat(%4$s), 2) || ''}'')::jsonb END, '
                       'CASE WHEN n.%1$s IS NOT NULL THEN (''{'' || substr(concat(%5$s), 2) || ''}'')::jsonb END '
                       'FROM old_rows o FULL JOIN new_rows n ON %6$s WHERE %7$s',
                       first_key, old_key, new_key, old_changed, new_changed, same_key, is_changed)
           END
      FROM pieces
$$;

-- Records what a statement changed. Arguments: the secrets of audit_statement().
-- How a value is spelled must not depend on the session that changed it.
CREATE FUNCTION audit_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET datestyle = 'ISO' SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
DECLARE
    v_recorded bigint;
BEGIN
    EXECUTE audit_statement(TG_RELID, TG_OP, TG_ARGV);
    GET DIAGNOSTICS v_recorded = ROW_COUNT;
    IF v_recorded > 0 THEN
        PERFORM audit_who();
    END IF;
    RETURN NULL;
END $$;

-- Records what a statement changed in a table that functions of ours keep, unless it was one of them: what
-- they write is the sum, or the copy, of rows that stay for ever, and can be computed again from them.
-- Arguments: the functions, joined with commas; then the secrets of audit_statement().
--
-- The call stack tells who it was. Its last line is the outermost function: no setting and no text of a
-- statement gets there, and a function of another schema or with a name in quotes reads differently.
CREATE FUNCTION audit_rows_unless_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_stack    text;
    v_recorded bigint;
    v_settings text[];
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    v_stack := split_part(v_stack, E'\n', -1);
    -- The words around the name are in the server's language.
    IF split_part(split_part(v_stack, '(', 1), ' ', -1) = ANY (string_to_array(TG_ARGV[0], ','))
       AND strpos(v_stack, '"') = 0 THEN
        RETURN NULL;
    END IF;
    v_settings := ARRAY[current_setting('timezone'), current_setting('datestyle'),
                        current_setting('bytea_output'), current_setting('extra_float_digits')];
    PERFORM set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true),
            set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true);
    EXECUTE audit_statement(TG_RELID, TG_OP, TG_ARGV[1:]);
    GET DIAGNOSTICS v_recorded = ROW_COUNT;
    PERFORM set_config('timezone', v_settings[1], true), set_config('datestyle', v_settings[2], true),
            set_config('bytea_output', v_settings[3], true), set_config('extra_float_digits', v_settings[4], true);
    IF v_recorded > 0 THEN
        PERFORM audit_who();
    END IF;
    RETURN NULL;
END $$;

-- TRUNCATE has no transition table: it would empty an audited table without naming a row.
CREATE FUNCTION refuse_unrecorded_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'table % is audited: delete its rows instead', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Refuses to rewrite what only ever grows: a mistake is corrected by another row that says so.
CREATE FUNCTION refuse_rewrite() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'table % only ever grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Correct it by a further row. Whole months leave by retention, which detaches them.';
END $$;

-- Puts the recording triggers on a table: one for each operation, as transition tables want it.
CREATE PROCEDURE audit_by(p_table regclass, p_function regproc, p_arguments text[])
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_arguments text := (SELECT coalesce(string_agg(quote_literal(a), ', ' ORDER BY n), '')
                           FROM unnest(p_arguments) WITH ORDINALITY AS t (a, n));
    v_trigger   record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = p_table AND indisprimary) THEN
        RAISE EXCEPTION 'table % has no primary key to be audited by', p_table;
    END IF;
    FOR v_trigger IN
        SELECT * FROM (VALUES
            ('audit_insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS new_rows', p_function, v_arguments),
            ('audit_update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
             p_function, v_arguments),
            ('audit_delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS old_rows', p_function, v_arguments),
            ('refuse_truncate_always', 'BEFORE TRUNCATE', '', 'refuse_unrecorded_truncate'::regproc, '')
        ) AS t (name, moment, tables, function, arguments)
    LOOP
        EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s(%s)',
                       v_trigger.name, v_trigger.moment, p_table, v_trigger.tables, v_trigger.function,
                       v_trigger.arguments);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', p_table, v_trigger.name);
    END LOOP;
END $$;

-- Records every change of a table. p_secrets: what audit_statement() keeps to itself.
CREATE PROCEDURE audit_table(p_table regclass, VARIADIC p_secrets text[] DEFAULT '{}')
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CALL audit_by(p_table, 'audit_rows', p_secrets);
END $$;

-- Records every change of a table that does not come from the functions that keep it.
CREATE PROCEDURE audit_kept_table(p_table regclass, p_functions text[], VARIADIC p_secrets text[] DEFAULT '{}')
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CALL audit_by(p_table, 'audit_rows_unless_kept', array_to_string(p_functions, ',') || p_secrets);
END $$;

-- Lets a table, and its partitions, only grow. A partition needs its own triggers: a statement that names it
-- does not fire those of the table.
CREATE PROCEDURE append_only(p_table regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_relation regclass;
BEGIN
    FOR v_relation IN
        SELECT p_table UNION SELECT relid FROM pg_partition_tree(p_table)
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite()', v_relation);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', v_relation);
    END LOOP;
END $$;

-- Creates the month partitions of every partitioned table from the month of p_from on, and lets those of an
-- append-only table only grow. Returns how many were created. Run ahead by a job; rows are partitioned by
-- the database's clock, never a till's.
CREATE FUNCTION ensure_month_partitions(p_from date, p_months integer) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_parent  regclass;
    v_month   date;
    v_name    text;
    v_created integer := 0;
BEGIN
    FOR v_parent IN
        SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'p' AND n.nspname = 'public' ORDER BY c.relname
    LOOP
        FOR i IN 0 .. p_months - 1 LOOP
            v_month := date_trunc('month', p_from)::date + make_interval(months => i);
            v_name  := format('%s_%s', v_parent, to_char(v_month, 'YYYY_MM'));
            CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                v_name, v_parent,
                v_month::timestamp AT TIME ZONE 'UTC',
                (v_month + interval '1 month')::timestamp AT TIME ZONE 'UTC'
            );
            IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = v_parent AND tgname = 'append_only') THEN
                CALL append_only(v_name);
            END IF;
            v_created := v_created + 1;
        END LOOP;
    END LOOP;
    RETURN v_created;
END $$;

-- How every table and partition is guarded, as the catalogue says, for tests and for whoever watches over a
-- database. Bits of tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
CREATE VIEW audit_coverage AS
SELECT c.relname::text AS table_name, c.relispartition AS is_partition,
       coalesce(bit_or(t.tgtype) FILTER (WHERE t.tgfoid IN ('audit_rows'::regproc, 'audit_rows_unless_kept'::regproc)
                                            AND t.tgtype & 3 = 0), 0) & 28 = 28
       AND coalesce(bool_or(t.tgtype & 32 = 32 AND t.tgfoid = 'refuse_unrecorded_truncate'::regproc), false)
           AS is_audited,
       coalesce(bit_or(t.tgfoid::integer) FILTER (WHERE t.tgfoid = 'audit_rows_unless_kept'::regproc), 0) <> 0
           AS is_kept,
       coalesce(bit_or(t.tgtype) FILTER (WHERE t.tgfoid = 'refuse_rewrite'::regproc AND t.tgtype & 3 = 2), 0)
           & 56 = 56 AS is_append_only
  FROM pg_class c
  LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgenabled = 'A' AND NOT t.tgisinternal
       -- a trigger with a condition, or for some columns only, covers nothing
       AND t.tgqual IS NULL AND t.tgattr = ''
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
 GROUP BY c.oid, c.relname, c.relispartition;

CALL append_only('audit_transaction');
CALL append_only('audit_change');
CALL append_only('schema_migration');

-- The trail must have a place for what the next migrations, and the first change, leave in it.
SELECT ensure_month_partitions((now() AT TIME ZONE 'UTC')::date, 4);

REVOKE ALL ON FUNCTION audit_who(), audit_event(text, jsonb), audit_statement(regclass, text, text[]), audit_rows(),
    audit_rows_unless_kept(), refuse_unrecorded_truncate(), refuse_rewrite(),
    ensure_month_partitions(date, integer) FROM public;
REVOKE ALL ON PROCEDURE audit_by(regclass, regproc, text[]), audit_table(regclass, text[]),
    audit_kept_table(regclass, text[], text[]), append_only(regclass) FROM public;
GRANT SELECT ON audit_transaction, audit_change, audit_coverage TO octonext_app;
GRANT EXECUTE ON FUNCTION audit_event(text, jsonb) TO octonext_app;
