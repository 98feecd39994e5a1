-- The log's clock in a replay is the recording's. On the gateway's search path this stands before the log's own
-- function, and hands it the time that the replay has set on the connection. In a scratch database only.
create schema replay;

create function replay.log_append(kind text, batch bigint, entries bytea, at timestamptz default null)
returns table ("position" bigint, committed_at timestamptz)
language sql as $$
    select "position", committed_at
    from public.log_append(kind, batch, entries, coalesce(at, current_setting('replay.at')::timestamptz))
$$;
