-- The sum of all migrations. Written by `python -m octonext.processes.snapshot`; do not edit.

--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: append_only(regclass); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.append_only(IN p_table regclass)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: archive_month(date, bigint, bigint, text, bytea, bigint, bytea, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.archive_month(p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint, p_transactions_signature bytea, p_changes_signature bytea) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: audit_by(regclass, regproc, text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.audit_by(IN p_table regclass, IN p_function regproc, IN p_arguments text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: audit_event(text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_event(p_kind text, p_detail jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM audit_who();
    INSERT INTO audit_change (table_name, operation, key, after)
    VALUES ('event', 'event', jsonb_build_object('event', p_kind), p_detail);
END $$;


--
-- Name: audit_kept_table(regclass, text[], text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.audit_kept_table(IN p_table regclass, IN p_functions text[], VARIADIC p_secrets text[] DEFAULT '{}'::text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    CALL audit_by(p_table, 'audit_rows_unless_kept', array_to_string(p_functions, ',') || p_secrets);
END $$;


--
-- Name: audit_rows(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $$
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


--
-- Name: audit_rows_unless_kept(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_rows_unless_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: audit_statement(regclass, text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_statement(p_table regclass, p_operation text, p_secrets text[]) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;


--
-- Name: audit_table(regclass, text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.audit_table(IN p_table regclass, VARIADIC p_secrets text[] DEFAULT '{}'::text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    CALL audit_by(p_table, 'audit_rows', p_secrets);
END $$;


--
-- Name: audit_who(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_who() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: ensure_month_partitions(date, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ensure_month_partitions(p_from date, p_months integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: keep_an_administrator(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.keep_an_administrator() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO '$user', 'public'
    AS $$
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
END $$;


--
-- Name: publish_changes(regclass, text, text, text[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.publish_changes(IN p_table regclass, IN p_kind text, IN p_mode text, VARIADIC p_columns text[])
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $_$
DECLARE
    v_arguments text := (SELECT string_agg(quote_literal(a), ', ')
                         FROM unnest(ARRAY[p_kind, p_mode] || p_columns) AS a);
BEGIN
    EXECUTE format('CREATE TRIGGER publish_%1$s_insert AFTER INSERT ON %2$s
        REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION publish_reference(%3$s)', p_kind, p_table, v_arguments);
    EXECUTE format('CREATE TRIGGER publish_%1$s_update AFTER UPDATE ON %2$s
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION publish_reference(%3$s)', p_kind, p_table, v_arguments);
    EXECUTE format('CREATE TRIGGER publish_%1$s_delete AFTER DELETE ON %2$s
        REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION publish_reference(%3$s)', p_kind, p_table, v_arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()', p_table);
END $_$;


--
-- Name: publish_reference(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.publish_reference() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO '$user', 'public'
    SET "DateStyle" TO 'ISO'
    AS $_$
DECLARE
    v_published bigint;
    v_deleted bigint  := 0;
    v_kind    text    := TG_ARGV[0];
    v_own     boolean := TG_ARGV[1] = 'own';
    v_columns text    := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                          FROM unnest(TG_ARGV[2:]) WITH ORDINALITY AS t (c, n));
    v_changed text    := CASE TG_OP
        WHEN 'INSERT' THEN format('SELECT %s FROM new_rows', v_columns)
        WHEN 'DELETE' THEN format('SELECT %s FROM old_rows', v_columns)
        ELSE format('SELECT %1$s FROM new_rows UNION SELECT %1$s FROM old_rows', v_columns)
    END;
BEGIN
    IF NOT v_own THEN
        -- Two transactions may change two parts of one payload at once. The second waits here for
        -- the first, and its next statement then reads what the first committed.
        EXECUTE format('SELECT 1 FROM %I WHERE (%s) IN (%s) ORDER BY %s FOR NO KEY UPDATE',
                       v_kind, v_columns, v_changed, v_columns);
    END IF;

    -- An unchanged payload is not published again: importing the same file twice moves no data.
    EXECUTE format($query$
        INSERT INTO reference AS r (kind, key, region_id, branch_id, payload)
        SELECT %L, v.key, v.scope_region_id, v.scope_branch_id, v.payload
        FROM %I AS v
        WHERE (%s) IN (%s)
        ORDER BY v.key
        ON CONFLICT (kind, key) DO UPDATE
        SET region_id = excluded.region_id, branch_id = excluded.branch_id,
            payload = excluded.payload, xid = pg_current_xact_id(), id = excluded.id
        WHERE (r.region_id, r.branch_id, r.payload)
              IS DISTINCT FROM (excluded.region_id, excluded.branch_id, excluded.payload)
        $query$, v_kind, 'reference_' || v_kind, v_columns, v_changed);
    GET DIAGNOSTICS v_published = ROW_COUNT;

    IF v_own AND TG_OP <> 'INSERT' THEN
        EXECUTE format($query$
            UPDATE reference
            SET payload = NULL, xid = pg_current_xact_id(),
                id = nextval(pg_get_serial_sequence('reference', 'id'))
            WHERE kind = %L AND payload IS NOT NULL
              AND key IN (SELECT concat_ws(':', %s) FROM old_rows %s)
            $query$, v_kind, v_columns,
            CASE TG_OP WHEN 'UPDATE'
                THEN format('EXCEPT SELECT concat_ws('':'', %s) FROM new_rows', v_columns)
                ELSE '' END);
        GET DIAGNOSTICS v_deleted = ROW_COUNT;
    END IF;
    IF v_published + v_deleted > 0 THEN
        INSERT INTO reference_history DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $_$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM unnest(TG_ARGV) AS c
               WHERE to_jsonb(OLD) -> c IS DISTINCT FROM to_jsonb(NEW) -> c) THEN
        RAISE EXCEPTION '% of a % cannot change', array_to_string(TG_ARGV, ', '), TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = TG_TABLE_NAME || '_scope_fixed';
    END IF;
    RETURN NEW;
END $$;


--
-- Name: refuse_price_overlap(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_price_overlap() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO '$user', 'public'
    AS $$
DECLARE
    v_overlap record;
BEGIN
    PERFORM 1 FROM price_list
    WHERE price_list_id IN (SELECT price_list_id FROM new_rows)
    ORDER BY price_list_id FOR NO KEY UPDATE;

    SELECT n.product_id, n.valid_from, p.valid_from AS other_from INTO v_overlap
    FROM new_rows AS n
    JOIN price AS p ON p.price_list_id = n.price_list_id AND p.product_id = n.product_id
         AND p.valid_from <> n.valid_from
         AND daterange(p.valid_from, p.valid_until, '[]') && daterange(n.valid_from, n.valid_until, '[]')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'price of product % from % overlaps the one from %',
            v_overlap.product_id, v_overlap.valid_from, v_overlap.other_from
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'price_overlap';
    END IF;
    RETURN NULL;
END $$;


--
-- Name: refuse_rewrite(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_rewrite() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'table % only ever grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Correct it by a further row. Whole months leave by retention, which detaches them.';
END $$;


--
-- Name: refuse_truncate(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
BEGIN
    RAISE EXCEPTION 'table % is published to the shards: delete its rows instead', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;


--
-- Name: refuse_unrecorded_truncate(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_unrecorded_truncate() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'table % is audited: delete its rows instead', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: api_token; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_token (
    token_id uuid NOT NULL,
    digest bytea NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    regions text[],
    user_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_token_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT api_token_name_check CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT api_token_regions_check CHECK (((cardinality(regions) >= 1) AND (cardinality(regions) <= 64))),
    CONSTRAINT api_token_scopes_check CHECK (((cardinality(scopes) >= 0) AND (cardinality(scopes) <= 16)))
);


--
-- Name: audit_change; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_change (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    table_name text NOT NULL,
    operation text NOT NULL,
    key jsonb NOT NULL,
    before jsonb,
    after jsonb
)
PARTITION BY RANGE (at);


--
-- Name: audit_change_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.audit_change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_coverage; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.audit_coverage AS
 SELECT (c.relname)::text AS table_name,
    c.relispartition AS is_partition,
    (((COALESCE((bit_or(t.tgtype) FILTER (WHERE ((t.tgfoid = ANY (ARRAY[('public.audit_rows'::regproc)::oid, ('public.audit_rows_unless_kept'::regproc)::oid])) AND (((t.tgtype)::integer & 3) = 0))))::integer, 0) & 28) = 28) AND COALESCE(bool_or(((((t.tgtype)::integer & 32) = 32) AND (t.tgfoid = ('public.refuse_unrecorded_truncate'::regproc)::oid))), false)) AS is_audited,
    (COALESCE(bit_or((t.tgfoid)::integer) FILTER (WHERE (t.tgfoid = ('public.audit_rows_unless_kept'::regproc)::oid)), 0) <> 0) AS is_kept,
    ((COALESCE((bit_or(t.tgtype) FILTER (WHERE ((t.tgfoid = ('public.refuse_rewrite'::regproc)::oid) AND (((t.tgtype)::integer & 3) = 2))))::integer, 0) & 56) = 56) AS is_append_only
   FROM (pg_class c
     LEFT JOIN pg_trigger t ON (((t.tgrelid = c.oid) AND (t.tgenabled = 'A'::"char") AND (NOT t.tgisinternal) AND (t.tgqual IS NULL) AND (t.tgattr = ''::int2vector))))
  WHERE ((c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) AND (c.relnamespace = ('public'::regnamespace)::oid))
  GROUP BY c.oid, c.relname, c.relispartition;


--
-- Name: audit_transaction; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_transaction (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor_kind text NOT NULL,
    actor_id text,
    actor_name text,
    actor_ip inet,
    device_id integer,
    key_thumbprint text,
    user_agent text,
    app_version text,
    request_id text,
    claim text,
    login_role text,
    session_role text NOT NULL,
    set_role text NOT NULL,
    client_addr inet,
    application_name text NOT NULL,
    backend_pid integer NOT NULL,
    replication_role text NOT NULL
)
PARTITION BY RANGE (at);


--
-- Name: barcode; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.barcode (
    barcode text NOT NULL,
    product_id uuid NOT NULL,
    kind text NOT NULL,
    CONSTRAINT barcode_barcode_check CHECK ((barcode ~ '^[A-Za-z0-9._/-]{1,32}$'::text)),
    CONSTRAINT barcode_kind_check CHECK ((kind = ANY (ARRAY['ean13'::text, 'ean8'::text, 'upca'::text, 'gtin14'::text, 'internal'::text])))
);


--
-- Name: branch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.branch (
    branch_id integer NOT NULL,
    organisation_id uuid NOT NULL,
    region_id integer NOT NULL,
    shard_id text NOT NULL,
    jurisdiction text NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_ar text DEFAULT ''::text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT branch_code_form CHECK ((code ~ '^[A-Z0-9]{2,8}$'::text)),
    CONSTRAINT branch_name_ar_check CHECK ((length(name_ar) <= 120)),
    CONSTRAINT branch_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 120)))
);


--
-- Name: branch_branch_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.branch ALTER COLUMN branch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.branch_branch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: cashier; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cashier (
    user_id uuid NOT NULL,
    region_id integer NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_ar text DEFAULT ''::text NOT NULL,
    role text NOT NULL,
    pin_hash text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cashier_code_form CHECK ((code ~ '^[A-Z0-9]{1,12}$'::text)),
    CONSTRAINT cashier_name_ar_check CHECK ((length(name_ar) <= 120)),
    CONSTRAINT cashier_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 120))),
    CONSTRAINT cashier_pin_hash_check CHECK ((pin_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT cashier_role_at_till CHECK ((role = ANY (ARRAY['cashier'::text, 'supervisor'::text, 'manager'::text])))
);


--
-- Name: cashier_branch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cashier_branch (
    user_id uuid NOT NULL,
    branch_id integer NOT NULL,
    region_id integer NOT NULL
);


--
-- Name: category; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.category (
    category_id uuid NOT NULL,
    code text NOT NULL,
    parent_id uuid,
    name_en text NOT NULL,
    name_ar text DEFAULT ''::text NOT NULL,
    CONSTRAINT category_check CHECK ((parent_id <> category_id)),
    CONSTRAINT category_code_form CHECK ((code ~ '^[A-Z0-9][A-Z0-9-]{0,31}$'::text)),
    CONSTRAINT category_name_ar_check CHECK ((length(name_ar) <= 120)),
    CONSTRAINT category_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 120)))
);


--
-- Name: configuration_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.configuration_key (
    machine text NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT configuration_key_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT configuration_key_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT configuration_key_machine_check CHECK (((length(machine) >= 1) AND (length(machine) <= 255)))
);


--
-- Name: cost; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cost (
    region_id integer NOT NULL,
    product_id uuid NOT NULL,
    cost bigint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT cost_cost_check CHECK (((cost >= 0) AND (cost <= '1000000000000'::bigint)))
);


--
-- Name: device; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device (
    device_id integer NOT NULL,
    branch_id integer NOT NULL,
    code text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    public_key bytea,
    reason text,
    share_key text,
    share_generation integer DEFAULT 1 NOT NULL,
    unlocked_at timestamp with time zone,
    footprint jsonb DEFAULT '{}'::jsonb NOT NULL,
    enrolled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT device_check CHECK (((status <> 'enrolled'::text) OR (public_key IS NOT NULL))),
    CONSTRAINT device_code_form CHECK ((code ~ '^[A-Z][A-Z0-9]{1,7}$'::text)),
    CONSTRAINT device_name_check CHECK ((length(name) <= 80)),
    CONSTRAINT device_reason CHECK ((reason = ANY (ARRAY['revoked'::text, 'stolen'::text]))),
    CONSTRAINT device_revoked_for CHECK (((status = 'revoked'::text) = (reason IS NOT NULL))),
    CONSTRAINT device_share_generation_check CHECK ((share_generation >= 1)),
    CONSTRAINT device_share_key_check CHECK ((share_key ~ '^[0-9a-f]{16}$'::text)),
    CONSTRAINT device_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'enrolled'::text, 'revoked'::text])))
);


--
-- Name: device_device_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.device ALTER COLUMN device_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.device_device_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: enrolment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.enrolment (
    device_id integer NOT NULL,
    code_digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT enrolment_code_digest_check CHECK ((length(code_digest) = 32))
);


--
-- Name: organisation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.organisation (
    organisation_id uuid NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_ar text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT organisation_code_form CHECK ((code ~ '^[A-Z0-9][A-Z0-9-]{1,15}$'::text)),
    CONSTRAINT organisation_name_ar_check CHECK ((length(name_ar) <= 120)),
    CONSTRAINT organisation_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 120)))
);


--
-- Name: permission; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.permission (
    name text NOT NULL,
    used text NOT NULL,
    CONSTRAINT permission_name_check CHECK ((name ~ '^[a-z_:]{2,32}$'::text)),
    CONSTRAINT permission_used_check CHECK ((used = ANY (ARRAY['till'::text, 'api'::text])))
);


--
-- Name: price; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.price (
    price_list_id uuid NOT NULL,
    product_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    amount bigint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT price_amount_check CHECK (((amount >= 0) AND (amount <= '1000000000000'::bigint))),
    CONSTRAINT price_validity CHECK ((valid_until >= valid_from))
);


--
-- Name: price_list; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.price_list (
    price_list_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    region_id integer NOT NULL,
    branch_id integer,
    currency text NOT NULL,
    tax_inclusive boolean NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    CONSTRAINT price_list_code_form CHECK ((code ~ '^[A-Z0-9][A-Z0-9-]{0,31}$'::text)),
    CONSTRAINT price_list_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120))),
    CONSTRAINT price_list_priority_check CHECK (((priority >= 0) AND (priority <= 1000)))
);


--
-- Name: product; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.product (
    product_id uuid NOT NULL,
    sku text NOT NULL,
    name_en text NOT NULL,
    name_ar text DEFAULT ''::text NOT NULL,
    unit text DEFAULT 'piece'::text NOT NULL,
    category_id uuid,
    tax_class text DEFAULT 'standard'::text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT product_name_ar_check CHECK ((length(name_ar) <= 400)),
    CONSTRAINT product_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 400))),
    CONSTRAINT product_sku_check CHECK ((((length(sku) >= 1) AND (length(sku) <= 64)) AND (sku !~ '[[:cntrl:]]'::text))),
    CONSTRAINT product_tax_class_check CHECK ((tax_class = ANY (ARRAY['standard'::text, 'zero'::text, 'exempt'::text, 'none'::text]))),
    CONSTRAINT product_unit_check CHECK ((unit = ANY (ARRAY['piece'::text, 'kg'::text])))
);


--
-- Name: reference; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reference (
    kind text NOT NULL,
    key text NOT NULL,
    region_id integer,
    branch_id integer,
    payload jsonb,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT reference_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT reference_kind_check CHECK ((kind ~ '^[a-z_]{1,32}$'::text))
);


--
-- Name: region; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.region (
    region_id integer NOT NULL,
    code text NOT NULL,
    jurisdiction text NOT NULL,
    currency text NOT NULL,
    time_zone text NOT NULL,
    name_en text NOT NULL,
    name_ar text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT region_code_form CHECK ((code ~ '^[A-Z][A-Z0-9-]{1,15}$'::text)),
    CONSTRAINT region_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT region_jurisdiction_check CHECK ((jurisdiction ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT region_name_ar_check CHECK ((length(name_ar) <= 120)),
    CONSTRAINT region_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 120))),
    CONSTRAINT region_time_zone_check CHECK (((length(time_zone) >= 1) AND (length(time_zone) <= 64)))
);


--
-- Name: reference_branch; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_branch AS
 SELECT b.branch_id,
    b.region_id,
    (b.branch_id)::text AS key,
    b.region_id AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('branch_id', b.branch_id, 'code', b.code, 'name_en', b.name_en, 'name_ar', b.name_ar, 'region_id', b.region_id, 'shard_id', b.shard_id, 'currency', r.currency, 'time_zone', r.time_zone, 'jurisdiction', b.jurisdiction, 'organisation_id', b.organisation_id, 'active', b.active) AS payload
   FROM (public.branch b
     JOIN public.region r USING (region_id));


--
-- Name: role_permission; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.role_permission (
    role text NOT NULL,
    permission text NOT NULL
);


--
-- Name: reference_cashier; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_cashier AS
 SELECT user_id,
    role,
    (user_id)::text AS key,
    region_id AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('user_id', user_id, 'code', code, 'name_en', name_en, 'name_ar', name_ar, 'role', role, 'permissions', ( SELECT COALESCE(jsonb_agg(p.permission ORDER BY p.permission), '[]'::jsonb) AS "coalesce"
           FROM (public.role_permission p
             JOIN public.permission n ON ((n.name = p.permission)))
          WHERE ((p.role = c.role) AND (n.used = 'till'::text))), 'branch_ids', ( SELECT COALESCE(jsonb_agg(b.branch_id ORDER BY b.branch_id), '[]'::jsonb) AS "coalesce"
           FROM public.cashier_branch b
          WHERE (b.user_id = c.user_id)), 'pin_hash', pin_hash, 'active', active) AS payload
   FROM public.cashier c;


--
-- Name: reference_category; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_category AS
 SELECT category_id,
    (category_id)::text AS key,
    NULL::integer AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('category_id', category_id, 'parent_id', parent_id, 'name_en', name_en, 'name_ar', name_ar) AS payload
   FROM public.category;


--
-- Name: reference_cost; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_cost AS
 SELECT region_id,
    product_id,
    concat_ws(':'::text, region_id, product_id) AS key,
    region_id AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('region_id', region_id, 'product_id', product_id, 'cost', cost, 'currency', currency) AS payload
   FROM public.cost;


--
-- Name: reference_device; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_device AS
 SELECT d.device_id,
    (d.device_id)::text AS key,
    b.region_id AS scope_region_id,
    d.branch_id AS scope_branch_id,
    jsonb_build_object('device_id', d.device_id, 'code', d.code, 'branch_id', d.branch_id, 'public_key', replace(encode(d.public_key, 'base64'::text), '
'::text, ''::text), 'status', d.status, 'reason', d.reason, 'name', d.name, 'share_key', d.share_key, 'share_generation', d.share_generation, 'unlocked_at', d.unlocked_at) AS payload
   FROM (public.device d
     JOIN public.branch b USING (branch_id));


--
-- Name: reference_history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reference_history (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    mark uuid DEFAULT gen_random_uuid() NOT NULL
);


--
-- Name: reference_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.reference ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.reference_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: reference_price; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_price AS
 SELECT p.price_list_id,
    p.product_id,
    p.valid_from,
    concat_ws(':'::text, p.price_list_id, p.product_id, to_char((p.valid_from)::timestamp with time zone, 'YYYY-MM-DD'::text)) AS key,
    l.region_id AS scope_region_id,
    l.branch_id AS scope_branch_id,
    jsonb_build_object('price_list_id', p.price_list_id, 'product_id', p.product_id, 'amount', p.amount, 'currency', p.currency, 'valid_from', p.valid_from, 'valid_until', p.valid_until) AS payload
   FROM (public.price p
     JOIN public.price_list l USING (price_list_id));


--
-- Name: reference_price_list; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_price_list AS
 SELECT price_list_id,
    (price_list_id)::text AS key,
    region_id AS scope_region_id,
    branch_id AS scope_branch_id,
    jsonb_build_object('price_list_id', price_list_id, 'name', name, 'region_id', region_id, 'branch_id', branch_id, 'currency', currency, 'tax_inclusive', tax_inclusive, 'priority', priority) AS payload
   FROM public.price_list;


--
-- Name: reference_product; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_product AS
 SELECT product_id,
    (product_id)::text AS key,
    NULL::integer AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('product_id', product_id, 'sku', sku, 'name_en', name_en, 'name_ar', name_ar, 'unit', unit, 'category_id', category_id, 'tax_class', tax_class, 'barcodes', ( SELECT COALESCE(jsonb_agg(b.barcode ORDER BY b.barcode), '[]'::jsonb) AS "coalesce"
           FROM public.barcode b
          WHERE (b.product_id = p.product_id)), 'active', active) AS payload
   FROM public.product p;


--
-- Name: reference_region; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_region AS
 SELECT region_id,
    (region_id)::text AS key,
    region_id AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('region_id', region_id, 'code', code, 'jurisdiction', jurisdiction, 'currency', currency, 'time_zone', time_zone, 'name_en', name_en, 'name_ar', name_ar) AS payload
   FROM public.region;


--
-- Name: tax; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tax (
    jurisdiction text NOT NULL,
    tax_class text NOT NULL,
    tax_code text NOT NULL,
    rate_ppm integer NOT NULL,
    name_en text NOT NULL,
    name_ar text NOT NULL,
    CONSTRAINT tax_class_rate CHECK (((tax_class = 'standard'::text) OR (rate_ppm = 0))),
    CONSTRAINT tax_jurisdiction_check CHECK ((jurisdiction ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT tax_name_ar_check CHECK ((length(name_ar) <= 120)),
    CONSTRAINT tax_name_en_check CHECK (((length(name_en) >= 1) AND (length(name_en) <= 120))),
    CONSTRAINT tax_rate_ppm_check CHECK (((rate_ppm >= 0) AND (rate_ppm <= 1000000))),
    CONSTRAINT tax_tax_class_check CHECK ((tax_class = ANY (ARRAY['standard'::text, 'zero'::text, 'exempt'::text, 'none'::text]))),
    CONSTRAINT tax_tax_code_check CHECK ((tax_code ~ '^[A-Z]{2}-[A-Z0-9]{1,8}$'::text))
);


--
-- Name: reference_tax; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_tax AS
 SELECT jurisdiction,
    tax_class,
    concat_ws(':'::text, jurisdiction, tax_class) AS key,
    NULL::integer AS scope_region_id,
    NULL::integer AS scope_branch_id,
    jsonb_build_object('jurisdiction', jurisdiction, 'tax_class', tax_class, 'tax_code', tax_code, 'rate_ppm', rate_ppm, 'name_en', name_en, 'name_ar', name_ar) AS payload
   FROM public.tax;


--
-- Name: till_settings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.till_settings (
    scope text NOT NULL,
    id integer NOT NULL,
    region_id integer NOT NULL,
    branch_id integer,
    settings jsonb NOT NULL,
    CONSTRAINT till_settings_check CHECK ((id =
CASE scope
    WHEN 'branch'::text THEN branch_id
    ELSE region_id
END)),
    CONSTRAINT till_settings_check1 CHECK (((scope = 'branch'::text) = (branch_id IS NOT NULL))),
    CONSTRAINT till_settings_scope_check CHECK ((scope = ANY (ARRAY['region'::text, 'branch'::text]))),
    CONSTRAINT till_settings_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text))
);


--
-- Name: reference_till_settings; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.reference_till_settings AS
 SELECT scope,
    id,
    ((scope || ':'::text) || id) AS key,
    region_id AS scope_region_id,
    branch_id AS scope_branch_id,
    settings AS payload
   FROM public.till_settings;


--
-- Name: region_region_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.region ALTER COLUMN region_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.region_region_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: role; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.role (
    name text NOT NULL,
    description text NOT NULL,
    CONSTRAINT role_name_check CHECK ((name ~ '^[a-z_]{2,32}$'::text))
);


--
-- Name: schema_migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT schema_migration_version_check CHECK ((version > 0))
);


--
-- Name: seal_archive; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_archive (
    table_name text NOT NULL,
    partition_name text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    row_count bigint NOT NULL,
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    tree_size bigint NOT NULL,
    signature bytea NOT NULL,
    archived_at timestamp with time zone DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT seal_archive_check CHECK ((until_at > from_at)),
    CONSTRAINT seal_archive_file_sha256_check CHECK ((octet_length(file_sha256) = 32)),
    CONSTRAINT seal_archive_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT seal_archive_signature_check CHECK ((octet_length(signature) = 64))
);


--
-- Name: seal_canary; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_canary (
    only_row boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seal_canary_number_check CHECK ((number >= 0)),
    CONSTRAINT seal_canary_only_row_check CHECK (only_row)
);


--
-- Name: seal_catalogue; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_catalogue (
    digest bytea NOT NULL,
    items text NOT NULL,
    CONSTRAINT seal_catalogue_digest_check CHECK ((octet_length(digest) = 32))
);


--
-- Name: seal_head; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_head (
    number bigint NOT NULL,
    head bytea NOT NULL,
    signature bytea NOT NULL,
    hash bytea NOT NULL,
    tree_size bigint NOT NULL,
    edge bytea NOT NULL,
    watermark xid8 NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    catalogue bytea NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT seal_head_catalogue_check CHECK ((octet_length(catalogue) = 32)),
    CONSTRAINT seal_head_edge_check CHECK (((octet_length(edge) % 32) = 0)),
    CONSTRAINT seal_head_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT seal_head_number_check CHECK ((number >= 1)),
    CONSTRAINT seal_head_signature_check CHECK ((octet_length(signature) = 64)),
    CONSTRAINT seal_head_tree_size_check CHECK ((tree_size >= 0))
);


--
-- Name: seal_head_copy; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_head_copy (
    database text NOT NULL,
    number bigint NOT NULL,
    head bytea NOT NULL,
    signature bytea NOT NULL,
    hash bytea NOT NULL,
    leaves bytea NOT NULL,
    catalogue text,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seal_head_copy_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT seal_head_copy_number_check CHECK ((number >= 1)),
    CONSTRAINT seal_head_copy_signature_check CHECK ((octet_length(signature) = 64))
);
ALTER TABLE ONLY public.seal_head_copy ALTER COLUMN leaves SET STORAGE EXTERNAL;


--
-- Name: seal_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_key (
    database text NOT NULL,
    key_id text NOT NULL,
    public_key bytea NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seal_key_public_key_check CHECK ((octet_length(public_key) = 32))
);


--
-- Name: seal_leaves; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seal_leaves (
    number bigint NOT NULL,
    leaves bytea NOT NULL
);
ALTER TABLE ONLY public.seal_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL;


--
-- Name: shard; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shard (
    shard_id text NOT NULL,
    region_code text NOT NULL,
    jurisdiction text NOT NULL,
    sync_public_key bytea NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT shard_jurisdiction_check CHECK ((jurisdiction ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT shard_shard_id_check CHECK ((shard_id ~ '^[a-z0-9-]{2,16}$'::text))
);


--
-- Name: user_account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_account (
    user_id uuid NOT NULL,
    name text NOT NULL,
    full_name text DEFAULT ''::text NOT NULL,
    password_hash text NOT NULL,
    regions text[],
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_account_full_name_check CHECK ((length(full_name) <= 120)),
    CONSTRAINT user_account_name_check CHECK ((name ~ '^[a-z0-9._-]{2,64}$'::text)),
    CONSTRAINT user_account_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT user_account_regions_check CHECK (((cardinality(regions) >= 1) AND (cardinality(regions) <= 64)))
);


--
-- Name: user_role; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_role (
    user_id uuid NOT NULL,
    role text NOT NULL,
    CONSTRAINT user_role_at_office CHECK ((role <> ALL (ARRAY['cashier'::text, 'supervisor'::text])))
);


--
-- Name: user_scope; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.user_scope AS
 SELECT DISTINCT u.user_id,
    p.permission AS scope
   FROM ((public.user_role u
     JOIN public.role_permission p USING (role))
     JOIN public.permission n ON ((n.name = p.permission)))
  WHERE (n.used = 'api'::text);


--
-- Name: api_token api_token_digest_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_digest_unique UNIQUE (digest);


--
-- Name: api_token api_token_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_pkey PRIMARY KEY (token_id);


--
-- Name: audit_change audit_change_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_change
    ADD CONSTRAINT audit_change_pkey PRIMARY KEY (at, xid, id);


--
-- Name: audit_transaction audit_transaction_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_transaction
    ADD CONSTRAINT audit_transaction_pkey PRIMARY KEY (at, xid);


--
-- Name: barcode barcode_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.barcode
    ADD CONSTRAINT barcode_pkey PRIMARY KEY (barcode);


--
-- Name: branch branch_branch_id_region_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_branch_id_region_id_key UNIQUE (branch_id, region_id);


--
-- Name: branch branch_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_code_unique UNIQUE (code);


--
-- Name: branch branch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_pkey PRIMARY KEY (branch_id);


--
-- Name: cashier_branch cashier_branch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier_branch
    ADD CONSTRAINT cashier_branch_pkey PRIMARY KEY (user_id, branch_id);


--
-- Name: cashier cashier_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT cashier_code_unique UNIQUE (region_id, code);


--
-- Name: cashier cashier_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT cashier_pkey PRIMARY KEY (user_id);


--
-- Name: cashier cashier_user_id_region_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT cashier_user_id_region_id_key UNIQUE (user_id, region_id);


--
-- Name: category category_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.category
    ADD CONSTRAINT category_code_unique UNIQUE (code);


--
-- Name: category category_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.category
    ADD CONSTRAINT category_pkey PRIMARY KEY (category_id);


--
-- Name: configuration_key configuration_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.configuration_key
    ADD CONSTRAINT configuration_key_pkey PRIMARY KEY (machine, key);


--
-- Name: cost cost_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cost
    ADD CONSTRAINT cost_pkey PRIMARY KEY (region_id, product_id);


--
-- Name: device device_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_code_unique UNIQUE (branch_id, code);


--
-- Name: device device_key_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_key_unique UNIQUE (public_key);


--
-- Name: device device_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (device_id);


--
-- Name: enrolment enrolment_code_digest_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_code_digest_key UNIQUE (code_digest);


--
-- Name: enrolment enrolment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_pkey PRIMARY KEY (device_id);


--
-- Name: organisation organisation_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_code_unique UNIQUE (code);


--
-- Name: organisation organisation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_pkey PRIMARY KEY (organisation_id);


--
-- Name: permission permission_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.permission
    ADD CONSTRAINT permission_pkey PRIMARY KEY (name);


--
-- Name: price_list price_list_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price_list
    ADD CONSTRAINT price_list_code_unique UNIQUE (code);


--
-- Name: price_list price_list_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price_list
    ADD CONSTRAINT price_list_pkey PRIMARY KEY (price_list_id);


--
-- Name: price_list price_list_price_list_id_currency_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price_list
    ADD CONSTRAINT price_list_price_list_id_currency_key UNIQUE (price_list_id, currency);


--
-- Name: price price_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price
    ADD CONSTRAINT price_pkey PRIMARY KEY (price_list_id, product_id, valid_from);


--
-- Name: product product_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (product_id);


--
-- Name: product product_sku_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_sku_unique UNIQUE (sku);


--
-- Name: reference_history reference_history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reference_history
    ADD CONSTRAINT reference_history_pkey PRIMARY KEY (xid);


--
-- Name: reference reference_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reference
    ADD CONSTRAINT reference_pkey PRIMARY KEY (kind, key);


--
-- Name: region region_code_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.region
    ADD CONSTRAINT region_code_unique UNIQUE (code);


--
-- Name: region region_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.region
    ADD CONSTRAINT region_pkey PRIMARY KEY (region_id);


--
-- Name: region region_region_id_currency_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.region
    ADD CONSTRAINT region_region_id_currency_key UNIQUE (region_id, currency);


--
-- Name: region region_region_id_jurisdiction_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.region
    ADD CONSTRAINT region_region_id_jurisdiction_key UNIQUE (region_id, jurisdiction);


--
-- Name: role_permission role_permission_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.role_permission
    ADD CONSTRAINT role_permission_pkey PRIMARY KEY (role, permission);


--
-- Name: role role_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.role
    ADD CONSTRAINT role_pkey PRIMARY KEY (name);


--
-- Name: schema_migration schema_migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);


--
-- Name: seal_archive seal_archive_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_archive
    ADD CONSTRAINT seal_archive_pkey PRIMARY KEY (table_name, partition_name);


--
-- Name: seal_canary seal_canary_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_canary
    ADD CONSTRAINT seal_canary_pkey PRIMARY KEY (only_row);


--
-- Name: seal_catalogue seal_catalogue_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_catalogue
    ADD CONSTRAINT seal_catalogue_pkey PRIMARY KEY (digest);


--
-- Name: seal_head_copy seal_head_copy_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_head_copy
    ADD CONSTRAINT seal_head_copy_pkey PRIMARY KEY (database, number);


--
-- Name: seal_head seal_head_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_head
    ADD CONSTRAINT seal_head_pkey PRIMARY KEY (number);


--
-- Name: seal_key seal_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_key
    ADD CONSTRAINT seal_key_pkey PRIMARY KEY (database, key_id);


--
-- Name: seal_leaves seal_leaves_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_leaves
    ADD CONSTRAINT seal_leaves_pkey PRIMARY KEY (number);


--
-- Name: shard shard_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shard
    ADD CONSTRAINT shard_pkey PRIMARY KEY (shard_id);


--
-- Name: shard shard_shard_id_jurisdiction_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shard
    ADD CONSTRAINT shard_shard_id_jurisdiction_key UNIQUE (shard_id, jurisdiction);


--
-- Name: tax tax_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tax
    ADD CONSTRAINT tax_pkey PRIMARY KEY (jurisdiction, tax_class);


--
-- Name: till_settings till_settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.till_settings
    ADD CONSTRAINT till_settings_pkey PRIMARY KEY (scope, id);


--
-- Name: user_account user_account_name_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_name_unique UNIQUE (name);


--
-- Name: user_account user_account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_pkey PRIMARY KEY (user_id);


--
-- Name: user_role user_role_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_role
    ADD CONSTRAINT user_role_pkey PRIMARY KEY (user_id, role);


--
-- Name: audit_change_what; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_change_what ON ONLY public.audit_change USING brin (table_name text_bloom_ops, ((key)::text) text_bloom_ops) WITH (pages_per_range='32');


--
-- Name: audit_change_xid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_change_xid ON ONLY public.audit_change USING btree (xid);


--
-- Name: audit_transaction_who; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_transaction_who ON ONLY public.audit_transaction USING brin (actor_id text_bloom_ops, actor_name text_bloom_ops, device_id int4_bloom_ops, actor_ip, client_addr) WITH (pages_per_range='32');


--
-- Name: audit_transaction_xid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_transaction_xid ON ONLY public.audit_transaction USING btree (xid);


--
-- Name: barcode_gtin_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX barcode_gtin_unique ON public.barcode USING btree (lpad(barcode, 14, '0'::text)) WHERE (kind <> 'internal'::text);


--
-- Name: barcode_of_product; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX barcode_of_product ON public.barcode USING btree (product_id);


--
-- Name: price_of_product; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX price_of_product ON public.price USING btree (product_id);


--
-- Name: reference_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reference_feed ON public.reference USING btree (xid, id);


--
-- Name: seal_head_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX seal_head_feed ON public.seal_head USING btree (xid, number);


--
-- Name: audit_change append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_change FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.audit_change ENABLE ALWAYS TRIGGER append_only;


--
-- Name: audit_transaction append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_transaction FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.audit_transaction ENABLE ALWAYS TRIGGER append_only;


--
-- Name: reference_history append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.reference_history FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.reference_history ENABLE ALWAYS TRIGGER append_only;


--
-- Name: schema_migration append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.schema_migration FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.schema_migration ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_archive append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_archive FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_archive ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_catalogue append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_catalogue FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_catalogue ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_head append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_head FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_head ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_head_copy append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_head_copy FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_head_copy ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_key append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_key FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_key ENABLE ALWAYS TRIGGER append_only;


--
-- Name: seal_leaves append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_leaves FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

ALTER TABLE public.seal_leaves ENABLE ALWAYS TRIGGER append_only;


--
-- Name: api_token audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.api_token REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('digest');

ALTER TABLE public.api_token ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: barcode audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.barcode REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.barcode ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: branch audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.branch REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.branch ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: cashier audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.cashier REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('pin_hash');

ALTER TABLE public.cashier ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: cashier_branch audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.cashier_branch REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.cashier_branch ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: category audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.category REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.category ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: configuration_key audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.configuration_key REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.configuration_key ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: cost audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.cost REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.cost ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: device audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.device REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.device ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: enrolment audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.enrolment REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('code_digest');

ALTER TABLE public.enrolment ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: organisation audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.organisation REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.organisation ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: permission audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.permission REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.permission ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: price audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.price REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.price ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: price_list audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.price_list REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.price_list ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: product audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.product REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.product ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: reference audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.reference REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('publish_reference', 'payload.pin_hash');

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: region audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.region REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.region ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: role audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.role REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.role ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: role_permission audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.role_permission REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.role_permission ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: seal_canary audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.seal_canary REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: shard audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.shard REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.shard ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: tax audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.tax REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.tax ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: till_settings audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.till_settings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.till_settings ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: user_account audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.user_account REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('password_hash');

ALTER TABLE public.user_account ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: user_role audit_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_delete AFTER DELETE ON public.user_role REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.user_role ENABLE ALWAYS TRIGGER audit_delete;


--
-- Name: api_token audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.api_token REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('digest');

ALTER TABLE public.api_token ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: barcode audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.barcode REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.barcode ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: branch audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.branch REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.branch ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: cashier audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.cashier REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('pin_hash');

ALTER TABLE public.cashier ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: cashier_branch audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.cashier_branch REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.cashier_branch ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: category audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.category REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.category ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: configuration_key audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.configuration_key REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.configuration_key ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: cost audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.cost REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.cost ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: device audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.device REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.device ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: enrolment audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.enrolment REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('code_digest');

ALTER TABLE public.enrolment ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: organisation audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.organisation REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.organisation ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: permission audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.permission REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.permission ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: price audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.price REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.price ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: price_list audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.price_list REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.price_list ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: product audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.product REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.product ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: reference audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.reference REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('publish_reference', 'payload.pin_hash');

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: region audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.region REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.region ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: role audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.role REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.role ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: role_permission audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.role_permission REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.role_permission ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: seal_canary audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.seal_canary REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: shard audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.shard REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.shard ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: tax audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.tax REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.tax ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: till_settings audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.till_settings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.till_settings ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: user_account audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.user_account REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('password_hash');

ALTER TABLE public.user_account ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: user_role audit_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_insert AFTER INSERT ON public.user_role REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.user_role ENABLE ALWAYS TRIGGER audit_insert;


--
-- Name: api_token audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.api_token REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('digest');

ALTER TABLE public.api_token ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: barcode audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.barcode REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.barcode ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: branch audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.branch REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.branch ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: cashier audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.cashier REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('pin_hash');

ALTER TABLE public.cashier ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: cashier_branch audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.cashier_branch REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.cashier_branch ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: category audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.category REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.category ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: configuration_key audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.configuration_key REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.configuration_key ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: cost audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.cost REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.cost ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: device audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.device REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.device ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: enrolment audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.enrolment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('code_digest');

ALTER TABLE public.enrolment ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: organisation audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.organisation REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.organisation ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: permission audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.permission REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.permission ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: price audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.price REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.price ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: price_list audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.price_list REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.price_list ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: product audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.product REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.product ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: reference audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.reference REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows_unless_kept('publish_reference', 'payload.pin_hash');

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: region audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.region REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.region ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: role audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.role REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.role ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: role_permission audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.role_permission REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.role_permission ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: seal_canary audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.seal_canary REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: shard audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.shard REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.shard ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: tax audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.tax REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.tax ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: till_settings audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.till_settings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.till_settings ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: user_account audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.user_account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows('password_hash');

ALTER TABLE public.user_account ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: user_role audit_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_update AFTER UPDATE ON public.user_role REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_rows();

ALTER TABLE public.user_role ENABLE ALWAYS TRIGGER audit_update;


--
-- Name: branch branch_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER branch_scope BEFORE UPDATE ON public.branch FOR EACH ROW EXECUTE FUNCTION public.refuse_change('branch_id', 'region_id', 'shard_id', 'jurisdiction');


--
-- Name: cashier cashier_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER cashier_scope BEFORE UPDATE ON public.cashier FOR EACH ROW EXECUTE FUNCTION public.refuse_change('user_id', 'region_id');


--
-- Name: category category_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER category_scope BEFORE UPDATE ON public.category FOR EACH ROW EXECUTE FUNCTION public.refuse_change('category_id', 'parent_id');


--
-- Name: device device_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER device_scope BEFORE UPDATE ON public.device FOR EACH ROW EXECUTE FUNCTION public.refuse_change('device_id', 'branch_id');


--
-- Name: user_account keep_an_administrator; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_an_administrator AFTER UPDATE OF active, regions ON public.user_account FOR EACH STATEMENT EXECUTE FUNCTION public.keep_an_administrator();


--
-- Name: user_role keep_an_administrator; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_an_administrator AFTER DELETE OR UPDATE ON public.user_role FOR EACH STATEMENT EXECUTE FUNCTION public.keep_an_administrator();


--
-- Name: price_list price_list_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER price_list_scope BEFORE UPDATE ON public.price_list FOR EACH ROW EXECUTE FUNCTION public.refuse_change('price_list_id', 'region_id', 'branch_id', 'currency');


--
-- Name: price price_overlap_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER price_overlap_insert AFTER INSERT ON public.price REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_price_overlap();


--
-- Name: price price_overlap_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER price_overlap_update AFTER UPDATE ON public.price REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_price_overlap();


--
-- Name: product product_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER product_scope BEFORE UPDATE ON public.product FOR EACH ROW EXECUTE FUNCTION public.refuse_change('product_id');


--
-- Name: branch publish_branch_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_branch_delete AFTER DELETE ON public.branch REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('branch', 'own', 'branch_id');


--
-- Name: region publish_branch_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_branch_delete AFTER DELETE ON public.region REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('branch', 'part', 'region_id');


--
-- Name: branch publish_branch_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_branch_insert AFTER INSERT ON public.branch REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('branch', 'own', 'branch_id');


--
-- Name: region publish_branch_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_branch_insert AFTER INSERT ON public.region REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('branch', 'part', 'region_id');


--
-- Name: branch publish_branch_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_branch_update AFTER UPDATE ON public.branch REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('branch', 'own', 'branch_id');


--
-- Name: region publish_branch_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_branch_update AFTER UPDATE ON public.region REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('branch', 'part', 'region_id');


--
-- Name: cashier publish_cashier_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_delete AFTER DELETE ON public.cashier REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'own', 'user_id');


--
-- Name: cashier_branch publish_cashier_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_delete AFTER DELETE ON public.cashier_branch REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'part', 'user_id');


--
-- Name: role_permission publish_cashier_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_delete AFTER DELETE ON public.role_permission REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'part', 'role');


--
-- Name: cashier publish_cashier_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_insert AFTER INSERT ON public.cashier REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'own', 'user_id');


--
-- Name: cashier_branch publish_cashier_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_insert AFTER INSERT ON public.cashier_branch REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'part', 'user_id');


--
-- Name: role_permission publish_cashier_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_insert AFTER INSERT ON public.role_permission REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'part', 'role');


--
-- Name: cashier publish_cashier_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_update AFTER UPDATE ON public.cashier REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'own', 'user_id');


--
-- Name: cashier_branch publish_cashier_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_update AFTER UPDATE ON public.cashier_branch REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'part', 'user_id');


--
-- Name: role_permission publish_cashier_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cashier_update AFTER UPDATE ON public.role_permission REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cashier', 'part', 'role');


--
-- Name: category publish_category_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_category_delete AFTER DELETE ON public.category REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('category', 'own', 'category_id');


--
-- Name: category publish_category_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_category_insert AFTER INSERT ON public.category REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('category', 'own', 'category_id');


--
-- Name: category publish_category_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_category_update AFTER UPDATE ON public.category REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('category', 'own', 'category_id');


--
-- Name: cost publish_cost_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cost_delete AFTER DELETE ON public.cost REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cost', 'own', 'region_id', 'product_id');


--
-- Name: cost publish_cost_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cost_insert AFTER INSERT ON public.cost REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cost', 'own', 'region_id', 'product_id');


--
-- Name: cost publish_cost_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_cost_update AFTER UPDATE ON public.cost REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('cost', 'own', 'region_id', 'product_id');


--
-- Name: device publish_device_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_device_delete AFTER DELETE ON public.device REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('device', 'own', 'device_id');


--
-- Name: device publish_device_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_device_insert AFTER INSERT ON public.device REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('device', 'own', 'device_id');


--
-- Name: device publish_device_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_device_update AFTER UPDATE ON public.device REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('device', 'own', 'device_id');


--
-- Name: price publish_price_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_price_delete AFTER DELETE ON public.price REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('price', 'own', 'price_list_id', 'product_id', 'valid_from');


--
-- Name: price publish_price_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_price_insert AFTER INSERT ON public.price REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('price', 'own', 'price_list_id', 'product_id', 'valid_from');


--
-- Name: price_list publish_price_list_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_price_list_delete AFTER DELETE ON public.price_list REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('price_list', 'own', 'price_list_id');


--
-- Name: price_list publish_price_list_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_price_list_insert AFTER INSERT ON public.price_list REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('price_list', 'own', 'price_list_id');


--
-- Name: price_list publish_price_list_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_price_list_update AFTER UPDATE ON public.price_list REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('price_list', 'own', 'price_list_id');


--
-- Name: price publish_price_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_price_update AFTER UPDATE ON public.price REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('price', 'own', 'price_list_id', 'product_id', 'valid_from');


--
-- Name: barcode publish_product_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_product_delete AFTER DELETE ON public.barcode REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('product', 'part', 'product_id');


--
-- Name: product publish_product_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_product_delete AFTER DELETE ON public.product REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('product', 'own', 'product_id');


--
-- Name: barcode publish_product_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_product_insert AFTER INSERT ON public.barcode REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('product', 'part', 'product_id');


--
-- Name: product publish_product_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_product_insert AFTER INSERT ON public.product REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('product', 'own', 'product_id');


--
-- Name: barcode publish_product_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_product_update AFTER UPDATE ON public.barcode REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('product', 'part', 'product_id');


--
-- Name: product publish_product_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_product_update AFTER UPDATE ON public.product REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('product', 'own', 'product_id');


--
-- Name: region publish_region_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_region_delete AFTER DELETE ON public.region REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('region', 'own', 'region_id');


--
-- Name: region publish_region_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_region_insert AFTER INSERT ON public.region REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('region', 'own', 'region_id');


--
-- Name: region publish_region_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_region_update AFTER UPDATE ON public.region REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('region', 'own', 'region_id');


--
-- Name: tax publish_tax_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_tax_delete AFTER DELETE ON public.tax REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('tax', 'own', 'jurisdiction', 'tax_class');


--
-- Name: tax publish_tax_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_tax_insert AFTER INSERT ON public.tax REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('tax', 'own', 'jurisdiction', 'tax_class');


--
-- Name: tax publish_tax_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_tax_update AFTER UPDATE ON public.tax REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('tax', 'own', 'jurisdiction', 'tax_class');


--
-- Name: till_settings publish_till_settings_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_till_settings_delete AFTER DELETE ON public.till_settings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('till_settings', 'own', 'scope', 'id');


--
-- Name: till_settings publish_till_settings_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_till_settings_insert AFTER INSERT ON public.till_settings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('till_settings', 'own', 'scope', 'id');


--
-- Name: till_settings publish_till_settings_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER publish_till_settings_update AFTER UPDATE ON public.till_settings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.publish_reference('till_settings', 'own', 'scope', 'id');


--
-- Name: barcode refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.barcode FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: branch refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.branch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: cashier refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.cashier FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: cashier_branch refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.cashier_branch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: category refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.category FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: cost refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.cost FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: device refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.device FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: price refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.price FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: price_list refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.price_list FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: product refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.product FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: region refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.region FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: role_permission refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.role_permission FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: tax refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.tax FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: till_settings refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.till_settings FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_truncate();


--
-- Name: api_token refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.api_token FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.api_token ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: barcode refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.barcode FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.barcode ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: branch refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.branch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.branch ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: cashier refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.cashier FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.cashier ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: cashier_branch refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.cashier_branch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.cashier_branch ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: category refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.category FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.category ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: configuration_key refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.configuration_key FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.configuration_key ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: cost refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.cost FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.cost ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: device refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.device FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.device ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: enrolment refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.enrolment FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.enrolment ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: organisation refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.organisation FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.organisation ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: permission refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.permission FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.permission ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: price refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.price FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.price ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: price_list refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.price_list FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.price_list ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: product refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.product FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.product ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: reference refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.reference FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.reference ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: region refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.region FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.region ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: role refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.role FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.role ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: role_permission refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.role_permission FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.role_permission ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: seal_canary refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.seal_canary FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.seal_canary ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: shard refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.shard FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.shard ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: tax refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.tax FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.tax ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: till_settings refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.till_settings FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.till_settings ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: user_account refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.user_account FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.user_account ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: user_role refuse_truncate_always; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_truncate_always BEFORE TRUNCATE ON public.user_role FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unrecorded_truncate();

ALTER TABLE public.user_role ENABLE ALWAYS TRIGGER refuse_truncate_always;


--
-- Name: region region_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER region_scope BEFORE UPDATE ON public.region FOR EACH ROW EXECUTE FUNCTION public.refuse_change('region_id', 'jurisdiction', 'currency');


--
-- Name: shard shard_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER shard_scope BEFORE UPDATE ON public.shard FOR EACH ROW EXECUTE FUNCTION public.refuse_change('shard_id', 'jurisdiction');


--
-- Name: till_settings till_settings_scope; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER till_settings_scope BEFORE UPDATE ON public.till_settings FOR EACH ROW EXECUTE FUNCTION public.refuse_change('scope', 'id', 'region_id', 'branch_id');


--
-- Name: api_token api_token_user_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_user_known FOREIGN KEY (user_id) REFERENCES public.user_account(user_id);


--
-- Name: barcode barcode_product_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.barcode
    ADD CONSTRAINT barcode_product_known FOREIGN KEY (product_id) REFERENCES public.product(product_id) ON DELETE CASCADE;


--
-- Name: branch branch_organisation_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_organisation_known FOREIGN KEY (organisation_id) REFERENCES public.organisation(organisation_id);


--
-- Name: branch branch_region_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_region_known FOREIGN KEY (region_id, jurisdiction) REFERENCES public.region(region_id, jurisdiction);


--
-- Name: branch branch_residency; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_residency FOREIGN KEY (shard_id, jurisdiction) REFERENCES public.shard(shard_id, jurisdiction);


--
-- Name: cashier_branch cashier_branch_in_region; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier_branch
    ADD CONSTRAINT cashier_branch_in_region FOREIGN KEY (branch_id, region_id) REFERENCES public.branch(branch_id, region_id);


--
-- Name: cashier_branch cashier_branch_user_id_region_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier_branch
    ADD CONSTRAINT cashier_branch_user_id_region_id_fkey FOREIGN KEY (user_id, region_id) REFERENCES public.cashier(user_id, region_id) ON DELETE CASCADE;


--
-- Name: cashier cashier_region_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT cashier_region_known FOREIGN KEY (region_id) REFERENCES public.region(region_id);


--
-- Name: cashier cashier_role_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT cashier_role_known FOREIGN KEY (role) REFERENCES public.role(name);


--
-- Name: category category_parent_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.category
    ADD CONSTRAINT category_parent_known FOREIGN KEY (parent_id) REFERENCES public.category(category_id);


--
-- Name: cost cost_product_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cost
    ADD CONSTRAINT cost_product_known FOREIGN KEY (product_id) REFERENCES public.product(product_id) ON DELETE CASCADE;


--
-- Name: cost cost_region_currency; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cost
    ADD CONSTRAINT cost_region_currency FOREIGN KEY (region_id, currency) REFERENCES public.region(region_id, currency);


--
-- Name: device device_branch_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_branch_known FOREIGN KEY (branch_id) REFERENCES public.branch(branch_id);


--
-- Name: enrolment enrolment_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.device(device_id);


--
-- Name: price_list price_list_branch_in_region; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price_list
    ADD CONSTRAINT price_list_branch_in_region FOREIGN KEY (branch_id, region_id) REFERENCES public.branch(branch_id, region_id);


--
-- Name: price price_list_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price
    ADD CONSTRAINT price_list_known FOREIGN KEY (price_list_id, currency) REFERENCES public.price_list(price_list_id, currency);


--
-- Name: price_list price_list_region_currency; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price_list
    ADD CONSTRAINT price_list_region_currency FOREIGN KEY (region_id, currency) REFERENCES public.region(region_id, currency);


--
-- Name: price price_product_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.price
    ADD CONSTRAINT price_product_known FOREIGN KEY (product_id) REFERENCES public.product(product_id) ON DELETE CASCADE;


--
-- Name: product product_category_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_category_known FOREIGN KEY (category_id) REFERENCES public.category(category_id);


--
-- Name: role_permission role_permission_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.role_permission
    ADD CONSTRAINT role_permission_known FOREIGN KEY (permission) REFERENCES public.permission(name);


--
-- Name: role_permission role_permission_role_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.role_permission
    ADD CONSTRAINT role_permission_role_known FOREIGN KEY (role) REFERENCES public.role(name);


--
-- Name: seal_leaves seal_leaves_number_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seal_leaves
    ADD CONSTRAINT seal_leaves_number_fkey FOREIGN KEY (number) REFERENCES public.seal_head(number);


--
-- Name: till_settings till_settings_branch_in_region; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.till_settings
    ADD CONSTRAINT till_settings_branch_in_region FOREIGN KEY (branch_id, region_id) REFERENCES public.branch(branch_id, region_id);


--
-- Name: till_settings till_settings_region_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.till_settings
    ADD CONSTRAINT till_settings_region_known FOREIGN KEY (region_id) REFERENCES public.region(region_id);


--
-- Name: user_role user_role_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_role
    ADD CONSTRAINT user_role_known FOREIGN KEY (role) REFERENCES public.role(name);


--
-- Name: user_role user_role_user_known; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_role
    ADD CONSTRAINT user_role_user_known FOREIGN KEY (user_id) REFERENCES public.user_account(user_id);


--
-- Name: PROCEDURE append_only(IN p_table regclass); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.append_only(IN p_table regclass) FROM PUBLIC;


--
-- Name: FUNCTION archive_month(p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint, p_transactions_signature bytea, p_changes_signature bytea); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.archive_month(p_month date, p_transactions bigint, p_changes bigint, p_file text, p_sha256 bytea, p_tree_size bigint, p_transactions_signature bytea, p_changes_signature bytea) FROM PUBLIC;


--
-- Name: PROCEDURE audit_by(IN p_table regclass, IN p_function regproc, IN p_arguments text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.audit_by(IN p_table regclass, IN p_function regproc, IN p_arguments text[]) FROM PUBLIC;


--
-- Name: FUNCTION audit_event(p_kind text, p_detail jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_event(p_kind text, p_detail jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_event(p_kind text, p_detail jsonb) TO octonext_app;


--
-- Name: PROCEDURE audit_kept_table(IN p_table regclass, IN p_functions text[], VARIADIC p_secrets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.audit_kept_table(IN p_table regclass, IN p_functions text[], VARIADIC p_secrets text[]) FROM PUBLIC;


--
-- Name: FUNCTION audit_rows(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_rows() FROM PUBLIC;


--
-- Name: FUNCTION audit_rows_unless_kept(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_rows_unless_kept() FROM PUBLIC;


--
-- Name: FUNCTION audit_statement(p_table regclass, p_operation text, p_secrets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_statement(p_table regclass, p_operation text, p_secrets text[]) FROM PUBLIC;


--
-- Name: PROCEDURE audit_table(IN p_table regclass, VARIADIC p_secrets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.audit_table(IN p_table regclass, VARIADIC p_secrets text[]) FROM PUBLIC;


--
-- Name: FUNCTION audit_who(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.audit_who() FROM PUBLIC;


--
-- Name: FUNCTION ensure_month_partitions(p_from date, p_months integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ensure_month_partitions(p_from date, p_months integer) FROM PUBLIC;


--
-- Name: FUNCTION refuse_rewrite(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_rewrite() FROM PUBLIC;


--
-- Name: FUNCTION refuse_unrecorded_truncate(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_unrecorded_truncate() FROM PUBLIC;


--
-- Name: TABLE api_token; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.api_token TO octonext_app;


--
-- Name: COLUMN api_token.revoked_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(revoked_at) ON TABLE public.api_token TO octonext_app;


--
-- Name: TABLE audit_change; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_change TO octonext_app;


--
-- Name: TABLE audit_coverage; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_coverage TO octonext_app;


--
-- Name: TABLE audit_transaction; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_transaction TO octonext_app;


--
-- Name: TABLE barcode; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.barcode TO octonext_app;


--
-- Name: TABLE branch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.branch TO octonext_app;


--
-- Name: COLUMN branch.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.branch TO octonext_app;


--
-- Name: COLUMN branch.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.branch TO octonext_app;


--
-- Name: COLUMN branch.active; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(active) ON TABLE public.branch TO octonext_app;


--
-- Name: TABLE cashier; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.cashier TO octonext_app;


--
-- Name: COLUMN cashier.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.cashier TO octonext_app;


--
-- Name: COLUMN cashier.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.cashier TO octonext_app;


--
-- Name: COLUMN cashier.role; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(role) ON TABLE public.cashier TO octonext_app;


--
-- Name: COLUMN cashier.pin_hash; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(pin_hash) ON TABLE public.cashier TO octonext_app;


--
-- Name: COLUMN cashier.active; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(active) ON TABLE public.cashier TO octonext_app;


--
-- Name: TABLE cashier_branch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.cashier_branch TO octonext_app;


--
-- Name: TABLE category; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.category TO octonext_app;


--
-- Name: COLUMN category.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.category TO octonext_app;


--
-- Name: COLUMN category.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.category TO octonext_app;


--
-- Name: TABLE configuration_key; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.configuration_key TO octonext_app;


--
-- Name: COLUMN configuration_key.digest; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(digest) ON TABLE public.configuration_key TO octonext_app;


--
-- Name: TABLE cost; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.cost TO octonext_app;


--
-- Name: COLUMN cost.cost; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(cost) ON TABLE public.cost TO octonext_app;


--
-- Name: TABLE device; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.name; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.public_key; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(public_key) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.reason; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(reason) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.share_key; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(share_key) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.share_generation; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(share_generation) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.unlocked_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(unlocked_at) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.footprint; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(footprint) ON TABLE public.device TO octonext_app;


--
-- Name: COLUMN device.enrolled_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(enrolled_at) ON TABLE public.device TO octonext_app;


--
-- Name: TABLE enrolment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.enrolment TO octonext_app;


--
-- Name: COLUMN enrolment.code_digest; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(code_digest) ON TABLE public.enrolment TO octonext_app;


--
-- Name: COLUMN enrolment.expires_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(expires_at) ON TABLE public.enrolment TO octonext_app;


--
-- Name: COLUMN enrolment.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(created_at) ON TABLE public.enrolment TO octonext_app;


--
-- Name: TABLE organisation; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.organisation TO octonext_app;


--
-- Name: COLUMN organisation.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.organisation TO octonext_app;


--
-- Name: COLUMN organisation.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.organisation TO octonext_app;


--
-- Name: TABLE permission; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.permission TO octonext_app;


--
-- Name: TABLE price; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.price TO octonext_app;


--
-- Name: COLUMN price.valid_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(valid_until) ON TABLE public.price TO octonext_app;


--
-- Name: COLUMN price.amount; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(amount) ON TABLE public.price TO octonext_app;


--
-- Name: TABLE price_list; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.price_list TO octonext_app;


--
-- Name: COLUMN price_list.name; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name) ON TABLE public.price_list TO octonext_app;


--
-- Name: COLUMN price_list.tax_inclusive; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tax_inclusive) ON TABLE public.price_list TO octonext_app;


--
-- Name: COLUMN price_list.priority; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(priority) ON TABLE public.price_list TO octonext_app;


--
-- Name: TABLE product; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.sku; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(sku) ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.unit; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(unit) ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.category_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(category_id) ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.tax_class; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tax_class) ON TABLE public.product TO octonext_app;


--
-- Name: COLUMN product.active; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(active) ON TABLE public.product TO octonext_app;


--
-- Name: TABLE reference; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference TO octonext_app;


--
-- Name: TABLE region; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.region TO octonext_app;


--
-- Name: COLUMN region.time_zone; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(time_zone) ON TABLE public.region TO octonext_app;


--
-- Name: COLUMN region.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.region TO octonext_app;


--
-- Name: COLUMN region.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.region TO octonext_app;


--
-- Name: TABLE reference_branch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_branch TO octonext_app;


--
-- Name: TABLE role_permission; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.role_permission TO octonext_app;


--
-- Name: TABLE reference_cashier; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_cashier TO octonext_app;


--
-- Name: TABLE reference_category; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_category TO octonext_app;


--
-- Name: TABLE reference_cost; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_cost TO octonext_app;


--
-- Name: TABLE reference_device; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_device TO octonext_app;


--
-- Name: TABLE reference_history; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_history TO octonext_app;


--
-- Name: TABLE reference_price; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_price TO octonext_app;


--
-- Name: TABLE reference_price_list; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_price_list TO octonext_app;


--
-- Name: TABLE reference_product; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_product TO octonext_app;


--
-- Name: TABLE reference_region; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_region TO octonext_app;


--
-- Name: TABLE tax; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.tax TO octonext_app;


--
-- Name: COLUMN tax.tax_code; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tax_code) ON TABLE public.tax TO octonext_app;


--
-- Name: COLUMN tax.rate_ppm; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(rate_ppm) ON TABLE public.tax TO octonext_app;


--
-- Name: COLUMN tax.name_en; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_en) ON TABLE public.tax TO octonext_app;


--
-- Name: COLUMN tax.name_ar; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name_ar) ON TABLE public.tax TO octonext_app;


--
-- Name: TABLE reference_tax; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.reference_tax TO octonext_app;


--
-- Name: TABLE till_settings; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.till_settings TO octonext_app;


--
-- Name: COLUMN till_settings.settings; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(settings) ON TABLE public.till_settings TO octonext_app;


--
-- Name: TABLE role; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.role TO octonext_app;


--
-- Name: COLUMN role.description; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(description) ON TABLE public.role TO octonext_app;


--
-- Name: TABLE schema_migration; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.schema_migration TO octonext_app;


--
-- Name: TABLE seal_archive; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_archive TO octonext_app;


--
-- Name: TABLE seal_canary; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_canary TO octonext_app;


--
-- Name: TABLE seal_catalogue; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_catalogue TO octonext_app;


--
-- Name: TABLE seal_head; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_head TO octonext_app;


--
-- Name: TABLE seal_head_copy; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_head_copy TO octonext_app;


--
-- Name: TABLE seal_key; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_key TO octonext_app;


--
-- Name: TABLE seal_leaves; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.seal_leaves TO octonext_app;


--
-- Name: TABLE shard; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.shard TO octonext_app;


--
-- Name: COLUMN shard.region_code; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(region_code) ON TABLE public.shard TO octonext_app;


--
-- Name: COLUMN shard.sync_public_key; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(sync_public_key) ON TABLE public.shard TO octonext_app;


--
-- Name: TABLE user_account; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.user_account TO octonext_app;


--
-- Name: COLUMN user_account.full_name; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(full_name) ON TABLE public.user_account TO octonext_app;


--
-- Name: COLUMN user_account.password_hash; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(password_hash) ON TABLE public.user_account TO octonext_app;


--
-- Name: COLUMN user_account.regions; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(regions) ON TABLE public.user_account TO octonext_app;


--
-- Name: COLUMN user_account.active; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(active) ON TABLE public.user_account TO octonext_app;


--
-- Name: TABLE user_role; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.user_role TO octonext_app;


--
-- Name: TABLE user_scope; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.user_scope TO octonext_app;


--
-- PostgreSQL database dump complete
--
