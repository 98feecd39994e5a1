"""What a load announces: everything that is allowed and that somebody should know."""

from pathlib import Path

import pytest

from schema.instants import Instant, parse_instant
from schema.people_file import parse, read
from schema.people_gaps import announcements, scope_of

EXAMPLE = Path(__file__).with_name("people.yaml")
DEMO = Path(__file__).parents[3] / "simulator" / "demo.yaml"
AT: Instant = parse_instant("2026-10-20T09:00:00Z")


def announced(text: str, at: Instant = AT) -> list[str]:
    return list(announcements(scope_of(parse(text, "people.yaml")), at))


def changed(good: str, bad: str, at: Instant = AT) -> list[str]:
    text = EXAMPLE.read_text()
    assert good in text
    return announced(text.replace(good, bad, 1), at)


def test_where_all_is_well_nothing_is_announced() -> None:
    assert announced(EXAMPLE.read_text()) == []


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-04", None),
        ("2026-11-05", "is due in 7 days (12 November 2026)"),
        ("2026-11-11", "is due tomorrow (12 November 2026)"),
        ("2026-11-12", "is due today (12 November 2026)"),
        ("2026-11-13", "was due yesterday (12 November 2026)"),
        ("2026-12-12", "was due 30 days ago (12 November 2026)"),
    ],
)
def test_a_review_is_announced_a_week_ahead_and_ends_nothing(day: str, words: str | None) -> None:
    expected = [f"ada: the review of the care plan {words}; the plan stays in force"] if words else []
    assert announced(EXAMPLE.read_text(), parse_instant(f"{day}T12:00:00Z")) == expected


def test_the_day_is_that_of_the_home_not_of_the_machine() -> None:
    text = EXAMPLE.read_text().replace("    zone: Europe/London\n    area", "    zone: Pacific/Auckland\n    area")
    assert "is due today" in announced(text, parse_instant("2026-11-11T12:00:00Z"))[0]


def test_no_consent_at_all_is_announced_and_the_rules_run() -> None:
    consent = next(line for line in EXAMPLE.read_text().splitlines() if "consent:" in line)
    assert changed(consent, "") == ["ada: no consent is recorded; the rules run, and somebody should ask"]


def test_rules_that_consent_does_not_cover_are_named() -> None:
    assert changed("covers: [hub, bed, door, motion,", "covers: [hub, motion,") == [
        "ada: consent does not cover bed; not running: bed-night",
        "ada: consent does not cover door; not running: wandering, door_open",
    ]


def test_presses_falls_and_equipment_ask_no_consent() -> None:
    lines = changed("covers: [hub, bed, door, motion, fall, acceleration, pill]", "covers: []")
    named = " ".join(lines).split("not running: ")
    assert len(named) > 1
    for never in ("button", "fall", "silence"):
        assert not any(never in part.split("ada:")[0] for part in named[1:])


def test_a_rule_with_nothing_to_listen_to_is_named() -> None:
    lines = changed("exit: true", "exit: false")
    assert lines == [
        "ada: rule wandering has no device to listen to in home home-0001",
        "ada: rule door_open has no device to listen to in home home-0001",
    ]


def test_a_device_of_somebody_else_is_nothing_to_listen_to() -> None:
    text = EXAMPLE.read_text().replace("kind: bed,    room: bedroom}", "kind: bed, person: bert}")
    lines = announced(text + "  - {id: bert, name: Bert Example, home: home-0001, consent: {covers: [bed]}}\n")
    assert "ada: rule bed-night has no device to listen to in home home-0001" in lines
    assert "bert: has no care plan; only presses for help and falls raise alarms" in lines


def test_whoever_cannot_be_reached_is_named() -> None:
    assert changed(', phone: "+447700900122"', "") == [
        "ada: contact neighbour has no telephone number and cannot be reached"
    ]
    assert changed(', phone: "+447700900101"', "") == [
        "team rapid_response: rrt-nurse has no telephone number and cannot be reached"
    ]


def test_a_policy_that_turns_to_contacts_who_are_not_there_is_named() -> None:
    text = EXAMPLE.read_text()
    start, end = text.index("    contacts:\n"), text.index("    consent:")
    assert announced(text[:start] + text[end:]) == ["ada: has no contacts, to whom policy routine and urgent turns"]


def test_a_gap_in_the_rota_is_announced_in_the_zones_own_time() -> None:
    lines = changed('every: "mon-sun", from: "20:00"', 'every: "mon-sat", from: "20:00"')
    assert lines == [
        "team rapid_response: nobody is on duty Sun 25 Oct 20:00 to Mon 26 Oct 08:00, and 1 more in the next 14 days"
    ]


def test_a_team_without_members_is_named() -> None:
    assert announced("teams: {nobody: }") == ["team nobody: has no members; steps that notify it are passed over"]


def test_a_name_with_a_space_is_announced_before_the_broker_cuts_the_hub_off() -> None:
    lines = changed("dialect: zigbee2mqtt}", "dialect: zigbee2mqtt, address: Küche Tür}")
    assert len(lines) == 1
    assert "is called 'Küche Tür' at its hub, with a space" in lines[0]


def test_no_announcement_holds_a_name_an_address_or_a_number() -> None:
    file = read(DEMO)
    said = " ".join(announcements(scope_of(file), parse_instant("2028-01-01T00:00:00Z")))
    assert said
    for person in file.people:
        for private in (person.name, person.phone, *(contact.name for contact in person.contacts)):
            assert private is None or private not in said
    assert not any(home.address in said for home in file.homes)


def test_the_demos_teams_are_on_duty_day_and_night() -> None:
    for month in ("2026-03-20", "2026-10-20", "2026-12-20"):
        lines = announcements(scope_of(read(DEMO)), parse_instant(f"{month}T09:00:00Z"))
        assert not [line for line in lines if "nobody is on duty" in line]


def test_the_demos_telephone_numbers_are_all_different() -> None:
    file = read(DEMO)
    numbers = [person.phone for person in file.people if person.phone]
    numbers += [contact.phone for person in file.people for contact in person.contacts if contact.phone]
    numbers += [member.phone for team in file.teams.values() for member in team.members if member.phone]
    assert len(numbers) == len(set(numbers)) > 40
