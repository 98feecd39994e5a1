"""Loading people: all or nothing, only what differs, and everything the rules must know goes to the log."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool

from schema.entries import Entry, HomeSet, PersonSet, PlanSet, unpack
from schema.instants import DAY, Instant, parse_instant
from schema.people_entries import entries
from schema.people_file import PeopleFile, PeopleFileError, parse, read
from schema.people_load import KINDS, LoadReport, load
from schema.people_stored import all_stored

EXAMPLE = Path(__file__).with_name("people.yaml")
AT: Instant = parse_instant("2026-10-20T09:00:00Z")

COUPLE = """
homes:
  - id: terrace
    zone: Europe/London
    devices:
      - {id: hub, kind: hub}
      - {id: bed-l, kind: bed, person: wilf}
      - {id: bed-r, kind: bed, person: jean}
people:
  - {id: wilf, name: Wilf Example, home: terrace, care_plan: {rules: [{rule: bed_exit, device: bed-l}]}}
  - {id: jean, name: Jean Example, home: terrace, care_plan: {rules: [{rule: button}]}}
"""


def part(text: str) -> PeopleFile:
    """Read a file that may lean on what the database holds."""
    return parse(text, "part.yaml", alone=False)


async def loaded(connection: AsyncConnection, file: PeopleFile, at: Instant = AT) -> LoadReport:
    return await load(connection, file, "installer", at)


async def facts(connection: AsyncConnection) -> list[list[Entry]]:
    """Return the log's rows of facts, unpacked."""
    cursor = await connection.execute("select entries from log where kind = 'facts' order by position")
    return [unpack(row[0]) for row in await cursor.fetchall()]


async def everything(connection: AsyncConnection) -> dict[str, list[Any]]:
    """Return every row that a load could touch."""
    tables = (
        "homes", "people", "devices", "contacts", "policies", "teams", "team_members", "care_plans", "absences",
        "audit", "log",
    )  # fmt: skip
    query = sql.SQL("select * from {} order by 1, 2")
    return {table: await (await connection.execute(query.format(sql.Identifier(table)))).fetchall() for table in tables}


@pytest.fixture
async def house(database: AsyncConnectionPool) -> Any:
    """Give a connection to a house that holds the example's people."""
    async with database.connection() as connection:
        await loaded(connection, read(EXAMPLE))
        yield connection


async def test_the_example_is_stored_as_it_was_written(house: AsyncConnection) -> None:
    file, stored = read(EXAMPLE), await all_stored(house)
    assert stored.policies == file.policies
    assert stored.teams == file.teams
    assert list(stored.homes.values()) == list(file.homes)
    assert list(stored.people.values()) == [record.person for record in file.people]
    assert stored.plans == {"ada": (1, file.people[0].care_plan)}


async def test_the_log_has_one_row_of_facts_homes_before_people_before_plans(house: AsyncConnection) -> None:
    (row,) = await facts(house)
    assert [type(entry) for entry in row] == [HomeSet, PersonSet, PlanSet]
    assert row == entries(read(EXAMPLE)).entries


async def test_the_log_holds_no_word_that_somebody_wrote_about_a_person(house: AsyncConnection) -> None:
    cursor = await house.execute("select entries from log")
    packed = b"".join(row[0] for row in await cursor.fetchall())
    for private in (
        b"Ada",
        b"Grace",
        b"4821",
        b"447700900",
        b"Example Road",
        b"with family",
        b"Rapid Response",
        b"rrt",
    ):
        assert private not in packed


async def test_loading_again_changes_nothing_at_all(house: AsyncConnection) -> None:
    before = await everything(house)
    report = await loaded(house, read(EXAMPLE), AT + DAY)
    assert await everything(house) == before
    assert not any(report.added.values())
    assert not any(report.changed.values())
    assert {kind: len(report.unchanged[kind]) for kind in KINDS} == {
        "policies": 2, "teams": 1, "homes": 1, "devices": 10, "people": 1, "care plans": 1,
    }  # fmt: skip


async def test_a_part_of_a_file_leaves_the_rest_as_it_is(house: AsyncConnection) -> None:
    before = await all_stored(house)
    await loaded(
        house,
        part("""
homes: [{id: home-0001, zone: Europe/London, devices: [{id: bed-1, kind: bed, room: back bedroom}]}]
people: [{id: ada, name: Ada Example, home: home-0001, phone: "+447700900199"}]
"""),
    )
    after = await all_stored(house)
    home, ada = after.homes["home-0001"], after.people["ada"]
    assert [device.id for device in home.devices] == [device.id for device in before.homes["home-0001"].devices]
    assert home.key_safe == before.homes["home-0001"].key_safe
    assert next(device.room for device in home.devices if device.id == "bed-1") == "back bedroom"
    assert ada.phone == "+447700900199"
    assert ada.contacts == before.people["ada"].contacts
    assert ada.consent == before.people["ada"].consent
    assert ada.absences == before.people["ada"].absences
    assert (after.plans, after.numbers, after.policies, after.teams) == (
        before.plans, before.numbers, before.policies, before.teams,
    )  # fmt: skip


async def test_an_empty_value_empties_what_was_there(house: AsyncConnection) -> None:
    await loaded(house, part("people: [{id: ada, name: Ada Example, home: home-0001, phone: , contacts: []}]"))
    ada = (await all_stored(house)).people["ada"]
    assert ada.phone is None
    assert ada.contacts == ()
    assert ada.notes.startswith("Lives alone")


async def test_a_part_may_lean_on_what_the_database_holds(house: AsyncConnection) -> None:
    report = await loaded(
        house,
        part("""
policies: {gentle: [{after: 0s, notify: rapid_response, repeat: 5m}]}
people:
  - id: bert
    name: Bert Example
    home: home-0001
    care_plan: {rules: [{rule: button, policy: urgent}, {rule: silence, device: hub, policy: gentle}]}
"""),
    )
    assert report.added["people"] == ("bert",)
    assert report.added["care plans"] == ("bert",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("people: [{id: b, name: B, home: nowhere}]", "home 'nowhere' is not known; expected one that is there"),
        (
            "people: [{id: b, name: B, home: home-0001, care_plan: {rules: [{rule: button, policy: urgnt}]}}]",
            "policy 'urgnt' is not known; expected perhaps 'urgent'",
        ),
        (
            """
homes: [{id: home-0001, zone: UTC, devices: [{id: x, kind: door, dialect: zigbee2mqtt, address: 0x00158d0003e7a1b2}]}]
            """.strip(),
            "address '0x00158d0003e7a1b2' is also that of device '0x00158d0003e7a1b2'",
        ),
        ("homes: [{id: h2, zone: UTC, devices: [{id: b, kind: bed, person: ada}]}]", "lives in home 'home-0001'"),
        ("policies: {p: [{notify: nobody_here, repeat: 5m}]}", "notify is 'nobody_here'"),
    ],
)
async def test_what_is_nowhere_is_refused_and_nothing_is_loaded(house: AsyncConnection, text: str, said: str) -> None:
    before = await everything(house)
    with pytest.raises(PeopleFileError) as error:
        await loaded(house, part(text))
    assert str(error.value).startswith("part.yaml, line 1: ")
    assert said in str(error.value)
    assert await everything(house) == before


async def test_a_load_that_fails_half_way_changes_nothing(
    house: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await everything(house)

    async def broken(*_: object) -> None:
        raise psycopg.OperationalError("the database went away")

    monkeypatch.setattr("schema.people_load.append_facts", broken)
    with pytest.raises(psycopg.OperationalError):
        await loaded(house, part(COUPLE))
    assert await everything(house) == before


async def test_a_load_that_the_database_refuses_changes_nothing_and_spares_the_connection(
    house: AsyncConnection,
) -> None:
    await house.execute("alter table devices add constraint refused check (id <> 'bed-r')")
    before = await everything(house)
    with pytest.raises(psycopg.errors.CheckViolation):
        await loaded(house, part(COUPLE))
    assert await everything(house) == before
    await house.execute("alter table devices drop constraint refused")
    assert (await loaded(house, part(COUPLE))).added["homes"] == ("terrace",)


async def test_a_changed_plan_is_a_new_version_and_the_old_one_stays(house: AsyncConnection) -> None:
    text = EXAMPLE.read_text().replace("longer_than: 20m", "longer_than: 30m")
    report = await loaded(house, parse(text, "people.yaml"))
    assert report.changed["care plans"] == ("ada",)
    assert report.unchanged["people"] == ("ada",)
    cursor = await house.execute("select version, rules -> 2 ->> 'longer_than' from care_plans order by version")
    assert await cursor.fetchall() == [(1, "20m"), (2, "30m")]
    last = (await facts(house))[-1]
    assert [type(entry) for entry in last] == [PlanSet]
    assert isinstance(last[0], PlanSet)
    assert last[0].version == 2


async def test_what_no_rule_must_know_appends_no_fact(house: AsyncConnection) -> None:
    text = EXAMPLE.read_text().replace("12 Example Road", "14 Example Road").replace("Unsteady", "Steadier")
    report = await loaded(house, parse(text, "people.yaml"))
    assert report.changed["homes"] == ("home-0001",)
    assert report.changed["people"] == ("ada",)
    assert len(await facts(house)) == 1


async def test_who_changed_what_of_a_record_stands_in_the_audit(house: AsyncConnection) -> None:
    await loaded(house, part("people: [{id: ada, name: Ada Example, home: home-0001, gp: Other Surgery}]"), AT + DAY)
    cursor = await house.execute("select actor, action, person, detail from audit where person is not null order by id")
    assert await cursor.fetchall() == [
        ("installer", "loaded", "ada", {"changed": ["added", "care_plan"]}),
        ("installer", "loaded", "ada", {"changed": ["gp"]}),
    ]


async def test_a_device_goes_from_one_person_to_the_other(house: AsyncConnection) -> None:
    await loaded(house, part(COUPLE))
    report = await loaded(
        house,
        part("""
homes:
  - id: terrace
    zone: Europe/London
    devices: [{id: bed-l, kind: bed, person: jean}, {id: bed-r, kind: bed, person: wilf}]
"""),
    )
    assert report.changed["devices"] == ("terrace/bed-l", "terrace/bed-r")
    fact = (await facts(house))[-1][0]
    assert isinstance(fact, HomeSet)
    assert [(each.device.id, each.device.person) for each in fact.devices] == [
        ("hub", None), ("bed-l", "jean"), ("bed-r", "wilf"),
    ]  # fmt: skip


async def test_whoever_moves_leaves_their_devices_to_the_home(house: AsyncConnection) -> None:
    await loaded(house, part(COUPLE))
    report = await loaded(
        house,
        part("""
homes: [{id: care-home, zone: Europe/London, devices: []}]
people: [{id: wilf, name: Wilf Example, home: care-home}]
"""),
    )
    assert "home terrace: device bed-l is nobody's in particular now, as wilf moved" in report.announcements
    told = {entry.home: entry for entry in (await facts(house))[-1] if isinstance(entry, HomeSet)}
    assert set(told) == {"care-home", "terrace"}
    assert [each.device.person for each in told["terrace"].devices] == [None, None, "jean"]
    assert PersonSet("wilf", "care-home", None, ()) in (await facts(house))[-1]


async def test_two_devices_may_change_addresses_with_each_other(house: AsyncConnection) -> None:
    text = (
        "homes: [{{id: z, zone: UTC, devices: [{{id: a, kind: bed, address: {}}}, {{id: b, kind: bed, address: {}}}]}}]"
    )
    await loaded(house, part(text.format("x", "y")))
    numbers = (await all_stored(house)).numbers
    await loaded(house, part(text.format("y", "x")))
    stored = await all_stored(house)
    assert [device.address for device in stored.homes["z"].devices] == ["y", "x"]
    assert stored.numbers == numbers


async def test_a_retired_device_that_is_written_again_is_in_use_under_its_old_number(house: AsyncConnection) -> None:
    numbers = (await all_stored(house)).numbers
    await house.execute("update devices set retired_at = now() where id = 'bed-1'")
    await loaded(house, read(EXAMPLE))
    stored = await all_stored(house)
    assert stored.numbers == numbers
    assert "bed-1" in {device.id for device in stored.homes["home-0001"].devices}


async def test_loads_at_the_same_time_take_turns(database: AsyncConnectionPool) -> None:
    """Both bring the same people: one adds them, the other finds them there."""

    async def one() -> LoadReport:
        async with database.connection() as connection:
            return await loaded(connection, read(EXAMPLE))

    reports = await asyncio.gather(*(one() for _ in range(6)))
    assert sorted(len(report.added["people"]) for report in reports) == [0, 0, 0, 0, 0, 1]
    async with database.connection() as connection:
        assert len(await facts(connection)) == 1
        assert len((await all_stored(connection)).plans) == 1


async def test_the_logs_time_is_never_ahead_of_the_databases_own_clock(house: AsyncConnection) -> None:
    await loaded(house, part(COUPLE), AT + 10_000 * DAY)
    cursor = await house.execute("select bool_and(committed_at <= clock_timestamp()) from log")
    assert await cursor.fetchone() == (True,)


async def test_a_replay_loads_at_its_own_time(database: AsyncConnectionPool) -> None:
    async with database.connection() as connection:
        await loaded(connection, read(EXAMPLE))
        cursor = await connection.execute("select committed_at from log")
        row = await cursor.fetchone()
    assert row is not None
    assert row[0].isoformat() == "2026-10-20T09:00:00+00:00"
