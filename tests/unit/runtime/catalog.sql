-- What a schema is, as rows (kind, name, definition), so that two databases can be compared: everything a
-- statement could notice, but the order of columns, which a migration cannot choose. The migrations' own
-- table is left out: tables.sql does not know it.
select 'relation' as kind, c.relname as name,
       concat_ws(' ', c.relkind, c.relpersistence, pg_get_partkeydef(c.oid), pg_get_viewdef(c.oid),
                 (select format('of %s for %s', i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid))
                  from pg_inherits i where i.inhrelid = c.oid)) as definition
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind <> 'i' and c.relkind <> 'I' and c.relname <> 'migrations'
union all
select 'column', format('%s.%s', table_name, column_name),
       concat_ws(' ', data_type, udt_name, case is_nullable when 'NO' then 'not null' end, column_default,
                 is_identity, identity_generation, is_generated, generation_expression, collation_name)
from information_schema.columns
where table_schema = 'public' and table_name <> 'migrations'
union all
select 'constraint', format('%s.%s', conrelid::regclass, conname),
       concat_ws(' ', pg_get_constraintdef(oid), case when not convalidated then 'not valid' end)
from pg_constraint
where connamespace = 'public'::regnamespace and conrelid <> coalesce(to_regclass('migrations'), 0)
union all
select 'index', indexname, indexdef from pg_indexes where schemaname = 'public' and tablename <> 'migrations'
union all
select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
from pg_proc p where p.pronamespace = 'public'::regnamespace
union all
select 'trigger', format('%s.%s', tgrelid::regclass, tgname), pg_get_triggerdef(oid)
from pg_trigger where not tgisinternal
union all
select 'sequence', sequencename, concat_ws(' ', data_type, start_value, min_value, max_value, increment_by, cycle)
from pg_sequences where schemaname = 'public'
union all
select 'type', typname, concat_ws(' ', typtype, pg_get_expr(typdefaultbin, 0),
       (select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid))
from pg_type t where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
union all
select 'extension', extname, extversion from pg_extension
order by 1, 2, 3
