"""A server of our own over a data directory, whatever it serves: claimed, started, killed, brought back, stopped.

Promises: one process at a time has the folder; a start returns when the server answers, or leaves nothing behind
and raises EmbeddedError; `restart` brings a killed server back with its data, at the same address.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from runtime.embedded_process import Claim, OwnedProcess, private_folder


class EmbeddedServer(ABC):
    """The life of one embedded server in `data_dir`; what it is and how it answers is said by who inherits."""

    name: ClassVar[str]
    """Of its folder in the data directory, and for people."""
    start_seconds: ClassVar[float]

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.resolve()
        self._folder = self._data_dir / self.name
        self._claim = Claim(self._folder)
        self._server: OwnedProcess | None = None

    @property
    def running(self) -> bool:
        """Whether the server has been started and lives."""
        return self._server is not None and self._server.running

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._started().pid

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self._folder / "server.log"

    async def start(self) -> None:
        """Start the server, made ready first where there was none, and return when it answers; else EmbeddedError."""
        self._find()
        private_folder(self._data_dir, self.name)
        await self._claim.take()
        try:
            self._server = await self._settle()
            await self._serve()
        except BaseException:
            self._abandon()
            raise

    async def stop(self) -> None:
        """End the server cleanly and give the data directory back."""
        if self._server is not None:
            await self._server.stop()
        self._abandon()

    def kill(self) -> None:
        """Kill the server at once, as a crash would; `restart` brings it back."""
        if self._server is not None:
            self._server.kill()

    async def restart(self) -> None:
        """Stop the server if it runs, and start it again with the same data, at the same address."""
        await self._started().stop()
        await self._serve()

    @abstractmethod
    def _find(self) -> None:
        """Find the program, before anything is touched; EmbeddedError where there is none."""

    @abstractmethod
    async def _settle(self) -> OwnedProcess:
        """Decide address and settings, make what has to be there, and return the server, not yet started."""

    @abstractmethod
    async def _answers(self) -> bool:
        """Tell whether the server serves, as those that use it would find."""

    def _leave(self) -> None:  # noqa: B027 - a server may well leave nothing
        """Remove what only a running server should leave behind."""

    async def _serve(self) -> None:
        server = self._started()
        await server.start()
        await server.ready(self._answers, self.start_seconds)

    def _started(self) -> OwnedProcess:
        assert self._server is not None, f"the {self.name} was never started"
        return self._server

    def _abandon(self) -> None:
        self.kill()
        self._leave()
        self._claim.release()
