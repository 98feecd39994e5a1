-- The log's clock in a replay is the recording's. On the gateway's search path this function stands before the
-- log's own, and hands it the time that the replay has set. In a scratch database only.
create schema replay;

-- Microseconds since 1970. A sequence, as setting one is the cheapest thing that all connections see at once.
create unlogged sequence replay.clock as bigint;

create function replay.log_append(kind text, batch bigint, entries bytea, at timestamptz default null)
returns table ("position" bigint, committed_at timestamptz)
language sql as $$
    select l."position", l.committed_at
    from replay.clock c, public.log_append(
        kind, batch, entries,
        coalesce(log_append.at, 'epoch'::timestamptz + c.last_value * interval '1 microsecond')) l
$$;
