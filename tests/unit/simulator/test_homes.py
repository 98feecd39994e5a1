"""A life is told from its seed: plausible, repeatable, in both dialects, and without end."""

from collections import defaultdict
from heapq import merge
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Any

import msgspec

from gateway.dialects import decode
from schema.instants import DAY, HOUR, MINUTE, SECOND, Instant, iso, parse_instant
from schema.localtime import clock_text
from schema.people import Absence, Device, Home, Person
from schema.people_file import PeopleFile, parse, read
from simulator.capture.lines import Line
from simulator.homes.life import Manner, Message, household, life
from simulator.replay.run import Ready, in_memory

DEMO = Path(__file__).parents[3] / "simulator" / "demo.yaml"
MONDAY = parse_instant("2026-11-23T16:00:00Z")
ADA = Person(id="ada", name="Ada Example", home="home-1")
DEVICES = (
    Device(id="hub", kind="hub"),
    Device(id="pendant-1", kind="button"),
    Device(id="bed-1", kind="bed", room="bedroom"),
    Device(id="door-1", kind="door", room="hall", exit=True),
    Device(id="motion-1", kind="motion", room="hall"),
    Device(id="motion-2", kind="motion", room="bathroom"),
    Device(id="motion-3", kind="motion", room="living room"),
    Device(id="pills-1", kind="pill", room="kitchen"),
    Device(id="kitchen", kind="door", room="kitchen", dialect="zigbee2mqtt", address="Küchenschrank"),
)
HOME = Home(id="home-1", zone="Europe/London", devices=DEVICES)


def told(days: float = 3, manner: Manner = Manner(7), home: Home = HOME, person: Person = ADA) -> list[Message]:  # noqa: B008 - immutable
    until = MONDAY + int(days * DAY)
    return [*takewhile(lambda message: message[0] < until, life(person, home, home.devices, MONDAY, manner))]


def of(device: str, messages: list[Message]) -> list[tuple[Instant, str]]:
    """Return (at, value) of what a device of our own dialect says of its own kind."""
    return [
        (at, payload["value"])
        for at, topic, payload in messages
        if topic.endswith(f"/{device}") and payload["kind"] != "heartbeat"
    ]


def test_the_same_seed_tells_the_same_life() -> None:
    assert told() == told()
    assert told() != told(manner=Manner(8))


def test_a_life_is_told_in_order_of_time_and_never_ends() -> None:
    messages = told(20)
    assert all(one[0] <= other[0] for one, other in pairwise(messages))
    assert messages[-1][0] > MONDAY + 19 * DAY


def test_it_begins_with_how_everything_stands() -> None:
    first = [message for message in told() if message[0] == MONDAY]
    assert {topic.rpartition("/")[2] for _, topic, _ in first} >= {"bed-1", "door-1", "motion-1", "Küchenschrank"}
    assert of("bed-1", first) == [(MONDAY, "out")]


def test_every_message_is_one_that_the_gateway_reads() -> None:
    for _, topic, payload in told(1, Manner(7, mishaps=True)):
        decoded = decode(topic, msgspec.json.encode(payload))
        assert decoded.readings, (topic, payload)
        assert not decoded.rejected, (topic, payload, decoded.rejected)


def test_a_reading_is_its_own_by_seq_and_boot() -> None:
    numbers = defaultdict[str, list[int]](list)
    for _, topic, payload in told(manner=Manner(7, boot=5)):
        if "zigbee2mqtt" not in topic:
            numbers[topic.partition("/")[2]].append(payload["seq"])
            assert payload["boot"] == 5
    assert all(seq == list(range(1, len(seq) + 1)) for seq in numbers.values())


def test_nights_are_in_bed_but_for_short_visits_to_the_bathroom() -> None:
    out_since: Instant | None = None
    for at, value in of("bed-1", told(20)):
        shown = clock_text(at, HOME.zone)
        if value == "out":
            out_since = out_since or at
        elif out_since is not None:
            if shown >= "23:30" or shown < "07:00":
                assert at - out_since < 12 * MINUTE, iso(at)
            out_since = None


def test_days_have_signs_of_life_every_few_hours_and_pills_in_the_morning() -> None:
    messages = told(20)
    signs = sorted(at for device in ("motion-1", "motion-2", "motion-3", "bed-1") for at, _ in of(device, messages))
    by_day = [at for at in signs if "07:30" < clock_text(at, HOME.zone) < "22:00"]
    assert all(later - sooner < 3 * HOUR for sooner, later in pairwise(by_day) if later - sooner < 8 * HOUR)
    pills = [clock_text(at, HOME.zone) for at, _ in of("pills-1", messages)]
    assert len(pills) == 20
    assert all("08:00" < at < "10:00" for at in pills)


def test_the_front_door_is_never_left_open_nor_used_at_night() -> None:
    uses = of("door-1", told(20))
    assert [value for _, value in uses][1:] == ["open", "closed"] * (len(uses) // 2)
    assert len(uses) > 20
    assert all("07:00" < clock_text(at, HOME.zone) < "22:00" for at, _ in uses)
    assert all(closed - opened < MINUTE for (opened, _), (closed, _) in zip(uses[1::2], uses[2::2], strict=True))


def test_every_device_shows_that_it_lives_and_its_battery_falls() -> None:
    beats = defaultdict[str, list[tuple[Instant, dict[str, Any]]]](list)
    for at, topic, payload in told(20):
        if payload.get("kind") == "heartbeat" or "zigbee2mqtt" in topic:
            beats[topic.rpartition("/")[2]].append((at, payload))
    assert set(beats) == {"Küchenschrank"} | {device.id for device in DEVICES[:-1]}
    for device, mine in beats.items():
        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(mine)]
        assert max(gaps) <= (5 * MINUTE if device == "hub" else HOUR), device
        batteries = [payload["battery"] for _, payload in mine]
        assert batteries == sorted(batteries, reverse=True)
        assert batteries[0] > batteries[-1]


def test_nobody_moves_while_everybody_is_away() -> None:
    away = Absence(starts="2026-11-24T00:00", ends="2026-11-26T00:00")
    absent = msgspec.structs.replace(ADA, absences=(away,))
    messages = [message for message in told(2, person=absent) if message[0] > MONDAY + 9 * HOUR]
    assert messages
    assert {payload.get("kind") for _, topic, payload in messages if "zigbee" not in topic} == {"heartbeat"}


def test_a_couple_shares_the_doors_and_each_wears_a_pendant() -> None:
    bob = Person(id="bob", name="Bob Example", home="home-1")
    devices = (*DEVICES, Device(id="bed-2", kind="bed", room="bedroom", person="bob"))
    home = Home(id="home-1", zone="Europe/London", devices=devices)
    messages = [
        *takewhile(lambda message: message[0] < MONDAY + 3 * DAY, household(home, [ADA, bob], MONDAY, Manner(7)))
    ]
    assert of("bed-2", messages)
    assert [seq for _, topic, seq in messages if topic.endswith("/motion-1")] == [
        seq for _, topic, seq in told(3) if topic.endswith("/motion-1")
    ]


def test_a_home_where_nobody_lives_shows_that_its_devices_do() -> None:
    messages = [*islice(household(HOME, [], MONDAY, Manner(7)), 200)]
    assert {payload.get("kind", "heartbeat") for _, _, payload in messages} == {"heartbeat"}


def test_mishaps_happen_only_where_asked_for() -> None:
    assert not of("pendant-1", told(30))
    assert of("pendant-1", told(30, Manner(7, mishaps=True)))


def test_told_at_another_speed_the_payload_carries_the_time_of_telling() -> None:
    faster = Manner(7, told_at=lambda at: MONDAY + (at - MONDAY) // 60)
    for (at, topic, payload), (_, _, slow) in zip(told(1, faster), told(1), strict=True):
        key = "last_seen" if "zigbee2mqtt" in topic else "at"
        assert parse_instant(payload[key]) <= MONDAY + (at - MONDAY) // 60
        assert parse_instant(slow[key]) - at < SECOND


async def alarms_of(people: PeopleFile, days: int, manner: Manner) -> list[tuple[str | None, str]]:
    """Return (person, rule) of the alarms that these lives raise."""
    lives = merge(
        *(
            household(home, [person for person in people.people if person.home == home.id], MONDAY, manner)
            for home in people.homes
        ),
        key=lambda message: message[0],
    )
    until = MONDAY + days * DAY
    lines = [
        Line(at, topic, msgspec.json.encode(payload))
        for at, topic, payload in takewhile(lambda message: message[0] < until, lives)
    ]
    played = await in_memory(Ready(lines, people))
    assert played.refused == {}
    return [(alarm.person, alarm.rule) for alarm in played.report.alarms if alarm.raised_at < iso(until)]


async def test_ordinary_life_in_the_demo_raises_no_alarm() -> None:
    assert await alarms_of(read(DEMO), 2, Manner(1)) == []


async def test_planted_mishaps_raise_alarms() -> None:
    people = parse(DEMO.read_text(), "demo.yaml")
    few = msgspec.structs.replace(people, homes=people.homes[:3], people=people.people[:3])
    found = {rule for _, rule in await alarms_of(few, 10, Manner(1, mishaps=True))}
    assert len(found) >= 3
