-- The codes of late on each of these telephones, and that of the home's key safe, which no message may carry (there
-- the telephone is null). First holds each telephone, in the order given, until the caller's transaction ends: what
-- is read is read then, so that two alarms never draw the same code.
create function codes_in_use(phones text[], since timestamptz, home_id text)
returns table (phone text, code text, alarm bigint)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(20261124, hashtext(each)) from unnest(phones) as each;
    return query
        select n.phone, n.code, n.alarm from notifications n
        where n.phone = any(phones) and n.code is not null and n.created_at > since
        union all
        select null, h.key_safe_code, null from homes h where h.id = home_id and h.key_safe_code <> '';
end $$;
