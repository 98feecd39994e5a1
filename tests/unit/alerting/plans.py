"""The policies, teams and contacts these tests speak of: those of the example file."""

from alerting.escalation import EscalationPlan
from alerting.reach import Roster
from schema.instants import Instant, parse_instant
from schema.people import Contact, Member, Rota, Shift, Team
from schema.plans import Policy, PolicyStep

NIGHT: Instant = parse_instant("2026-11-22T02:14:00Z")

URGENT: Policy = (
    PolicyStep(after="0s", notify="operators"),
    PolicyStep(after="60s", notify="rapid_response"),
    PolicyStep(after="4m", notify="contacts"),
    PolicyStep(after="8m", notify=("operators", "rapid_response"), repeat="4m"),
)
ROUTINE: Policy = (
    PolicyStep(after="0s", notify="operators"),
    PolicyStep(after="30m", notify="contacts"),
    PolicyStep(after="60m", notify="operators", repeat="60m"),
)
NURSE = Member(id="nurse", name="Priya Nair", phone="+447700900101")
SOCIAL_WORKER = Member(id="social-worker", name="Tom Okafor", phone="+447700900102", channels=("sms",))
ON_THEIR_OWN_TIME = Team(members=(NURSE, SOCIAL_WORKER))
RAPID_RESPONSE = Team(
    members=(NURSE, SOCIAL_WORKER),
    rota=Rota(
        zone="Europe/London",
        shifts=(
            Shift(who="nurse", every="mon-fri", from_="08:00", to="20:00"),
            Shift(who="social-worker", every="mon-sun", from_="20:00", to="08:00"),
            Shift(who="social-worker", every="sat-sun", from_="08:00", to="20:00"),
        ),
    ),
)
NOBODY_ON_DUTY = Team(members=(NURSE,), rota=Rota(zone="Europe/London", shifts=()))
DAUGHTER = Contact(id="daughter", name="Grace Example", phone="+447700900121", told=("alarms", "all_clear"))
NEIGHBOUR = Contact(id="neighbour", name="Sam Example", phone="+447700900122", quiet="22:00-07:00")


def a_plan(
    steps: Policy = URGENT,
    *,
    team: Team = RAPID_RESPONSE,
    contacts: tuple[Contact, ...] = (DAUGHTER, NEIGHBOUR),
    about_equipment: bool = False,
) -> EscalationPlan:
    """Return a plan over the example's teams and contacts."""
    roster = Roster(
        teams={"rapid_response": team}, contacts=contacts, zone="Europe/London", about_equipment=about_equipment
    )
    return EscalationPlan(steps, roster)
