"""Stored, then acknowledged; once, whatever comes twice; and nothing that arrives leads to nothing."""

import asyncio
import random
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from gateway.cap import Cap
from gateway.ingest import FULL_MESSAGES
from gateway.message import Message
from gateway.store import SAME_IDENTITY
from schema.instants import DAY, HOUR, MINUTE, SECOND
from tests.unit.gateway.house import add_device, add_home, count, presses, rows, told
from tests.unit.gateway.lane import NOW, Faults, Lane, bed, came, lane

ALL = "select seq from readings order by seq"
LOG_ROWS = "select count(*) from log"
REASONS = "select reason from rejected_messages order by id"
PRESS = {"seq": 7, "kind": "button", "value": "pressed"}


@pytest.fixture
async def home(database: AsyncConnectionPool) -> str:
    await add_home(database, "h1")
    return "h1"


async def stored(database: AsyncConnectionPool) -> list[int]:
    return [seq for (seq,) in await rows(database, ALL)]


async def reasons(database: AsyncConnectionPool) -> list[str]:
    return [reason for (reason,) in await rows(database, REASONS)]


async def test_a_batch_is_stored_told_as_one_row_and_then_acknowledged(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    messages = bed(home, 3, 1, 2)
    async with lane(database_url) as gateway:
        await gateway.batch(*messages)
        assert gateway.broker.acknowledged == list(messages)
    assert await stored(database) == [1, 2, 3]
    assert [entry.seq for entry in await told(database)] == [3, 1, 2]  # in the order of arrival
    assert await count(database, LOG_ROWS) == 1
    assert await count(database, "select count(*) from readings r join log on log.batch = r.batch") == 3


@pytest.mark.parametrize("seed", range(5))
async def test_redelivered_reordered_and_partly_repeated_batches_count_once(
    database: AsyncConnectionPool, database_url: str, home: str, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a seeded world, not a secret
    messages = bed(home, *range(1, 41))
    arrivals = [message for message in messages for _ in range(dice.randint(1, 3))]
    dice.shuffle(arrivals)
    async with lane(database_url) as gateway:
        for part in (arrivals[start : start + 9] for start in range(0, len(arrivals), 9)):
            await gateway.batch(*part)
        assert len(gateway.broker.acknowledged) == len(arrivals)
    assert await stored(database) == list(range(1, 41))
    assert sorted(entry.seq for entry in await told(database)) == list(range(1, 41))
    assert not await reasons(database)


async def test_two_lanes_that_store_the_same_at_once_neither_double_nor_hold_each_other_up(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    messages = list(bed(home, *range(1, 201)))
    messages += [came(f"homes/{home}/motion-1", {"seq": n, "kind": "motion", "value": "clear"}) for n in range(200)]
    dice = random.Random(7)  # noqa: S311 - a seeded world, not a secret
    async with lane(database_url) as one, lane(database_url) as other, asyncio.TaskGroup() as group:
        for gateway in (one, other):
            group.create_task(_in_parts(gateway, dice.sample(messages, len(messages))))
    assert await count(database, "select count(*) from readings") == 400
    assert len(await told(database)) == 400


async def test_a_batch_with_nothing_new_appends_nothing(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    async with lane(database_url) as gateway:
        await gateway.batch(*bed(home, 1, 2))
        await gateway.batch(*bed(home, 2, 1))
        assert len(gateway.broker.acknowledged) == 4
    assert await count(database, LOG_ROWS) == 1


@pytest.mark.parametrize("together", [True, False])
async def test_the_same_identity_with_other_content_is_kept_as_refused(
    database: AsyncConnectionPool, database_url: str, home: str, *, together: bool
) -> None:
    first, second = bed(home, 1)[0], bed(home, 1, value="in")[0]
    async with lane(database_url) as gateway:
        for part in [[first, second]] if together else [[first], [second]]:
            await gateway.batch(*part)
    assert [entry.value for entry in await told(database)] == ["out"]
    assert await reasons(database) == [SAME_IDENTITY]


async def test_a_press_under_an_identity_that_is_taken_is_heard_all_the_same(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    at = {"at": "2026-11-22T02:14:00Z"}
    async with lane(database_url) as gateway:
        await gateway.batch(came(f"urgent/{home}/pendant-1", PRESS | at | {"value": "cancelled"}))
        await gateway.batch(came(f"urgent/{home}/pendant-1", PRESS | at))
    (press,) = await presses(database)
    assert (press.home, press.device, press.kind, press.reason) == (home, "pendant-1", "button", SAME_IDENTITY)


@pytest.mark.parametrize("at", ["1970-01-01T00:00:07Z", "2106-02-07T06:28:15Z", None])
async def test_a_press_with_an_absurd_clock_is_a_press_now_and_says_so(
    database: AsyncConnectionPool, database_url: str, home: str, at: str | None
) -> None:
    async with lane(database_url) as gateway:
        message = came(f"urgent/{home}/pendant-1", PRESS | {"at": at})
        await gateway.batch(message)
        await gateway.batch(came(f"urgent/{home}/pendant-1", PRESS | {"at": at}, at=NOW + SECOND, redelivered=True))
    (entry,) = await told(database)
    assert (entry.value, entry.observed_at, entry.clock_doubted) == ("pressed", NOW, True)
    assert not await reasons(database)


async def test_a_numbered_reading_without_time_counts_once_in_seven_days(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    said = {"seq": 5, "kind": "motion", "value": "detected"}
    topic = f"homes/{home}/motion-1"
    async with lane(database_url) as gateway:
        for after in (0, SECOND, DAY, 6 * DAY):
            await gateway.batch(came(topic, said, at=NOW - 8 * DAY + after))
        await gateway.batch(came(topic, said, at=NOW))  # the counter has begun anew
        await gateway.batch(came(topic, said | {"boot": 1}, at=NOW))
        await gateway.batch(came(topic, said | {"value": "clear"}, at=NOW))
    assert [entry.received_at for entry in await told(database)] == [NOW - 8 * DAY, NOW, NOW]
    assert await reasons(database) == [SAME_IDENTITY]


async def test_a_numbered_press_without_time_is_only_for_ten_minutes_the_same(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    async with lane(database_url) as gateway:
        for after in (0, 5 * MINUTE, HOUR):
            await gateway.batch(came(f"urgent/{home}/pendant-1", PRESS, at=NOW + after))
    assert [entry.received_at for entry in await told(database)] == [NOW, NOW + HOUR]


@pytest.mark.parametrize(("redelivered", "expected"), [(False, 2), (True, 1)])
@pytest.mark.parametrize("together", [True, False])
async def test_without_time_and_number_only_mqtt_can_tell_a_redelivery(
    database: AsyncConnectionPool, database_url: str, home: str, expected: int, *, together: bool, redelivered: bool
) -> None:
    topic, said = f"homes/{home}/zigbee2mqtt/Küche/Fenster", {"contact": True, "linkquality": 47}
    first, second = came(topic, said), came(topic, said, at=NOW + SECOND, redelivered=redelivered)
    async with lane(database_url) as gateway:
        for part in [[first, second]] if together else [[first], [second]]:
            await gateway.batch(*part)
        await gateway.batch(came(topic, said, at=NOW + HOUR, redelivered=True))  # too long ago to be the same
    assert len(await told(database)) == expected + 1
    assert not await reasons(database)


async def test_a_press_without_time_and_number_is_kept_though_it_may_be_a_redelivery(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    said = {"kind": "button", "value": "pressed"}
    async with lane(database_url) as gateway:
        await gateway.batch(came(f"urgent/{home}/pendant-1", said))
        await gateway.batch(came(f"urgent/{home}/pendant-1", said, at=NOW + SECOND, redelivered=True))
    assert len(await told(database)) == 2


async def test_what_was_retained_says_so(database: AsyncConnectionPool, database_url: str, home: str) -> None:
    async with lane(database_url) as gateway:
        await gateway.batch(
            came(f"urgent/{home}/pendant-1", PRESS, retained=True),
            came(f"homes/{home}/status", b"online", retained=True),
        )
    assert [(entry.kind, entry.retained) for entry in await told(database)] == [("button", True), ("hub", True)]


async def test_zigbee_devices_are_found_by_the_name_their_hub_knows(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    await add_device(database, home, "0x00158d0003e7a1b2", "door", "zigbee2mqtt")
    await add_device(database, home, "sos", "button", "zigbee2mqtt", "Sofa remote")
    async with lane(database_url) as gateway:
        base = f"homes/{home}/zigbee2mqtt/"
        await gateway.batch(
            came(base + "Küche/Fenster", {"contact": True}),
            came(base + "0x00158d0003e7a1b2", {"contact": False}),
            came(base + "Sofa remote", {"action": "single"}),
        )
    assert [entry.value for entry in await told(database)] == ["closed", "open", "pressed"]


@pytest.mark.parametrize(
    ("topic", "said", "expected"),
    [
        ("homes/h1/bed-9", {"seq": 1, "kind": "bed", "value": "out"}, "no device bed-9 is registered to home h1"),
        ("homes/h1/mat-of-h2", {"seq": 1, "kind": "bed", "value": "out"}, "it is a device of home h2"),
        ("homes/h9/bed-1", {"seq": 1, "kind": "bed", "value": "out"}, "no home h9 with devices is registered"),
        ("homes/h1/bed-1", b"{", "no JSON"),
        ("homes/h1/bed-1", {"seq": "1", "kind": "bed", "value": "out"}, "Expected `int"),
        ("homes/h1/bed-1", b'{"seq":1,"kind":"bed","value":"out","battery":NaN}', "no JSON"),
        ("homes/h1/bed-1", b"\x00" * 1_000_000, "too large"),
        ("homes/h1/bed-1", b"x" * 70_000, "too large"),
        ("homes/h1/esphome/x", {}, "esphome dialect"),
        ("homes/h1/a/b/\x00c", {}, "no topic of ours"),
    ],
)
async def test_what_is_no_reading_is_kept_with_the_reason_and_acknowledged(
    database: AsyncConnectionPool,
    database_url: str,
    home: str,
    *,
    topic: str,
    said: Any,
    expected: str,
) -> None:
    await add_home(database, "h2", [("mat-of-h2", "bed")])
    async with lane(database_url) as gateway:
        message = came(topic, said)
        async with database.connection() as connection:
            await gateway.registry.follow(connection)
        await gateway.batch(message, *bed(home, 1))
        assert len(gateway.broker.acknowledged) == 2
    ((reason, payload, size),) = await rows(database, "select reason, payload, size from rejected_messages")
    assert expected in reason
    assert (bytes(payload), size) == (message.payload[:4096], message.size)
    assert await stored(database) == [1]
    assert not await presses(database)


async def test_a_press_of_a_device_nobody_registered_is_refused_and_heard(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    await add_device(database, home, "old-pendant", "button")
    await rows(database, "update devices set retired_at = now() where id = 'old-pendant' returning 1")
    async with lane(database_url) as gateway:
        await gateway.batch(
            came(f"urgent/{home}/pendant-9", PRESS | {"at": "2026-11-22T02:14:00Z"}),
            came(f"urgent/{home}/old-pendant", PRESS),
            came(f"urgent/{home}/fall-9", {"kind": "fall", "value": "maybe", "seq": 1}),
            came(f"urgent/{home}/pendant-9", PRESS | {"value": "cancelled"}),
            came(f"urgent/{home}/pendant-9", PRESS, retained=True),
            came(f"homes/{home}/bed-1", b'{"kind":"button","val'),
        )
    heard = [(press.device, press.kind) for press in await presses(database)]
    assert heard == [("pendant-9", "button"), ("old-pendant", "button"), ("fall-9", "fall"), ("bed-1", "button")]
    assert len(await reasons(database)) == 6
    assert not await told(database)


async def test_a_message_refused_twice_over_is_kept_once(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    async with lane(database_url) as gateway:
        await gateway.batch(came(f"homes/{home}/bed-1", b"{"))
        await gateway.batch(came(f"homes/{home}/bed-1", b"{", at=NOW + SECOND, redelivered=True))
        await gateway.batch(came(f"homes/{home}/bed-1", b"{", at=NOW + SECOND))
    assert len(await reasons(database)) == 2


async def test_one_homes_faults_are_bounded_and_the_rest_counted(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    async with lane(database_url, cap=Cap(3)) as gateway:
        await gateway.batch(*(came(f"homes/{home}/bed-1", b"{%d" % n) for n in range(10)))
        await gateway.batch(*(came(f"homes/invented-{n}/bed-1", b"{%d" % n) for n in range(10)))
        await gateway.batch(came(f"homes/{home}/bed-1", b"{", at=NOW + HOUR))
    assert len(await reasons(database)) == 7
    assert await rows(database, "select home, messages from rejected_counts order by home") == [("", 7), (home, 7)]


async def test_a_batch_that_the_database_refuses_is_split_until_the_culprit_is_found(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    await _forbid(database, "seq <> 13")
    async with lane(database_url) as gateway:
        await gateway.batch(*bed(home, *range(1, 33)))
        assert len(gateway.broker.acknowledged) == 32
    assert await stored(database) == [n for n in range(1, 33) if n != 13]
    ((reason, payload),) = await rows(database, "select reason, payload from rejected_messages")
    assert "the database refused it" in reason
    assert b'"seq": 13,' in bytes(payload)


async def test_a_press_that_the_database_refuses_is_heard_all_the_same(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    await _forbid(database, "kind <> 'button'")
    async with lane(database_url) as gateway:
        await gateway.batch(*bed(home, 1), came(f"urgent/{home}/pendant-1", PRESS))
    assert [press.device for press in await presses(database)] == ["pendant-1"]
    assert await stored(database) == [1]


async def test_a_day_without_a_partition_gets_one(database: AsyncConnectionPool, database_url: str, home: str) -> None:
    topic = f"homes/{home}/bed-1"
    long_ago = NOW - 6000 * DAY  # a recording played at its own time
    async with lane(database_url) as gateway:
        await gateway.batch(came(topic, {"seq": 1, "kind": "bed", "value": "out"}, at=long_ago), *bed(home, 2))
    assert await stored(database) == [1, 2]
    assert not await reasons(database)


@pytest.mark.parametrize("faults", [["before"], ["after"], ["before", "after", "before"]])
async def test_a_commit_that_fails_before_or_after_taking_effect_loses_and_doubles_nothing(
    database: AsyncConnectionPool, database_url: str, home: str, faults: list[str]
) -> None:
    breaking = Faults(*faults)
    sent = len(faults)
    async with lane(database_url, breaking) as gateway:
        async with database.connection() as connection:
            await gateway.registry.follow(connection)
        await gateway.batch(
            *bed(home, 1, 2),
            came(f"homes/{home}/bed-1", b"{"),
            came(f"homes/{home}/motion-1", {"seq": 3, "kind": "motion", "value": "detected"}),
            came(f"homes/{home}/motion-1", {"kind": "motion", "value": "detected"}),
        )
        assert breaking.met == sent
        assert len(gateway.broker.acknowledged) == 5
    assert len(await stored(database)) == 4
    assert len(await told(database)) == 4
    assert len(await reasons(database)) == 1


async def test_nothing_is_acknowledged_while_the_commit_is_not_through(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    breaking = Faults(*["before"] * 3)
    acknowledged_when: list[int] = []
    async with lane(database_url, breaking) as gateway:
        gateway.broker.acknowledge = lambda _: acknowledged_when.append(breaking.met)  # type: ignore[method-assign]
        async with database.connection() as connection:
            await gateway.registry.follow(connection)
        await gateway.batch(*bed(home, 1))
    assert acknowledged_when == [3]


async def test_too_many_waiting_pause_the_session_until_there_is_room(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    async with lane(database_url) as gateway:
        for message in bed(home, *range(1, FULL_MESSAGES + 1)):
            gateway.ingest.receive(message)
        assert gateway.broker.paused
        assert await gateway.ingest.run_once() == 1000
        assert not gateway.broker.paused


async def test_a_device_registered_a_moment_ago_is_known(
    database: AsyncConnectionPool, database_url: str, home: str
) -> None:
    async with lane(database_url) as gateway:
        await gateway.batch(*bed(home, 1))
        await add_device(database, home, "bed-2", "bed")
        await gateway.batch(came(f"homes/{home}/bed-2", {"seq": 1, "kind": "bed", "value": "in"}))
    assert len(await told(database)) == 2


async def test_acceleration_keeps_its_window(database: AsyncConnectionPool, database_url: str, home: str) -> None:
    said = {"seq": 1, "kind": "acceleration", "rate": 50, "range": 8, "samples": "AAAAAAAA"}
    async with lane(database_url) as gateway:
        await gateway.batch(came(f"homes/{home}/belt-1", said), came(f"homes/{home}/belt-1", said, redelivered=True))
    (entry,) = await told(database)
    assert entry.samples is not None
    assert entry.samples.data == bytes(6)
    assert len(await rows(database, "select 1 from readings where samples is not null")) == 1


async def _in_parts(gateway: Lane, messages: list[Message]) -> None:
    for start in range(0, len(messages), 40):
        await gateway.batch(*messages[start : start + 40])


async def _forbid(database: AsyncConnectionPool, rule: str) -> None:
    async with database.connection() as connection:
        await connection.execute(f"alter table readings add constraint test check ({rule})".encode())
