-- name: encryption_settings
-- What the server says of Percona's pg_tde: a setting that it does not know is null.
SELECT current_setting('default_table_access_method', true) AS table_access_method,
       current_setting('pg_tde.wal_encrypt', true) AS wal_encrypt,
       current_setting('pg_tde.cipher', true) AS cipher,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_tde') AS installed,
       (SELECT count(*)
          FROM pg_class
          JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
          LEFT JOIN pg_am ON pg_am.oid = pg_class.relam
         WHERE pg_class.relkind IN ('r', 'm', 't')
           AND pg_class.relpersistence <> 't'
           AND pg_namespace.nspname NOT IN ('pg_catalog', 'information_schema')
           AND pg_am.amname = 'heap'
           AND NOT EXISTS (SELECT FROM pg_depend
                            WHERE pg_depend.classid = 'pg_class'::regclass
                              AND pg_depend.objid = pg_class.oid
                              AND pg_depend.deptype = 'e')) AS plain_tables;
