"""Which device is whose, and what becomes of messages that came before their device was registered."""

import pytest
from psycopg_pool import AsyncConnectionPool

from gateway.housekeeping import prune
from gateway.readopt import readopt
from gateway.registry import Directory, Registered, Registry
from gateway.sightings import Sightings, write
from runtime.log import append
from schema.entries import HomeSet, ReadingEntry, pack
from schema.instants import DAY, HOUR, MINUTE, SECOND, moment
from tests.unit.gateway.house import add_device, add_home, count, entries, presses, rows, told
from tests.unit.gateway.lane import NOW, came, lane

PRESS = {"seq": 7, "kind": "button", "value": "pressed", "at": "2026-11-22T02:14:00Z"}
BED = {"seq": 1, "kind": "bed", "value": "out", "at": "2026-11-22T02:13:00Z"}


def device(number: int, name: str, kind: str = "door", **more: object) -> Registered:
    fields = {"dialect": "own", "address": None, "retired": False, "home": "h1"} | more
    return Registered(number=number, id=name, kind=kind, **fields)  # type: ignore[arg-type]


def test_an_address_goes_before_an_id_and_counts_in_its_own_dialect_alone() -> None:
    directory = Directory()
    directory.put("h1", [device(1, "kitchen"), device(2, "x", dialect="zigbee2mqtt", address="kitchen")])
    found = directory.find("h1", "zigbee2mqtt", "kitchen")
    assert found is not None
    assert found.number == 2
    found = directory.find("h1", "own", "kitchen")
    assert found is not None
    assert found.number == 1
    assert directory.find("h2", "own", "kitchen") is None


def test_the_homes_status_is_its_hubs() -> None:
    directory = Directory()
    directory.put("h1", [device(1, "box", "hub", retired=True), device(2, "new-box", "hub")])
    found = directory.find("h1", "status", "status")
    assert found is not None
    assert found.number == 2


def test_a_home_put_anew_forgets_what_it_no_longer_has() -> None:
    directory = Directory()
    directory.put("h1", [device(1, "kitchen")])
    assert directory.elsewhere("h2", "kitchen") == "h1"
    directory.put("h1", [device(2, "hall")])
    assert directory.find("h1", "own", "kitchen") is None
    assert directory.elsewhere("h2", "kitchen") is None


async def test_the_registry_follows_what_the_log_says_of_homes(database: AsyncConnectionPool) -> None:
    await add_home(database, "h1")
    registry = Registry()
    async with database.connection() as connection:
        assert await registry.follow(connection)
        await connection.execute("update devices set retired_at = now() where id = 'bed-1'")
        assert not await registry.follow(connection)
        async with connection.transaction():
            await append(connection, "facts", pack([HomeSet("h1", "Europe/London", None, ())]))
        assert await registry.follow(connection)
    found = registry.directory.find("h1", "own", "bed-1")
    assert found is not None
    assert found.retired


async def test_registering_a_device_makes_late_readings_of_what_it_sent(
    database: AsyncConnectionPool, database_url: str
) -> None:
    await add_home(database, "h1")
    async with lane(database_url) as gateway:
        await gateway.batch(
            came("homes/h1/bed-9", BED),
            came("homes/h1/bed-9", b"{"),
            came("homes/h1/bed-9", BED | {"seq": 2}, at=NOW - DAY - SECOND),
            came("homes/h1/zigbee2mqtt/Bad/Tür", {"contact": False}),
            came("homes/h1/bed-8", BED),
        )
        await add_device(database, "h1", "bed-9", "bed")
        await add_device(database, "h1", "bath", "door", "zigbee2mqtt", "Bad/Tür")
        async with database.connection() as connection, connection.transaction():
            await gateway.registry.follow(connection)
            assert await readopt(connection, gateway.registry.directory, NOW + HOUR) == 2
            assert await readopt(connection, gateway.registry.directory, NOW + HOUR) == 0
        await gateway.batch(came("homes/h1/bed-9", BED, redelivered=True))
    assert [(entry.kind, entry.value, entry.received_at) for entry in await told(database)] == [
        ("bed", "out", NOW),
        ("door", "open", NOW),
    ]
    assert await rows(database, "select device, waits from rejected_messages order by id") == [
        ("bed-9", False),
        ("bed-9", False),
        ("bed-8", True),
    ]


async def test_a_press_that_was_heard_when_it_came_is_not_told_again_but_is_history(
    database: AsyncConnectionPool, database_url: str
) -> None:
    await add_home(database, "h1")
    async with lane(database_url) as gateway:
        await gateway.batch(came("urgent/h1/pendant-9", PRESS))
        await add_device(database, "h1", "pendant-9", "button")
        async with database.connection() as connection, connection.transaction():
            await gateway.registry.follow(connection)
            assert await readopt(connection, gateway.registry.directory, NOW + MINUTE) == 1
    assert len(await presses(database)) == 1
    assert len(await entries(database)) == 1
    assert await rows(database, "select kind, value from readings") == [("button", "pressed")]


async def test_a_state_does_not_wait_as_it_would_come_back_as_fresh(
    database: AsyncConnectionPool, database_url: str
) -> None:
    await add_home(database, "h1")
    async with lane(database_url) as gateway:
        await gateway.batch(came("homes/h1/bed-9", BED, retained=True))
    assert await rows(database, "select waits from rejected_messages") == [(False,)]


async def test_installers_see_when_each_device_was_last_heard(database: AsyncConnectionPool) -> None:
    await add_home(database, "h1")
    ((number,),) = await rows(database, "select number from devices where id = 'bed-1'")
    sightings = Sightings()

    def heard(at: int, battery: float | None, *, retained: bool = False) -> ReadingEntry:
        return ReadingEntry(number, "bed", "out", at, at, battery=battery, retained=retained)

    async with database.connection() as connection:
        sightings.note([heard(NOW, 0.5), heard(NOW + SECOND, None)])
        await write(connection, sightings.take())
        sightings.note([heard(NOW + HOUR, 0.1, retained=True)])
        await write(connection, sightings.take())
    assert await rows(database, "select last_seen_at, battery from device_sightings") == [(moment(NOW + SECOND), 0.5)]


@pytest.mark.parametrize(("age", "left"), [(8 * DAY, 0), (6 * DAY, 1)])
async def test_identities_without_time_are_forgotten_after_seven_days(
    database: AsyncConnectionPool, age: int, left: int
) -> None:
    async with database.connection() as connection:
        await connection.execute("insert into undated_readings values (1, 0, 1, 'bed', %s)", (moment(NOW - age),))
        assert await prune(connection, NOW)
    assert await count(database, "select count(*) from undated_readings") == left
