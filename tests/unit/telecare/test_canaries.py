"""Every installation has its canary homes, made once, and which the watcher presses is a setting."""

import psycopg

from runtime.settings import Settings
from telecare.canaries import watched
from telecare.migrating import bring_up_to_date


def homes(url: str) -> list[tuple[str, str | None]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select id, area from homes order by id").fetchall()


async def test_migrating_makes_the_canary_homes_once(empty_database_url: str) -> None:
    first = await bring_up_to_date(Settings(database_url=empty_database_url))
    assert first[-1] == "made the canary home _canary-1"
    assert homes(empty_database_url) == [("_canary-1", None)]
    assert await bring_up_to_date(Settings(database_url=empty_database_url)) == []


async def test_their_number_and_areas_are_settings(database_url: str) -> None:
    settings = Settings(database_url=database_url, canaries=3, canary_areas="bexleyheath-exchange, dartford")
    await bring_up_to_date(settings)
    assert homes(database_url) == [
        ("_canary-1", "bexleyheath-exchange"),
        ("_canary-2", "dartford"),
        ("_canary-3", "bexleyheath-exchange"),
    ]


def test_the_watcher_presses_all_of_them_or_those_it_is_given() -> None:
    assert watched(Settings(canaries=2)) == ("_canary-1", "_canary-2")
    assert watched(Settings(canaries=2, watch_homes="_canary-2")) == ("_canary-2",)
