-- Statements of the search for payment card numbers.

-- name: text_columns
-- Every column of our own tables that can hold text: its table, name and type. Partitions come with
-- their table.
SELECT c.relname AS table_name, a.attname AS column_name, t.typname AS type_name
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relnamespace = 'public'::regnamespace
   AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND t.typname IN ('text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'bytea', '_text', '_varchar')
 ORDER BY c.relname, a.attnum;
