"""Mosquitto, for the tests that hold telecare to a second broker: where it is, and one to test with.

It may be the system's, or unpacked without root by tests.prepare below `.telecare/tools` of the checkout.
"""

import asyncio
import hashlib
import os
import shutil
import signal
from base64 import b64encode
from pathlib import Path

from runtime.embedded_process import OwnedProcess
from runtime.ports import free_port

TOOLS = Path(__file__).parents[1] / ".telecare" / "tools"
"""Where tests.prepare unpacks what it may not install."""

KEEPS_EACH_CHANGE = "autosave_on_changes true\nautosave_interval 1"
"""The whole store is written anew at each change: the least that Mosquitto can lose, and slow."""

_CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence true
persistence_location {folder}/
max_queued_messages 0
{saving}
{user}
"""


def find() -> Path | None:
    """Return the broker's path, or None where there is none."""
    unpacked = TOOLS / "usr" / "sbin" / "mosquitto"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    found = shutil.which("mosquitto", path=path)
    if found:
        return Path(found)
    return unpacked if unpacked.exists() else None


def environment() -> dict[str, str]:
    """Ours, with the libraries that were unpacked beside the broker."""
    libraries = [str(folder) for below in ("usr/lib", "lib") for folder in (TOOLS / below, *TOOLS.glob(f"{below}/*"))]
    known = os.environ.get("LD_LIBRARY_PATH", "")
    return {**os.environ, "LD_LIBRARY_PATH": ":".join([*libraries, *filter(None, [known])])}


def password_line(user: str, password: str) -> str:
    """Return the line of a password file that lets this user in, as `mosquitto_passwd` would write it."""
    salt, rounds = os.urandom(12), 101
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"{user}:$7${rounds}${b64encode(salt).decode()}${b64encode(digest).decode()}\n"


class Mosquitto:
    """A Mosquitto on a free port of loopback, which keeps its queue in `folder`; any user and password will do.

    `saving` says when it writes its store. Where `configuration` is given, that is used as it stands, and has to
    listen on `port`.
    """

    host = "127.0.0.1"
    user = "test"
    password = "test"

    def __init__(
        self,
        program: Path,
        folder: Path,
        *,
        saving: str = KEEPS_EACH_CHANGE,
        port: int = 0,
        configuration: str | None = None,
    ) -> None:
        self.port = free_port(port)
        file = folder / "mosquitto.conf"
        user = "user root" if os.geteuid() == 0 else ""  # or it changes to a user who may not write here
        ours = _CONFIGURATION.format(port=self.port, folder=folder, saving=saving, user=user)
        file.write_text(f"{configuration}\n{user}\n" if configuration is not None else ours)
        self._server = OwnedProcess(
            [str(program), "-c", str(file)],
            log=folder / "server.log",
            stop_signal=signal.SIGTERM,
            environment=environment(),
        )

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"mqtt://{self.user}:{self.password}@{self.host}:{self.port}"

    async def start(self) -> None:
        """Start it, and return when it answers."""
        await self._server.start()
        await self._server.ready(self._answers, 20)

    async def stop(self) -> None:
        """End it cleanly."""
        await self._server.stop()

    def kill(self) -> None:
        """Kill it, as a crash would; `restart` brings it back."""
        self._server.kill()

    async def restart(self) -> None:
        """Stop it if it runs, and start it again with what it has kept, on the same port."""
        await self.stop()
        await self.start()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True
