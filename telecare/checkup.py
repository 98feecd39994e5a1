"""What `telecare doctor` looks at: each check says how things are, and what to do where they are not well.

`ok` is well, `look` works but wants somebody's eye, `wrong` is a promise that cannot be kept as things are.
People are named by their ids alone.
"""

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Literal, NamedTuple

from psycopg import AsyncConnection

from runtime.migrate import migrations
from runtime.settings import Settings
from schema.instants import HOUR, MINUTE, Instant, in_words, instant, moment
from schema.localtime import local
from schema.people_gaps import consent_gaps, contact_gaps, plan_gaps, team_gaps
from schema.people_stored import Stored, all_stored

State = Literal["ok", "look", "wrong"]
OLDEST_PYTHON = (3, 11)
SILENT_AFTER = 25 * HOUR
"""Battery devices report once a day at the least."""
CANARY_SEEN_WITHIN = 3 * MINUTE
"""Watchers press each minute at the least."""
_NAMED = 5


class Line(NamedTuple):
    """One line of the checkup."""

    state: State
    about: str
    what: str
    to_do: str = ""


_APPLIED = "select name, digest from migrations"
_STORAGE = "select storage_mode()"
_UNSEEN = """
    select d.home || '/' || d.id, s.last_seen_at is null
    from devices d left join device_sightings s on s.device = d.number
    where d.retired_at is null and not starts_with(d.home, '_canary-')
      and (s.last_seen_at is null or s.last_seen_at < %s)
    order by 2 desc, s.last_seen_at, 1
"""
_CANARY = "select max(recorded_at) from alarms where canary"
_REJECTED = """
    select reason, count(*), count(distinct home)
    from rejected_messages where received_at > %s group by 1 order by 2 desc, 1
"""


def python_version() -> Line:
    """Check that this Python is one we run on."""
    found = sys.version_info[:3]
    words = ".".join(map(str, found))
    if found >= OLDEST_PYTHON:
        return Line("ok", "Python", words)
    return Line("wrong", "Python", f"{words} is too old", f"run with {'.'.join(map(str, OLDEST_PYTHON))} or newer")


def settings_checked(settings: Settings) -> Iterator[Line]:
    """Check what can be told from the settings alone: Twilio and the address we are reached at."""
    parts = {
        "TELECARE_TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TELECARE_TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TELECARE_TWILIO_FROM": settings.twilio_from,
    }
    missing = [name for name, value in parts.items() if not value]
    if not missing:
        yield Line("ok", "Twilio", f"an account is set, sending from {settings.twilio_from}")
    elif len(missing) == len(parts):
        yield Line(
            "look",
            "Twilio",
            "no account is set: messages are shown in the console as not sent",
            "set TELECARE_TWILIO_ACCOUNT_SID, _AUTH_TOKEN and _FROM",
        )
    else:
        yield Line("wrong", "Twilio", f"half an account is set: {' and '.join(missing)} missing", "set all three")
    if settings.public_url:
        yield Line("ok", "public address", settings.public_url)
    elif missing:
        yield Line("look", "public address", "not set: links in messages cannot be opened", "set TELECARE_PUBLIC_URL")
    else:
        yield Line("wrong", "public address", "not set: no receipt or reply can reach us", "set TELECARE_PUBLIC_URL")


def watcher_checked(settings: Settings) -> Iterator[Line]:
    """Check whether anybody outside would be told that no press reaches the desk."""
    ways = [
        words
        for words, there in (("a text to who is on call", settings.watch_to), ("a heartbeat", settings.heartbeat_url))
        if there
    ]
    if not settings.watch_token:
        to_do = "set TELECARE_WATCH_TOKEN for it and the console, and run telecare watch, best on another machine"
        yield Line("look", "watcher", "none is set here: a service that is blind tells nobody", to_do)
    elif not ways:
        to_do = "set TELECARE_WATCH_TO or TELECARE_HEARTBEAT_URL, best both"
        yield Line("look", "watcher", "it presses and has nobody to tell", to_do)
    elif len(ways) == 1:
        to_do = "set TELECARE_HEARTBEAT_URL" if settings.watch_to else "set TELECARE_WATCH_TO"
        yield Line(
            "look", "watcher", f"it has one way out, {ways[0]}: another would still be open where that fails", to_do
        )
    else:
        yield Line("ok", "watcher", f"it tells by {' and '.join(ways)}; telecare watch --try shows that they arrive")


async def canary_checked(connection: AsyncConnection, at: Instant) -> Line:
    """Check that a canary's press has come up at the desk of late."""
    row = await (await connection.execute(_CANARY)).fetchone()
    seen = None if row is None or row[0] is None else instant(row[0])
    if seen is None:
        return Line("look", "canary", "no canary's press has ever been at the desk", "run telecare watch")
    if at - seen > CANARY_SEEN_WITHIN:
        return Line(
            "look", "canary", f"none has been at the desk for {in_words(at - seen)}", "is telecare watch running?"
        )
    return Line("ok", "canary", f"a press was at the desk {in_words(at - seen)} ago")


async def tables_checked(connection: AsyncConnection) -> Line:
    """Check that the database is migrated."""
    cursor = await connection.execute("select to_regclass('migrations') is not null")
    there = await cursor.fetchone()
    rows = await (await connection.execute(_APPLIED)).fetchall() if there and there[0] else []
    applied: dict[str, str] = dict(rows)
    missing = [migration.name for migration in migrations() if migration.name not in applied]
    changed = [each.name for each in migrations() if applied.get(each.name, each.digest) != each.digest]
    if changed:
        return Line("wrong", "tables", f"{changed[0]} was changed after it had been applied", "ask whoever built this")
    if missing:
        return Line("wrong", "tables", f"not up to date: {', '.join(missing)} missing", "run telecare migrate")
    return Line("ok", "tables", f"up to date ({len(applied)} migrations)")


async def house_checked(connection: AsyncConnection, at: Instant) -> AsyncIterator[Line]:
    """Check what the database tells of storage, people, teams, devices and messages."""
    yield await _storage(connection)
    stored = await all_stored(connection)
    for line in _people(stored, at):
        yield line
    async for line in _devices(connection, at):
        yield line
    async for line in _rejected(connection, at):
        yield line
    yield await canary_checked(connection, at)


async def _storage(connection: AsyncConnection) -> Line:
    row = await (await connection.execute(_STORAGE)).fetchone()
    assert row is not None
    words = {
        "timescale": "TimescaleDB, compressed after 7 days",
        "apache": "TimescaleDB under the Apache licence: nothing is compressed or dropped by itself",
        "plain": "plain PostgreSQL, one partition a day",
    }
    return Line("ok", "storage", words[row[0]])


def _people(stored: Stored, at: Instant) -> Iterator[Line]:
    if not stored.people:
        yield Line("look", "people", "nobody is in the database yet", "telecare people load FILE")
        return
    yield from _section("teams", "every team can be reached", team_gaps(stored.teams, at), "telecare people load FILE")
    said: dict[str, list[str]] = {"care plans": [], "consent": [], "contacts": []}
    for person in stored.people.values():
        home = stored.homes[person.home]
        plan = stored.plans.get(person.id, (0, None))[1]
        said["care plans"] += plan_gaps(person, plan, local(at, home.zone).date())
        said["consent"] += consent_gaps(person, home, plan)
        said["contacts"] += contact_gaps(person, plan, stored.policies)
    yield from _section("care plans", "everybody has one, reviewed", said["care plans"], "review the plan")
    yield from _section("consent", "recorded for everybody", said["consent"], "ask, and record what was said")
    yield from _section("contacts", "all can be reached", said["contacts"], "ask for a number")


def _section(about: str, well: str, gaps: Iterable[str], to_do: str) -> Iterator[Line]:
    lines = [Line("look", about, gap, to_do) for gap in gaps]
    yield from lines or [Line("ok", about, well)]


async def _devices(connection: AsyncConnection, at: Instant) -> AsyncIterator[Line]:
    rows = await (await connection.execute(_UNSEEN, (moment(at - SILENT_AFTER),))).fetchall()
    for state, what in ((True, "never seen"), (False, "not seen for 25 hours")):
        names = [name for name, never in rows if never is state]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            listed = ", ".join(names[:_NAMED])
            yield Line("look", "devices", f"{what}: {listed}{more}", "check its battery, its hub and its id")
    if not rows:
        yield Line("ok", "devices", "all were seen within 25 hours")


async def _rejected(connection: AsyncConnection, at: Instant) -> AsyncIterator[Line]:
    rows = await (await connection.execute(_REJECTED, (moment(at - 24 * HOUR),))).fetchall()
    for reason, messages, homes in rows:
        yield Line(
            "look", "messages", f"{messages} not understood ({homes} homes): {reason}", "see the installers' page"
        )
    if not rows:
        yield Line("ok", "messages", "all were understood in the last 24 hours")
