-- Canary homes (schema/canaries.py): the database itself keeps households apart from them, and finds the newest
-- canary's alarm, and a message's replies, without reading tables whole.

alter table people add constraint nobody_lives_in_a_canary_home check (not starts_with(home, '_canary-'));
alter table alarms add constraint no_household_is_a_canary
    check (not canary or (person is null and starts_with(subject, '_canary-')));
create index alarms_canary on alarms (recorded_at) where canary;
create index replies_notification on replies (notification) where notification is not null;
