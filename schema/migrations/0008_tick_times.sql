-- When the log ticked, kept as the ticks themselves go: what restarts its clock does so at a tick, and what is raised
-- after that is called by it. Half an hour a row.
create table tick_times (
    half_hour       timestamptz primary key,
    ticks           bytea not null,                  -- microseconds since then, 4 bytes each, in order
    marked          bytea not null                   -- those that came behind or blind, whole (schema.entries.Tick)
);
