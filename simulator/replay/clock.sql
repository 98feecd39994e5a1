-- The log's clock in a replay is the recording's. On the gateway's search path this function stands before the
-- log's own, and hands it the time that the replay has set. In a scratch database only.
create schema replay;

create unlogged table replay.clock (at timestamptz not null);

create function replay.log_append(kind text, batch bigint, entries bytea, at timestamptz default null)
returns table ("position" bigint, committed_at timestamptz)
language sql as $$
    select l."position", l.committed_at
    from replay.clock c, public.log_append(kind, batch, entries, coalesce(log_append.at, c.at)) l
$$;
