-- What could not be seen, from when to when, and why: rules' gaps are made of these (schema/coverage.py).
-- Of the service: `listening`, the way from the broker to the log, and `watching`, the monitor; of a home: its
-- hub; of a device. The monitor's keeper alone writes here; one that goes on has no end yet.
create table coverage_gaps (
    what            text not null check (what in ('listening', 'watching', 'home', 'device')),
    home            text references homes,
    device          integer references devices (number),
    cause           text not null
                    check (cause in ('device', 'hub', 'broker', 'gateway', 'backlog', 'database', 'monitor')),
    began           timestamptz not null,
    ended           timestamptz check (ended > began),
    check ((what in ('home', 'device')) = (home is not null)),
    check ((what = 'device') = (device is not null)),
    unique nulls not distinct (what, home, device, began)
);
create unique index coverage_gaps_open on coverage_gaps (what, home, device) nulls not distinct where ended is null;
create index coverage_gaps_home on coverage_gaps (home, began);
create index coverage_gaps_age on coverage_gaps (ended);

-- How far the keeper of coverage has read the log, when it last looked, and the last proof that all was heard.
create table coverage_progress (
    one             boolean primary key default true check (one),
    position        bigint not null,
    looked_at       timestamptz not null,
    seen_at         timestamptz
);

-- How often a device shows that it lives, once that is learned: in microseconds.
create table device_rhythms (
    device          integer primary key references devices (number),
    usual           bigint not null check (usual > 0)
);
