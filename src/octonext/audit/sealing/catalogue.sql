-- The audit catalogue: all in a database that decides whether a change leaves a trace. Each row is a thing and
-- its state. The xmin of a trigger or a function is part of its state: one that was switched off and on
-- again, or replaced and put back, between two heads differs by it.

-- name: catalogue
-- Every thing that heads speak of.
SELECT * FROM (
    SELECT 'table ' || c.relname AS thing,
           concat_ws(' ', 'kind', c.relkind, c.relpersistence, 'owner', pg_get_userbyid(c.relowner),
                     'security', c.relrowsecurity, c.relforcerowsecurity,
                     'of', (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = c.oid),
                     pg_get_expr(c.relpartbound, c.oid), 'grants', c.relacl::text,
                     'columns', (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
                                        a.attnotnull, a.attidentity, a.attgenerated, a.attacl::text,
                                        pg_get_expr(d.adbin, d.adrelid)), ',' ORDER BY a.attnum), 'UTF8')), 'hex')
                                   FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS state
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'trigger ' || c.relname || '.' || t.tgname,
           concat_ws(' ', 'enabled', t.tgenabled, 'does', t.tgfoid::regproc, 'type', t.tgtype,
                     'arguments', encode(sha256(t.tgargs), 'hex'), 'columns', t.tgattr::text,
                     'when', pg_get_expr(t.tgqual, t.tgrelid), 'xmin', t.xmin)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure,
           concat_ws(' ', 'source', encode(sha256(convert_to(concat_ws(' ', p.prosrc, p.probin,
                                               pg_get_expr(p.proargdefaults, 0)), 'UTF8')), 'hex'),
                     'language', l.lanname, 'definer', p.prosecdef, 'config', p.proconfig::text,
                     'owner', pg_get_userbyid(p.proowner), 'grants', p.proacl::text, 'xmin', p.xmin)
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
     WHERE p.pronamespace = 'public'::regnamespace AND p.prokind <> 'a'
        -- What is looked up before ours: a function of theirs whose arguments fit better is called instead.
        OR p.pronamespace = 'pg_catalog'::regnamespace AND p.oid >= 16384
        OR p.pronamespace <> 'public'::regnamespace
           AND (p.oid IN (SELECT t.tgfoid FROM pg_trigger t) OR p.oid IN (SELECT e.evtfoid FROM pg_event_trigger e))
    UNION ALL
    SELECT 'operator ' || o.oid::regoperator,
           concat_ws(' ', 'does', o.oprcode, 'of', o.oprnamespace::regnamespace, 'xmin', o.xmin)
      FROM pg_operator o
     WHERE o.oid >= 16384 AND o.oprnamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace)
    UNION ALL
    SELECT 'cast ' || format_type(k.castsource, NULL) || ' to ' || format_type(k.casttarget, NULL),
           concat_ws(' ', 'does', k.castfunc::regproc, k.castcontext, k.castmethod, 'xmin', k.xmin)
      FROM pg_cast k WHERE k.oid >= 16384
    UNION ALL
    SELECT 'table pg_catalog.' || c.relname, concat_ws(' ', 'kind', c.relkind, 'xmin', c.xmin)
      FROM pg_class c
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    -- All that PostgreSQL brings, without xmin: a grant on one of its functions alters nothing here.
    SELECT 'functions and operators of PostgreSQL',
           (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', p.oid, p.proname, p.prosrc, p.probin, p.prolang),
                                                       ',' ORDER BY p.oid), 'UTF8')), 'hex')
              FROM pg_proc p WHERE p.oid < 16384)
           || ' ' ||
           (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', o.oid, o.oprname, o.oprcode::oid, o.oprleft, o.oprright),
                                                       ',' ORDER BY o.oid), 'UTF8')), 'hex')
              FROM pg_operator o WHERE o.oid < 16384)
           || ' ' ||
           (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', k.oid, k.castsource, k.casttarget, k.castfunc, k.castmethod),
                                                       ',' ORDER BY k.oid), 'UTF8')), 'hex')
              FROM pg_cast k WHERE k.oid < 16384)
           || ' ' ||
           (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', r.ev_class, r.xmin), ',' ORDER BY r.oid), 'UTF8')), 'hex')
              FROM pg_rewrite r WHERE r.oid < 16384)
    UNION ALL
    -- by which rows become bytes, for a trigger and for whoever verifies
    SELECT 'functions of pg_catalog',
           encode(sha256(convert_to(string_agg(concat_ws(' ', p.oid, p.prosrc, p.prolang, p.xmin), ',' ORDER BY p.oid), 'UTF8')), 'hex')
      FROM pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND (p.proname LIKE '%send' OR p.proname LIKE '%\_out'
           OR p.proname IN ('now', 'pg_current_xact_id', 'current_setting', 'pg_snapshot_xmin', 'pg_get_expr',
                            'jsonb_build_object', 'inet_client_addr', 'transaction_timestamp'))
    UNION ALL
    SELECT 'rule ' || c.relname || '.' || r.rulename,
           concat_ws(' ', 'enabled', r.ev_enabled, 'does', encode(sha256(convert_to(pg_get_ruledef(r.oid), 'UTF8')), 'hex'))
      FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'policy ' || c.relname || '.' || p.polname,
           concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::text, pg_get_expr(p.polqual, p.polrelid),
                     pg_get_expr(p.polwithcheck, p.polrelid))
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'constraint ' || c.relname || '.' || k.conname,
           concat_ws(' ', pg_get_constraintdef(k.oid), 'valid', k.convalidated)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    UNION ALL
    SELECT 'event trigger ' || e.evtname, concat_ws(' ', e.evtevent, e.evtenabled, e.evtfoid::regproc, e.xmin)
      FROM pg_event_trigger e
    UNION ALL
    -- What a subscription brings is written row by row: triggers for a statement, which ours are, do not fire.
    SELECT 'subscription ' || u.subname, concat_ws(' ', u.oid, 'enabled', u.subenabled, 'of', u.subpublications::text)
      FROM pg_subscription u WHERE u.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'setting of ' || coalesce(r.rolname, 'all') || ' in ' || CASE s.setdatabase WHEN 0 THEN 'all' ELSE 'this' END,
           s.setconfig::text
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
     WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL
    SELECT 'role ' || r.rolname,
           concat_ws(' ', 'superuser', r.rolsuper, 'replication', r.rolreplication, 'bypass', r.rolbypassrls,
                     'creates roles', r.rolcreaterole,
                     'member of', (SELECT string_agg(pg_get_userbyid(m.roleid)::text, ',' ORDER BY m.roleid)
                                     FROM pg_auth_members m WHERE m.member = r.oid))
      FROM pg_roles r WHERE r.rolsuper OR r.rolreplication OR r.rolbypassrls OR r.rolname LIKE 'octonext%'
    UNION ALL
    SELECT 'schema public', concat_ws(' ', pg_get_userbyid(n.nspowner), n.nspacl::text)
      FROM pg_namespace n WHERE n.nspname = 'public'
    UNION ALL
    SELECT 'migration ' || m.version, concat_ws(' ', m.name, m.checksum) FROM public.schema_migration m
) things
 ORDER BY thing COLLATE "C", state COLLATE "C";
