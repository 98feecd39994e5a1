"""A server program as a child of ours: started, waited for, stopped, and never left behind.

- It runs under the launcher (runtime/embedded_launch.py), so `kill -9` of this process ends it too.
- It has a session of its own: Ctrl-C at the terminal reaches us, and we stop it last and in order.
- A folder is one process's at a time (`Claim`). A server that was told to end but is still at it holds the
  folder's second lock, which it inherited, so its successor waits for it instead of opening the same files.

Start from the main thread (see the launcher).
"""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

import structlog

Identity = Literal["same", "namespace", "nobody"]
LAUNCHER = Path(__file__).with_name("embedded_launch.py")

_SILENT_SECONDS = 2.0  # longer waits say what they wait for
_HOLDER_SECONDS = 1.0  # a process that was just killed holds what it held for a moment more
_PREDECESSOR_SECONDS = 45.0
_LOG_BYTES = 4_000_000
_POLL_SECONDS = 0.02

log = structlog.get_logger()


class EmbeddedError(Exception):
    """The embedded database or broker cannot run; the message is a sentence for whoever started it."""


class Claim:
    """Holds a folder for this process alone, until released or until the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: IO[str] | None = None

    async def take(self) -> None:
        """Take the folder, and wait for servers that outlive its last holder to end; EmbeddedError if it is in use."""
        self._file = self._path.open("a+")
        try:
            await self._lock(self._file)
            os.close(await _predecessor_gone(self._path.parent))
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the folder back; harmless where it was never taken."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _lock(self, file: IO[str]) -> None:
        if not await _locked_within(file.fileno(), _HOLDER_SECONDS):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise EmbeddedError(
                f"{self._path.parent} is in use by another telecare, process {holder}."
                " Stop that one first, or set TELECARE_DATA_DIR to another folder."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()


class OwnedProcess:
    """One program, run at most once at a time in its folder.

    `command` begins with the program's absolute path; `log` takes what it prints; `stop_signal` asks it to end
    cleanly, and is what the kernel sends it when we die.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        stop_signal: signal.Signals,
        identity: Identity = "same",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self._command = list(command)
        self._log = log
        self._stop_signal = stop_signal
        self._identity = identity
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The program's process id, of the latest start."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start the program, once its predecessor in this folder, if any, has ended."""
        assert not self.running, f"{self.name} already runs"
        guard = await _predecessor_gone(self._log.parent)
        try:
            self._spawn(guard)
        finally:
            os.close(guard)  # from here on the program alone holds it

    async def ready(self, answers: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Return when `answers()` is true; EmbeddedError with the log's end when it ends or is mute."""
        for share in (_SILENT_SECONDS, seconds - _SILENT_SECONDS):
            if await self._answered(answers, share):
                return
            if self.running:
                log.info("waiting", action="wait", reason=f"{self.name} has not answered yet; its log is {self._log}")
        did = f"did not answer within {seconds:.0f} s" if self.running else "ended before it answered"
        raise EmbeddedError(f"{self.name} {did}. The last lines of {self._log}:\n{self.last_lines()}")

    async def finish(self, seconds: float) -> None:
        """Wait for a program that ends by itself; EmbeddedError, with the log's last lines, unless it ends well."""
        if await self._ended(seconds) and self._process is not None and self._process.returncode == 0:
            return
        did = "failed" if not self.running else f"did not finish within {seconds:.0f} s"
        self.kill()
        raise EmbeddedError(f"{self.name} {did}. The last lines of {self._log}:\n{self.last_lines()}")

    async def stop(self, seconds: float = 30.0) -> None:
        """End the program cleanly; by force where it takes longer than `seconds`. Harmless when it has ended."""
        if self.running:
            os.kill(self.pid, self._stop_signal)
            if not await self._ended(seconds):
                self.kill()

    def kill(self) -> None:
        """End the program at once (SIGKILL), as a crash would, and wait for the kernel to have done so."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its group: the launcher, too, where that one watches
            self._process.wait()

    def last_lines(self, count: int = 8) -> str:
        """Return the end of the log, indented."""
        with suppress(FileNotFoundError):
            lines = self._log.read_text(errors="replace").splitlines()
            return "\n".join(f"  {line}" for line in lines[-count:]) or "  (it is empty)"
        return "  (there is none)"

    def _spawn(self, guard: int) -> None:
        _rotate(self._log)
        launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(self._stop_signal))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own launcher and binaries, by path
                [*launch, self._identity, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(guard,),
                env=self._environment,
            )

    async def _answered(self, answers: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.running:
                    if await answers():
                        return True
                    await asyncio.sleep(_POLL_SECONDS)
        return False

    async def _ended(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.running:  # noqa: ASYNC110 - a process that ends sets no asyncio.Event
                    await asyncio.sleep(_POLL_SECONDS)
        return not self.running


def can_run(command: Sequence[str], identity: Identity) -> bool:
    """Whether a short-lived command runs well under the identity on this machine."""
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), identity]
    outcome = subprocess.run(  # noqa: S603 - our own launcher and binaries, by path
        [*launch, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=30,
    )
    return outcome.returncode == 0


def private_folder(data_dir: Path, name: str) -> Path:
    """Make a folder of that name in the data directory, open to its owner alone; return it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = data_dir / name
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
    fresh.replace(file)


async def _predecessor_gone(folder: Path) -> int:
    """Take the lock that a running program of this folder holds, and return its descriptor; wait while one runs."""
    guard = os.open(folder / "running", os.O_RDWR | os.O_CREAT, 0o600)
    locked = False
    try:
        locked = await _locked_within(guard, _SILENT_SECONDS)
        if not locked:
            log.info("waiting", action="wait", reason=f"an earlier server is still ending in {folder}")
            locked = await _locked_within(guard, _PREDECESSOR_SECONDS)
    finally:
        if not locked:
            os.close(guard)
    if locked:
        return guard
    raise EmbeddedError(
        f"An earlier server still works in {folder}, {_PREDECESSOR_SECONDS:.0f} s after it lost its parent."
        " Stop it by hand, then start again."
    )


async def _locked_within(descriptor: int, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not _locked(descriptor):  # noqa: ASYNC110 - another process's lock sets no asyncio.Event
                await asyncio.sleep(_POLL_SECONDS)
            return True
    return False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _rotate(log: Path) -> None:
    """Keep the log bounded: what is long is put aside, over what was put aside before."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".before.log"))
