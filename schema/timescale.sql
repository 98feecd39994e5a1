-- Applied after the migrations where the TimescaleDB extension is installed on the server; does nothing
-- elsewhere. Idempotent. Tried shapes and their traps: docs/operations.md.
do $do$
begin
    if not exists (select from pg_available_extensions where name = 'timescaledb') then return; end if;
    create extension if not exists timescaledb;
    if exists (select from timescaledb_information.hypertables where hypertable_name = 'readings') then return; end if;
    if exists (select from readings) then
        raise notice 'readings already holds rows in day partitions: it stays as it is';
        return;
    end if;
    -- A partitioned table cannot become a hypertable: rebuild it plain, in the same shape.
    create table readings_plain (like readings including defaults including constraints);
    drop table readings;
    alter table readings_plain rename to readings;
    alter table readings add primary key (device, observed_at, boot, seq, kind);
    create index readings_batch on readings (batch);
    perform create_hypertable('readings', by_range('observed_at', interval '1 day'),
                              create_default_indexes => false);
    if storage_mode() = 'timescale' then
        execute $q$alter table readings set (timescaledb.enable_columnstore,
            timescaledb.segmentby = 'device', timescaledb.orderby = 'observed_at desc, boot, seq')$q$;
        execute $q$call add_columnstore_policy('readings', after => interval '7 days', if_not_exists => true)$q$;
        perform add_retention_policy('readings', drop_after => interval '90 days', if_not_exists => true);
    end if;
end $do$;
