"""What only a human ends is closed before it would hide the next; what ends by itself is left alone."""

import msgspec

from schema.entries import AlarmClosed
from schema.findings import Finding, FindingChange
from schema.instants import HOUR, SECOND, Instant, parse_instant
from schema.people_entries import entries
from schema.people_file import parse
from simulator.capture.lines import Line
from simulator.replay.closings import Closings
from simulator.replay.memory import directory

NIGHT = parse_instant("2026-11-22T02:00:00Z")
PEOPLE = parse(
    """
    homes:
      - id: h1
        zone: UTC
        devices: [{id: pendant-1, kind: button}, {id: bed-1, kind: bed}, {id: belt-1, kind: acceleration}]
      - {id: h2, zone: UTC, devices: [{id: pendant-1, kind: button}]}
    people: [{id: ada, name: Ada Example, home: h1}]
    """,
    "people.yaml",
)


def closings() -> Closings:
    return Closings(directory(PEOPLE, entries(PEOPLE).numbers))


def raised(rule: str, at: Instant = NIGHT, *, cleared: bool = False) -> FindingChange:
    finding = Finding(
        id=f"{rule}-{at}",
        subject_kind="person",
        subject="ada",
        home="h1",
        rule=rule,
        rule_name=rule,
        kind="button",
        device="pendant-1",
        onset=at,
        raised_at=at,
        priority="life",
        policy=None,
        reason="",
    )
    return FindingChange(change="cleared" if cleared else "raised", finding=finding, at=at)


def press(at: Instant, seq: int = 1, home: str = "h1", kind: str = "button") -> Line:
    value = "pressed" if kind == "button" else "out"
    return Line(at, f"homes/{home}/pendant-1", msgspec.json.encode({"seq": seq, "kind": kind, "value": value}))


def test_an_open_press_is_closed_before_the_next() -> None:
    human = closings()
    assert human.before(press(NIGHT)) == []
    human.heed([raised("button")])
    later = NIGHT + HOUR
    assert human.before(press(later, 2)) == [AlarmClosed("ada", (f"button-{NIGHT}",), later)]
    assert human.before(press(later + HOUR, 3)) == []  # it is closed already


def test_presses_in_quick_succession_are_one() -> None:
    human = closings()
    human.heed([raised("button")])
    assert human.before(press(NIGHT + 20 * SECOND, 2)) == []


def test_the_same_press_once_more_closes_nothing() -> None:
    human, at = closings(), press(NIGHT).at
    message = msgspec.json.encode({"seq": 1, "at": "2026-11-22T02:00:00Z", "kind": "button", "value": "pressed"})
    human.before(Line(at, "urgent/h1/pendant-1", message))
    human.heed([raised("button")])
    assert human.before(Line(at + HOUR, "homes/h1/pendant-1", message)) == []


def test_neither_a_press_elsewhere_nor_any_other_reading_closes_one() -> None:
    human = closings()
    human.heed([raised("button")])
    assert human.before(press(NIGHT + HOUR, home="h2")) == []
    assert human.before(press(NIGHT + HOUR, kind="bed")) == []


def test_what_was_cancelled_or_ends_by_itself_is_not_closed() -> None:
    human = closings()
    human.heed([raised("button"), raised("button", cleared=True), raised("bed_exit")])
    assert human.before(press(NIGHT + HOUR)) == []
    assert human.next_due() is None


def test_a_morning_is_closed_before_the_next_is_judged() -> None:
    human = closings()
    human.heed([raised("not_up")])
    due = human.next_due()
    assert due is not None
    assert NIGHT + 12 * HOUR < due < NIGHT + 23 * HOUR
    assert human.due(due - SECOND) == []
    assert human.due(due) == [AlarmClosed("ada", (f"not_up-{NIGHT}",), due)]
    assert human.next_due() is None


def window(at: Instant, seq: int) -> Line:
    said = {"seq": seq, "kind": "acceleration", "rate": 50, "range": 8, "samples": "AAAAAAAA"}
    return Line(at, "homes/h1/belt-1", msgspec.json.encode(said))


def test_each_window_is_judged_for_itself_and_closes_no_press() -> None:
    human = closings()
    human.heed([raised("impact"), raised("button")])
    soon = NIGHT + SECOND
    assert human.before(window(soon, 1)) == [AlarmClosed("ada", (f"impact-{NIGHT}",), soon)]
    assert human.before(window(NIGHT + HOUR, 2)) == []
    assert human.before(press(NIGHT + HOUR, 3)) == [AlarmClosed("ada", (f"button-{NIGHT}",), NIGHT + HOUR)]
