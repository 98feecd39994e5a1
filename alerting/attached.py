"""The policy, teams and contacts an alarm has now: read at each step, so that only what is now attached is followed.

Odd configuration strands no alarm: a policy that is missing, empty or unreadable gives way to the service's own.
"""

from typing import Any

import msgspec
from psycopg import AsyncConnection

from alerting.escalation import EscalationPlan
from alerting.reach import Roster
from alerting.record import AlarmRow
from schema.people import Contact, Member, Rota, Team
from schema.plans import DEFAULT_POLICY, Policy, PolicyStep

OF_A_TEST: Policy = (PolicyStep(after="0s", notify="operators", repeat="10m"),)
"""While an installer tests: at the desk at once, and nobody's telephone rings."""
OF_A_CANARY: Policy = (PolicyStep(after="0s", notify="operators", repeat="1d"),)
"""A canary home's: the desk's list has it for who asks, and nobody is told."""
OF_A_NOTICE: Policy = (PolicyStep(after="0s", notify="operators", repeat="1d"),)
"""Worth knowing, and worth nobody's sleep: shown at the desk until somebody has seen to it."""

# In one look: the policy, the teams it names, the home's zone, and the contacts of the person, or for an alarm of
# the home those of everybody who lives there.
_ATTACHED = """
select (select steps from policies where name = %(policy)s),
       (select zone from homes where id = %(home)s),
       (select coalesce(jsonb_agg(jsonb_build_array(t.name, t.rota, (
            select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'id', m.id, 'name', m.name, 'phone', m.phone, 'channels', to_jsonb(m.channels)))
                order by m.ordinal, m.id), '[]')
            from team_members m where m.team = t.name))), '[]')
        from teams t where t.name in (
            select target #>> '{}' from policies, jsonb_path_query(steps, '$[*].notify[*]') target
            where policies.name = %(policy)s)),
       (select coalesce(jsonb_agg(jsonb_build_array(
            p.id, c.id, c.name, c.relation, c.phone, c.key_holder, c.told, c.quiet, c.channels)
            order by p.id, c.ordinal, c.id), '[]')
        from contacts c join people p on p.id = c.person
        where p.id = %(person)s or (%(person)s::text is null and p.home = %(home)s))
"""


class Attached(msgspec.Struct, frozen=True):
    """What is followed now, and what is odd about it, for the journal."""

    plan: EscalationPlan
    remark: str = ""


async def attached(connection: AsyncConnection, alarm: AlarmRow) -> Attached:
    """Return what the alarm's escalation follows now."""
    parameters = {"policy": alarm.policy, "home": alarm.home, "person": alarm.person}
    cursor = await connection.execute(_ATTACHED, parameters)
    row = await cursor.fetchone()
    assert row is not None
    written, zone, teams, contacts = row
    steps, remark = _steps(alarm.policy, written)
    if alarm.canary:
        steps, remark = OF_A_CANARY, "a canary home's: nobody is paged"
    elif alarm.test:
        steps, remark = OF_A_TEST, "an installer is testing: the desk alone is told"
    elif alarm.priority == "notice":
        steps, remark = OF_A_NOTICE, "a notice: nobody is paged"
    roster = Roster(
        teams={name: _team(rota, members) for name, rota, members in teams},
        contacts=_contacts(contacts),
        zone=zone or "UTC",
        about_equipment=alarm.kind == "technical",
    )
    return Attached(EscalationPlan(steps, roster), remark)


async def steps_of(connection: AsyncConnection, policy: str | None) -> tuple[Policy, str]:
    """Return the steps of the policy of that name, or the service's own and why."""
    if policy is None:
        return DEFAULT_POLICY, ""
    cursor = await connection.execute("select steps from policies where name = %s", (policy,))
    row = await cursor.fetchone()
    return _steps(policy, None if row is None else row[0])


def _steps(policy: str | None, written: Any) -> tuple[Policy, str]:
    """Return the steps as written, or the service's own and why."""
    if policy is None:
        return DEFAULT_POLICY, ""
    if written is None:
        return DEFAULT_POLICY, f"there is no policy called '{policy}': the service's own is followed"
    try:
        steps = msgspec.convert(written, Policy)
    except msgspec.ValidationError as error:
        return DEFAULT_POLICY, f"the policy '{policy}' cannot be read ({error}): the service's own is followed"
    if not steps:
        return DEFAULT_POLICY, f"the policy '{policy}' has no steps: the service's own is followed"
    return steps, ""


def _team(rota: Any, members: list[dict[str, Any]]) -> Team:
    try:
        on_rota = None if rota is None else msgspec.convert(rota, Rota)
    except msgspec.ValidationError:  # whom to leave out cannot be told: all are told rather than nobody
        on_rota = None
    return Team(members=tuple(Member(**member) for member in members), rota=on_rota)


def _contacts(rows: list[list[Any]]) -> tuple[Contact, ...]:
    shared = len({row[0] for row in rows}) > 1  # two residents may each have a 'daughter'
    return tuple(_contact(f"{row[0]}/{row[1]}" if shared else row[1], row) for row in rows)


def _contact(name: str, row: list[Any]) -> Contact:
    fields = ("name", "relation", "phone", "key_holder", "told", "quiet", "channels")
    return Contact(id=name, **dict(zip(fields, row[2:], strict=True)))
