-- When a batch of readings came into the log: kept as the log's row goes, so that the history can be folded again
-- in the log's own order and time.
create table batch_times (
    batch           bigint primary key,
    committed_at    timestamptz not null
);
create index batch_times_age on batch_times (committed_at);

-- What was raised of a subject, for whoever looks back.
create index finding_changes_raised on finding_changes (subject, position) where change = 'raised';

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
