-- What alerting takes first is told by an index, however many findings wait.
alter table finding_changes add column pressing smallint generated always as (
    array_position(array['life', 'urgent', 'routine', 'notice'], body #>> '{finding,priority}')) stored;
create index finding_changes_pressing on finding_changes (pressing, position, subject) where taken_at is null;
