-- Since when coverage is kept at all: of the time before, nobody knows what could be seen.
alter table coverage_progress add column begun_at timestamptz not null default clock_timestamp();
