"""What the broker holds, asked of JetStream in NATS' own protocol: messages kept, on their way, given out again.

Every message of a hub goes to one session (a lane's), so what was delivered beyond what was published since
was a redelivery.
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from runtime.embedded import EmbeddedBroker

MESSAGES = "$MQTT_msgs"
_SECONDS = 10.0


class Held(NamedTuple):
    """The broker's messages at a moment."""

    messages: int  # kept: not yet acknowledged by the gateway
    bytes: int
    published: int  # ever
    delivered: int  # ever, redeliveries counted
    pending: int  # not given out yet
    in_flight: int  # given out, not acknowledged

    def redelivered_since(self, before: "Held") -> int:
        """How many deliveries were repetitions; right once nothing is pending."""
        return (self.delivered - before.delivered) - (self.published - before.published)


class Stream:
    """One connection to the broker's own port."""

    def __init__(self, broker: EmbeddedBroker, data_dir: Path) -> None:
        self._broker = broker
        self._log = data_dir / "broker" / "server.log"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asking = asyncio.Lock()  # answers name no question

    async def connect(self) -> None:
        """Connect as the gateway's user."""
        ports = re.findall(r"Listening for client connections on [\d.]+:(\d+)", self._log.read_text())
        self._reader, self._writer = await asyncio.open_connection(self._broker.host, int(ports[-1]))
        said = {
            "user": self._broker.gateway_user,
            "pass": self._broker.gateway_password,
            "verbose": False,
            "pedantic": False,
        }
        self._writer.write(b"CONNECT " + json.dumps(said).encode() + b"\r\nSUB soak.answers 1\r\n")

    async def held(self) -> Held:
        """Ask what it holds."""
        async with self._asking, asyncio.timeout(_SECONDS):
            stream = (await self._ask(f"$JS.API.STREAM.INFO.{MESSAGES}"))["state"]
            consumers = (await self._ask(f"$JS.API.CONSUMER.LIST.{MESSAGES}"))["consumers"]
        return Held(
            stream["messages"],
            stream["bytes"],
            stream["last_seq"],
            sum(each["delivered"]["consumer_seq"] for each in consumers),
            sum(each["num_pending"] for each in consumers),
            sum(each["num_ack_pending"] for each in consumers),
        )

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()

    async def _ask(self, subject: str) -> dict[str, Any]:
        assert self._reader is not None, "connect first"
        assert self._writer is not None
        self._writer.write(f"PUB {subject} soak.answers 0\r\n\r\n".encode())
        while True:
            line = await self._reader.readline()
            if line.startswith(b"PING"):
                self._writer.write(b"PONG\r\n")
            elif line.startswith(b"MSG"):
                answer: dict[str, Any] = json.loads((await self._reader.readexactly(int(line.split()[-1]) + 2))[:-2])
                return answer
            elif not line or line.startswith(b"-ERR"):
                raise ConnectionError(f"the broker's own port answers {line!r}")
