-- The schema, to be read from top to bottom: homes and people, the log, what the monitor makes of it,
-- alarms and how they reach somebody, and who works here.
--
-- Each table says in a comment what it promises; constraints forbid what the promise forbids.
-- migrations/NNNN_*.sql build exactly this, and a test holds the two equal.

-- ---------------------------------------------------------------------------------------------------
-- 1. Homes and people
-- ---------------------------------------------------------------------------------------------------

create table homes (
    id              text primary key,
    address         text not null default '',
    zone            text not null,                   -- IANA: all wall-clock times of the home are in it
    area            text,                            -- what fails together
    key_safe_where  text,
    key_safe_code   text                             -- shown only to who accepted; each look is audited
);

create table people (
    id              text primary key,
    home            text not null references homes,
    name            text not null,
    born            date,
    phone           text,
    notes           text not null default '',
    gp              text not null default '',
    consent         jsonb,                           -- null: never asked, which is announced
    -- Canary homes are the service's own (schema.canaries): their alarms page nobody.
    constraint nobody_lives_in_a_canary_home check (not starts_with(home, '_canary-'))
);
create index people_home on people (home);

create table devices (
    number          integer generated always as identity primary key,  -- how readings name it
    home            text not null references homes,
    id              text not null,
    kind            text not null,
    room            text,
    exit            boolean not null default false,
    worn            text,
    dialect         text not null default 'own',
    address         text,                            -- EUI, or the name its hub knows it by
    person          text references people,          -- whose it is, where several live here
    retired_at      timestamptz,
    unique (home, id)
);
create unique index devices_address on devices (dialect, home, address) where address is not null;

create table contacts (
    person          text not null references people,
    id              text not null,
    ordinal         integer not null,                -- tried in this order
    name            text not null,
    relation        text not null default '',
    phone           text,
    key_holder      boolean not null default false,
    told            text[] not null default '{alarms}',
    quiet           text,
    channels        text[] not null default '{sms,voice}',
    primary key (person, id)
);

create table policies (
    name            text primary key,
    steps           jsonb not null                   -- schema.plans.Policy; the last step repeats
);

create table teams (
    name            text primary key,
    rota            jsonb                            -- schema.people.Rota; null: all always on duty
);

create table team_members (
    team            text not null references teams,
    id              text not null,
    ordinal         integer not null,
    name            text not null,
    phone           text,
    channels        text[] not null default '{sms,voice}',
    primary key (team, id)
);

-- Versions are never changed: what a rule did last month is judged by the plan of last month.
create table care_plans (
    person          text not null references people,
    version         integer not null check (version > 0),
    author          text not null default '',
    reason          text not null default '',
    starts          date,
    review          date,
    rules           jsonb not null,                  -- schema.plans.AnyRule, a list
    created_at      timestamptz not null default clock_timestamp(),
    primary key (person, version)
);

-- Wall-clock, in the home's zone, as the plan writes them.
create table absences (
    person          text not null references people,
    starts          text not null,
    ends            text not null,
    why             text not null default '',
    primary key (person, starts)
);

create table test_modes (
    home            text primary key references homes,
    until           timestamptz not null,
    by              text not null
);

-- ---------------------------------------------------------------------------------------------------
-- 2. The log: readings as they came, and the one order in which everything is folded
-- ---------------------------------------------------------------------------------------------------

create sequence batches as bigint;                   -- one a transaction of the gateway that stores readings

-- The history. One row a reading, keyed by what is the same on every redelivery, so that none counts
-- twice. On plain PostgreSQL it is partitioned by day, with TimescaleDB it is a hypertable (timescale.sql).
-- `batch` leads to the log's position: the position is only taken once the rows are in.
create table readings (
    device          integer not null,
    observed_at     timestamptz not null
                    check (observed_at > '2000-01-01' and observed_at < '2100-01-01'),  -- recordings replayed: 2003
    boot            bigint not null,
    seq             bigint not null,                 -- the device's, or a hash of the payload
    kind            text not null,
    value           text not null,
    received_at     timestamptz not null,
    batch           bigint not null,
    retained        boolean not null default false,
    clock_doubted   boolean not null default false,  -- the device gave no believable time: observed = received
    battery         real,
    signal          smallint,
    samples         bytea,                           -- acceleration: schema.readings.Samples, packed
    primary key (device, observed_at, boot, seq, kind)
) partition by range (observed_at);
create index readings_batch on readings (batch);

-- The identity of readings whose time is missing or absurd, where `observed_at` cannot serve: 7 days.
create table undated_readings (
    device          integer not null,
    boot            bigint not null,
    seq             bigint not null,
    kind            text not null,
    received_at     timestamptz not null,
    primary key (device, boot, seq, kind)
);
create index undated_readings_age on undated_readings (received_at);

-- What the monitor tails. Positions commit in order and time never goes back (log_append holds both).
-- Rows of readings and ticks are kept for days and never past the oldest checkpoint; facts are kept.
create table log (
    position        bigint primary key check (position > 0),
    committed_at    timestamptz not null unique,
    kind            text not null check (kind in ('readings', 'tick', 'facts')),
    batch           bigint unique,                   -- of the readings stored in the same transaction
    entries         bytea not null,                  -- schema.entries, packed
    check ((kind = 'readings') = (batch is not null))
);

-- When a batch of readings came into the log: kept as the log's row goes, so that the history can be folded again
-- in the log's own order and time.
create table batch_times (
    batch           bigint primary key,
    committed_at    timestamptz not null
);
create index batch_times_age on batch_times (committed_at);

-- When the log ticked, kept as the ticks themselves go: what restarts its clock does so at a tick, and what is raised
-- after that is called by it. Half an hour a row.
create table tick_times (
    half_hour       timestamptz primary key,
    ticks           bytea not null,                  -- microseconds since then, 4 bytes each, in order
    marked          bytea not null                   -- those that came behind or blind, whole (schema.entries.Tick)
);

-- Appends one row, in the caller's transaction, after everything else it stores. The advisory lock is held
-- until commit: the next position is given out only when this one is visible or gone, so a tail never
-- skips a late commit. `at` is given by a replay alone, whose clock is the recording's.
create function log_append(kind text, batch bigint, entries bytea, at timestamptz default null)
returns table ("position" bigint, committed_at timestamptz)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(20261122);
    return query
        insert into log as l ("position", committed_at, kind, batch, entries)
        select coalesce(max(head."position"), 0) + 1,
               greatest(coalesce(log_append.at, clock_timestamp()),
                        max(head.committed_at) + interval '1 microsecond'),
               log_append.kind, log_append.batch, log_append.entries
        from (select h."position", h.committed_at from log h order by h."position" desc limit 1) head
        returning l."position", l.committed_at;
    notify log;
end $$;

-- What arrived and is no reading, or the same key with other content: why, and its first 4 KB.
create table rejected_messages (
    id              bigint generated always as identity primary key,
    received_at     timestamptz not null,
    topic           text not null,
    home            text,                            -- as the topic says; it need not exist
    device          text,
    reason          text not null,                   -- a sentence for the installer
    payload         bytea not null check (octet_length(payload) <= 4096),
    size            integer not null,                -- of the whole message, in bytes
    waits           boolean not null default false   -- for its device to be registered: it is decoded then
);
create index rejected_messages_home on rejected_messages (home, received_at desc);
create index rejected_messages_waiting on rejected_messages (home, device, received_at) where waits;

-- Past the cap per home and hour, messages are counted instead of kept.
create table rejected_counts (
    home            text not null,                   -- '' where the topic names none
    hour            timestamptz not null,
    messages        bigint not null default 0,
    primary key (home, hour)
);

-- When a device was last heard, for installers; the monitor has its own knowledge, from the log.
create table device_sightings (
    device          integer primary key references devices (number),
    last_seen_at    timestamptz not null,
    battery         real,
    signal          smallint
);

-- ---------------------------------------------------------------------------------------------------
-- 3. The monitor: how far it has read, what it knows, what it found
-- ---------------------------------------------------------------------------------------------------

-- Moved by compare-and-set in the transaction that writes the findings.
create table monitor_cursors (
    partition       integer primary key,
    position        bigint not null
);

-- What it reads first when it starts: the facts, from among days of readings.
create index log_facts on log (position) where kind = 'facts';

-- People's states as of a position, in chunks that are each restored at their own position.
create table checkpoints (
    partition       integer not null,
    chunk           integer not null,
    position        bigint not null,
    people          bytea not null,
    primary key (partition, chunk)
);

-- What the monitor said, in order; alerting takes each once (taken_at).
create table finding_changes (
    position        bigint not null,                 -- of the log row that brought it about
    subject         text not null,
    ordinal         integer not null,                -- among the subject's at that position
    finding         text not null,                   -- schema.findings.finding_id
    change          text not null check (change in ('raised', 'updated', 'cleared')),
    body            jsonb not null,                  -- schema.findings.FindingChange
    taken_at        timestamptz,
    pressing        smallint generated always as (   -- by its priority; 1 is first
                    array_position(array['life', 'urgent', 'routine', 'notice'], body #>> '{finding,priority}')) stored,
    primary key (position, subject, ordinal)
);
create index finding_changes_pressing on finding_changes (pressing, position, subject) where taken_at is null;
create index finding_changes_waiting on finding_changes (position, subject, ordinal) where taken_at is null;
create index finding_changes_finding on finding_changes (finding);
-- What was raised of a subject, for whoever looks back.
create index finding_changes_raised on finding_changes (subject, position) where change = 'raised';
-- A finding is raised once, whatever is replayed.
create unique index finding_raised_once on finding_changes (finding) where change = 'raised';

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
    seen_at         timestamptz,
    begun_at        timestamptz not null default clock_timestamp()  -- of the time before, nobody knows
);

-- How often a device shows that it lives, once that is learned: in microseconds.
create table device_rhythms (
    device          integer primary key references devices (number),
    usual           bigint not null check (usual > 0)
);

-- A draft asked about: the console asks, the monitor answers, each once; both are kept for a day.
create table rehearsals (
    id              bigint generated always as identity primary key,
    person          text not null references people,
    asked_by        text not null,
    asked_at        timestamptz not null default clock_timestamp(),
    days            integer not null check (days between 1 and 28),
    draft           jsonb not null,                  -- schema.rehearsals.Draft
    answered_at     timestamptz,
    answer          jsonb,                           -- schema.rehearsals.Rehearsed
    fault           text,                            -- why there is no answer, in a sentence
    check ((answered_at is null) = (answer is null and fault is null))
);
create index rehearsals_waiting on rehearsals (id) where answered_at is null;
create index rehearsals_age on rehearsals (asked_at);

-- ---------------------------------------------------------------------------------------------------
-- 4. Alarms, and how they reach somebody
-- ---------------------------------------------------------------------------------------------------

-- An alarm: raised -> acknowledged -> dispatched -> on_scene -> closed; `release` goes back to raised.
-- Cleared (by the machine) and acknowledged (by a human) are independent.
create table alarms (
    id              bigint generated always as identity primary key,
    subject_kind    text not null check (subject_kind in ('person', 'home', 'service')),
    subject         text not null,
    person          text references people,
    home            text references homes,
    kind            text not null,
    rule            text not null,                   -- the rule's stable id; 'manual' when raised by hand
    device          text,
    priority        text not null check (priority in ('life', 'urgent', 'routine', 'notice')),
    certainty       text not null default 'certain',
    policy          text,                            -- null: schema.plans.DEFAULT_POLICY
    state           text not null default 'raised'
                    check (state in ('raised', 'acknowledged', 'dispatched', 'on_scene', 'closed')),
    owner           text,
    test            boolean not null default false,
    canary          boolean not null default false,  -- of a canary home: pages nobody, is in no list or figure
    reason          text not null,
    evidence        jsonb not null default '[]',
    onset           timestamptz not null,
    raised_at       timestamptz not null,            -- on the log's time
    recorded_at     timestamptz not null default clock_timestamp(),
    late_by         interval not null default '0',
    cleared_at      timestamptz,
    acknowledged_at timestamptz,
    closed_at       timestamptz,
    outcome         text,
    outcome_cause   text,
    escalation      jsonb not null default '{}',     -- alerting.escalation's state
    due_at          timestamptz,                     -- of the next escalation step
    check ((state = 'closed') = (closed_at is not null)),
    check ((state = 'closed') = (outcome is not null)),
    check (state not in ('acknowledged', 'dispatched', 'on_scene') or owner is not null),
    -- No dead end: an open alarm is owned by a human or has a next step with a time.
    constraint no_dead_end check (state = 'closed' or owner is not null or due_at is not null),
    -- Whatever goes wrong, no household's alarm is kept from people as a canary's.
    constraint no_household_is_a_canary check (not canary or (person is null and starts_with(subject, '_canary-')))
);
-- One open alarm a subject and kind: what comes after joins it.
create unique index one_open_alarm on alarms (subject_kind, subject, kind) where closed_at is null;
create index alarms_due on alarms (due_at) where closed_at is null;
create index alarms_person on alarms (person, raised_at desc);
create index alarms_canary on alarms (recorded_at) where canary;

create table alarm_findings (
    alarm           bigint not null references alarms,
    finding         text not null,
    raised_at       timestamptz not null,
    cleared_at      timestamptz,
    primary key (alarm, finding)
);
create index alarm_findings_finding on alarm_findings (finding);

-- Everything that happened to an alarm, in order, never changed: figures are computed from it alone.
create table journal (
    id              bigint generated always as identity primary key,
    alarm           bigint not null references alarms,
    at              timestamptz not null,
    actor           text not null,                   -- a user, 'monitor', 'escalation', 'delivery', 'twilio'
    action          text not null,                   -- raised, joined, cleared, step, notified, sent, ...
    text            text not null,                   -- a sentence
    detail          jsonb not null default '{}'
);
create index journal_alarm on journal (alarm, id);

-- The outbox: committed with the step that decided it. Bodies hold no private value.
create table notifications (
    id              bigint generated always as identity primary key,
    alarm           bigint not null references alarms,
    step            integer not null,
    round           integer not null default 0,      -- of a step that repeats
    target          text not null,                   -- operators, a team's or a contact's id
    recipient       text not null,                   -- 'operators', or the member's or contact's id
    recipient_kind  text not null check (recipient_kind in ('desk', 'member', 'contact', 'person')),
    channel         text not null check (channel in ('console', 'sms', 'voice')),
    phone           text,
    body            text not null,
    code            text,                            -- by which a reply names it, on that phone
    created_at      timestamptz not null,
    not_before      timestamptz not null,            -- contacts one by one; `quiet` for what can wait
    state           text not null default 'waiting'
                    check (state in ('waiting', 'sending', 'sent', 'delivered', 'failed', 'not_sent', 'withdrawn')),
    claimed_until   timestamptz,
    attempts        integer not null default 0,
    reason          text,                            -- why it failed, was not sent, or was withdrawn
    receipt_by      timestamptz,                     -- undelivered by then, escalation no longer counts on it
    given_up_at     timestamptz,                     -- since when it does not: failed, declined, or no receipt
    unique (alarm, step, round, target, recipient, channel)
);
create index notifications_waiting on notifications (not_before) where state in ('waiting', 'sending');
create index notifications_receipts on notifications (receipt_by)
    where state in ('waiting', 'sending', 'sent') and given_up_at is null;
create index notifications_alarm on notifications (alarm);
create index notifications_phone on notifications (phone, code) where code is not null;

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

create table attempts (
    id              bigint generated always as identity primary key,  -- in the callback's address
    notification    bigint not null references notifications,
    number          integer not null,
    started_at      timestamptz not null,
    ended_at        timestamptz,
    result          text check (result in ('sent', 'try_later', 'refused', 'ambiguous')),
    reason          text,
    provider_id     text,                            -- Twilio's sid
    unique (notification, number)
);
create index attempts_provider on attempts (provider_id);

-- A receipt can come before the answer to our request, twice, and out of order.
create table receipts (
    attempt         bigint not null references attempts,
    status          text not null,
    error_code      text not null default '',
    received_at     timestamptz not null,
    primary key (attempt, status, error_code)
);

create table replies (
    id              bigint generated always as identity primary key,
    provider_id     text unique,                     -- the same reply delivered twice counts once
    phone           text not null,
    body            text not null,
    received_at     timestamptz not null,
    notification    bigint references notifications,
    understood      text not null                    -- accepted, declined, note, late, unknown_number
);
create index replies_notification on replies (notification) where notification is not null;

-- ---------------------------------------------------------------------------------------------------
-- 5. Who works here
-- ---------------------------------------------------------------------------------------------------

create table users (
    id              text primary key,
    name            text not null,
    role            text not null
                    check (role in ('operator', 'supervisor', 'responder', 'installer', 'care_team', 'administrator')),
    password_hash   text not null,                   -- argon2
    disabled_at     timestamptz
);

create table sessions (
    token_hash      bytea primary key,               -- sha256 of the bearer token or cookie
    "user"          text not null references users,
    created_at      timestamptz not null,
    expires_at      timestamptz not null
);

-- Every look at a person's record, and every change by hand.
create table audit (
    id              bigint generated always as identity primary key,
    at              timestamptz not null,
    actor           text not null,
    action          text not null,
    person          text,
    detail          jsonb not null default '{}'
);
create index audit_person on audit (person, at desc);

-- ---------------------------------------------------------------------------------------------------
-- 6. Keeping house
-- ---------------------------------------------------------------------------------------------------

-- 'timescale' where the extension is there with its policies, 'apache' without them, else 'plain'.
create function storage_mode() returns text language sql stable as $$
    select case
        when not exists (select from pg_extension where extname = 'timescaledb') then 'plain'
        when current_setting('timescaledb.license', true) = 'timescale' then 'timescale'
        else 'apache'
    end
$$;

-- Day partitions from one day to another, on plain PostgreSQL; returns how many it made. A row outside
-- them would abort its batch, so the gateway calls this at start and daily, 31 days back and 3 ahead.
create function readings_ensure_days(first date, last date) returns integer language plpgsql as $$
declare
    day date;
    made integer := 0;
begin
    if storage_mode() <> 'plain' then return 0; end if;
    perform pg_advisory_xact_lock(20261123);
    for day in select generate_series(first, last, interval '1 day')::date loop
        if to_regclass('readings_' || to_char(day, 'YYYYMMDD')) is null then
            execute format('create table %I partition of readings for values from (%L) to (%L)',
                           'readings_' || to_char(day, 'YYYYMMDD'),
                           day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
            made := made + 1;
        end if;
    end loop;
    return made;
end $$;
