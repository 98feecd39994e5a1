"""Coverage at the desk: the API's gaps are those the monitor wrote, by rule, and an operator sees them at a glance."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from runtime.clock import SetClock, SystemClock
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant, iso, moment
from tests.unit.console.house import House, lived_in, seen


@pytest.fixture
async def house(database: AsyncConnectionPool, database_url: str) -> AsyncIterator[House]:
    """Give a house whose clock stands, so that lengths come out to the second."""
    async with lived_in(database, database_url, SetClock(SystemClock().now() // SECOND * SECOND)) as house:
        yield house


async def kept(house: House, *, looked_ago: Duration = 0, begun_ago: Duration = 30 * 24 * HOUR) -> None:
    """Have the monitor keep coverage, for a month, as of now."""
    now = house.clock.now()
    await house.do(
        "insert into coverage_progress (position, looked_at, begun_at) values (1, %s, %s)"
        " on conflict (one) do update set looked_at = excluded.looked_at",
        moment(now - looked_ago),
        moment(now - begun_ago),
    )


async def gap(
    house: House, what: str, cause: str, began_ago: Duration, length: Duration | None = None, **of: str
) -> Instant:
    """Write a gap as the keeper does; `home` and `device` say whose. Return when it began."""
    began = house.clock.now() - began_ago
    await house.do(
        "insert into coverage_gaps (what, home, device, cause, began, ended)"
        " values (%s, %s, (select number from devices where home = %s and id = %s), %s, %s, %s)",
        what, of.get("home"), of.get("home"), of.get("device"), cause, moment(began),
        None if length is None else moment(began + length),
    )  # fmt: skip
    return began


async def covered(house: House, person: str = "ada", query: str = "") -> dict[str, Any]:
    async with house.program("olga") as olga:
        answer = await olga.get(f"/api/people/{person}/coverage{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of_rule(found: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(each for each in found["rules"] if each["rule"] == rule)


async def test_with_nothing_in_the_way_every_rule_saw_everything(house: House) -> None:
    await kept(house)
    found = await covered(house)
    assert {each["rule"]: each["kind"] for each in found["rules"]} == {
        "button": "button", "bed-night": "bed", "inactivity": "inactivity", "silence:hub": "technical",
    }  # fmt: skip
    assert all(each["seconds_unseen"] == 0 and each["gaps"] == [] for each in found["rules"])
    assert (found["person"], found["hours"]) == ("ada", 24)
    assert await house.audited("ada") == [("olga", "looked at coverage")]


async def test_a_dead_mat_blinds_the_bed_rule_alone_and_is_said_since_when(house: House) -> None:
    await kept(house)
    began = await gap(house, "device", "device", 2 * HOUR, home="home-ada", device="bed-1")
    found = await covered(house)
    first = found["rules"][0]
    assert first["rule"] == "bed-night", "what cannot see now comes first"
    (only,) = first["gaps"]
    assert (only["from"], only["until"], only["cause"], only["device"]) == (iso(began), None, "device", "bed-1")
    assert only["words"].startswith("We cannot see the bedroom since ")
    assert only["words"].endswith(": bedroom bed mat silent")
    assert (first["seconds_unseen"], first["minutes_unseen"]) == (7200, 120)
    assert of_rule(found, "button")["gaps"] == []
    assert [each["device"] for each in of_rule(found, "inactivity")["partly"]] == ["bed-1"]
    assert of_rule(found, "inactivity")["seconds_unseen"] == 0


async def test_inactivity_cannot_see_once_not_one_of_its_eyes_is_left(house: House) -> None:
    await kept(house)
    for number, device in enumerate(("bed-1", "door-1", "motion-1", "motion-2"), 1):
        await gap(house, "device", "device", 5 * HOUR - number * HOUR // 2, 4 * HOUR, home="home-ada", device=device)
    rule = of_rule(await covered(house), "inactivity")
    assert rule["seconds_unseen"] == 2.5 * 3600
    assert len(rule["gaps"]) == 1
    assert len(rule["partly"]) == 4


async def test_a_cut_off_home_blinds_every_rule_but_the_one_that_watches_it(house: House) -> None:
    await kept(house)
    await gap(house, "home", "hub", 3 * HOUR, 30 * MINUTE, home="home-ada")
    await gap(house, "home", "hub", 3 * HOUR, 30 * MINUTE, home="home-walter")
    found = await covered(house)
    assert {each["rule"]: each["seconds_unseen"] for each in found["rules"]} == {
        "button": 1800, "bed-night": 1800, "inactivity": 1800, "silence:hub": 0,
    }  # fmt: skip


@pytest.mark.parametrize("cause", ["broker", "gateway", "backlog", "database", "monitor"])
async def test_our_own_downtime_blinds_every_rule_of_everybody(house: House, cause: str) -> None:
    await kept(house)
    await gap(house, "watching" if cause == "monitor" else "listening", cause, HOUR, 10 * MINUTE)
    for person in ("ada", "walter", "henry", "ken"):
        found = await covered(house, person)
        assert {each["seconds_unseen"] for each in found["rules"]} == {600}
        assert {each["gaps"][0]["cause"] for each in found["rules"]} == {cause}


async def test_what_overlaps_is_counted_once(house: House) -> None:
    await kept(house)
    await gap(house, "listening", "gateway", 60 * MINUTE, 10 * MINUTE)
    await gap(house, "watching", "monitor", 55 * MINUTE, 10 * MINUTE)
    await gap(house, "home", "hub", 58 * MINUTE, 5 * MINUTE, home="home-ada")
    rule = of_rule(await covered(house), "button")
    assert rule["seconds_unseen"] == 900
    assert [each["cause"] for each in rule["gaps"]] == ["gateway", "monitor"]
    assert rule["gaps"][0]["until"] == rule["gaps"][1]["from"]


async def test_only_the_hours_asked_about_count(house: House) -> None:
    await kept(house)
    await gap(house, "listening", "gateway", 90 * MINUTE, 60 * MINUTE)
    await gap(house, "listening", "gateway", 30 * HOUR, HOUR)
    assert of_rule(await covered(house, query="?hours=1"), "button")["seconds_unseen"] == 1800
    assert of_rule(await covered(house), "button")["seconds_unseen"] == 3600
    assert of_rule(await covered(house, query="?hours=48"), "button")["seconds_unseen"] == 7200


@pytest.mark.parametrize("hours", ["0", "169", "x"])
async def test_coverage_has_bounds(house: House, hours: str) -> None:
    async with house.program("olga") as olga:
        assert (await olga.get(f"/api/people/ada/coverage?hours={hours}")).status_code == 422


async def test_a_monitor_that_is_down_now_is_a_gap_though_nobody_writes_it(house: House) -> None:
    await kept(house, looked_ago=10 * MINUTE)
    found = await covered(house)
    for rule in found["rules"]:
        assert [each["cause"] for each in rule["gaps"]] == ["monitor"]
        assert rule["gaps"][0]["until"] is None
        assert rule["seconds_unseen"] == 600


async def test_of_a_device_without_a_heartbeat_it_is_said_that_nobody_knows(house: House) -> None:
    await kept(house)
    await house.do(
        "insert into device_rhythms select number, 3600000000 from devices where home = 'home-ada' and id = 'bed-1'"
    )
    found = await covered(house)
    assert of_rule(found, "bed-night")["unknown"] == []
    assert of_rule(found, "button")["unknown"] == [
        {
            "device": "pendant-1",
            "daily": False,
            "words": "pendant pendant-1 speaks only when used: whether it lives is not known",
        }
    ]
    assert found["unknown"] == [
        (
            "hall door contact, hall motion sensor and bathroom motion sensor speak only when something happens:"
            " whether they live would show only after a day"
        ),
        "pendant pendant-1 speaks only when used: whether it lives is not known",
    ]


async def test_a_rule_that_does_not_run_is_named_with_the_reason(house: House) -> None:
    await kept(house)
    assert [(each["rule"], each["why"]) for each in (await covered(house))["not_running"]] == [
        ("missed_pills", "consent covers no pill")
    ]


async def test_that_coverage_was_never_kept_is_said(house: House) -> None:
    assert (await covered(house))["kept_since"] is None
    async with house.visitor("olga") as olga:
        assert "what could be seen is not known" in (await olga.get("/people/ada")).text


async def test_at_a_glance_the_persons_page_says_what_cannot_be_seen_now(house: House) -> None:
    await kept(house)
    await gap(house, "device", "device", 2 * HOUR, home="home-ada", device="bed-1")
    await gap(house, "listening", "broker", 5 * HOUR, 10 * MINUTE)
    async with house.visitor("olga") as olga:
        page = (await olga.get("/people/ada")).text
    head, _, rest = page.partition("Raise an alarm by hand")
    assert "We cannot see the bedroom since" in head
    assert "the broker was away" not in head
    assert "the broker was away" in rest
    assert rest.count('class="sight-gap"') == 5, "the broker's in each of four rules, the mat's in one"
    assert rest.count('class="sight-partly"') == 1


async def test_an_alarm_says_what_could_not_be_seen_since_its_onset(house: House) -> None:
    await kept(house)
    await gap(house, "device", "device", 20 * MINUTE, home="home-ada", device="motion-2")
    await gap(house, "home", "hub", 6 * HOUR, HOUR, home="home-ada")
    alarm = await house.finding(
        "inactivity", "ada", "home-ada", "No sign of life for 4 h", age=4 * HOUR,
        evidence=[seen(house.clock.now() - 4 * HOUR, "motion-1", "hall", "motion detected")],
    )  # fmt: skip
    async with house.visitor("olga") as olga:
        page = (await olga.get(f"/alarms/{alarm}")).text
    assert "We cannot see the bathroom since" in page
    assert "hub was cut off" not in page, "that was before the onset"


async def test_a_press_is_shown_without_a_word_of_coverage(house: House) -> None:
    await kept(house)
    await gap(house, "listening", "gateway", 10 * SECOND, 5 * SECOND)
    alarm = await house.press(age=20 * SECOND)
    async with house.visitor("olga") as olga:
        assert "could not see" not in (await olga.get(f"/alarms/{alarm}")).text
