"""A persistent MQTT 3.1.1 session on asyncio, without threads: paho reads and writes when the loop says so.

Promises: nothing is acknowledged but what `acknowledge` names, on the connection it came by; the session
outlives connections (`clean_session` false, a client id that stays), so the broker keeps what comes meanwhile;
it reconnects for as long as it runs, at most 5 s apart; it reads no faster than messages are stored.

Tried on nats-server 2.15: a redelivery has DUP set and, over reconnections, the same packet id; it comes
`ack_wait` after the first delivery, reconnected or not. A broker that was killed gives its ids out anew, and what
it gave out last without DUP: of readings with neither time nor number some may count twice then, none is lost.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway import metrics
from gateway.inflight import Arrival, InFlight
from gateway.marks import Marks
from gateway.message import Message, message
from runtime.clock import Clock
from schema.readings import Lane

log = structlog.get_logger()

KEEPALIVE_SECONDS = 30
CONNECT_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 5.0
_TOPICS_TOLD = 1000  # of those that come unprotected
_READ_AT_ONCE = 64  # messages, before the other lane has its turn


Receive = Callable[[Message], None]


class Session:
    """One lane's session with the broker. `receive` is set by whoever wires it to its lane, before `run`."""

    def __init__(
        self, url: str, lane: Lane, *, client_id: str, topics: tuple[str, ...], marks: Marks, clock: Clock
    ) -> None:
        self._where = urlsplit(url)
        self._lane = lane
        self._topics = topics
        self._marks = marks
        self._clock = clock
        self._in_flight = InFlight()
        self._wanted = asyncio.Event()  # cleared while held: the database is away
        self._lost = asyncio.Event()
        self._paused = False
        self._received = 0
        self._unprotected_topics = set[str]()
        self._told = ""  # what was last said of the connection in the log: once per change
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client(client_id)
        self.receive: Receive = _nobody

    # --- what its lane asks of it --------------------------------------------------------------------

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that the message is stored, where it came by this connection; else once it comes again."""
        if message.packet and self._in_flight.stored(message):
            self._client.ack(message.packet, 1)

    def pause(self) -> None:
        """Read no more for now: the broker's messages wait in its queue and the socket's."""
        connection = self._client.socket()
        if connection is not None and not self._paused:
            self._loop.remove_reader(connection)
        self._paused = True

    def resume(self) -> None:
        """Read again."""
        connection = self._client.socket()
        if connection is not None and self._paused:
            self._loop.add_reader(connection, self._read)
        self._paused = False

    def hold(self) -> None:
        """Disconnect cleanly, and stay away until released."""
        if self._wanted.is_set():
            self._wanted.clear()
            self._tell("held", "disconnected: what comes waits at the broker until the database answers")
            self._client.disconnect()

    def release(self) -> None:
        """Connect, now that messages can be stored."""
        self._wanted.set()

    def mark(self, token: bytes) -> None:
        """Publish a mark to ourselves, behind everything that the broker has for us."""
        self._marks.sent(token, self._clock.now())
        self._client.publish(self._marks.topic, token, qos=1)

    # --- its life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Be connected whenever the database answers, until cancelled; then disconnect cleanly."""
        delay = 0.1
        try:
            while True:
                await self._wanted.wait()
                if await self._connect():
                    await self._stay()
                if self._told in ("connected", "held", "lost"):
                    delay = 0.1
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_RETRY_SECONDS)
        finally:
            self._wanted.clear()
            self._client.disconnect()
            self._client.loop_write()

    async def _connect(self) -> bool:
        """Connect; paho's own connect blocks, so a broker that does not answer is found out beforehand."""
        self._lost.clear()
        try:
            await self._probe()
            self._client.reconnect()
        except (OSError, TimeoutError) as error:
            self._tell("away", "the broker cannot be reached", why=str(error) or type(error).__name__)
            return False
        return True

    async def _probe(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(self._where.hostname, self._port)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _stay(self) -> None:
        """Keep the connection until it is lost."""
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._lost.wait()
            self._client.loop_misc()

    @property
    def _port(self) -> int:
        return self._where.port or 1883

    def _make_client(self, client_id: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False, protocol=MQTTv311, manual_ack=True)
        client.connect_timeout = CONNECT_SECONDS
        if self._where.username is not None:
            client.username_pw_set(unquote(self._where.username), unquote(self._where.password or ""))
        if self._where.scheme == "mqtts":
            client.tls_set()
        client.connect_async(self._where.hostname or "", self._port, KEEPALIVE_SECONDS)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    # --- what paho tells us --------------------------------------------------------------------------

    def _on_connect(
        self, client: Client, _: Any, flags: ConnectFlags, reason: ReasonCode, __: Properties | None
    ) -> None:
        if reason.is_failure:
            self._tell("refused", "the broker refuses us", why=str(reason))
            client.disconnect()
            return
        self._in_flight.connected()
        self._marks.connect(self._clock.now())
        client.subscribe([(topic, 1) for topic in self._topics])
        self._tell("connected", "connected to the broker", session_kept=flags.session_present)

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._marks.disconnect()
        self._lost.set()
        if self._wanted.is_set() and self._told == "connected":
            self._tell("lost", "the broker's connection was lost", why=str(reason))

    def _on_message(self, client: Client, _: Any, came: MQTTMessage) -> None:
        self._received += 1
        taken = message(
            _topic(came),
            bytes(came.payload),
            self._clock.now(),
            packet=came.mid if came.qos else 0,
            redelivered=came.dup,
            retained=came.retain,
        )
        if not came.qos:
            self._unprotected(taken)
        elif (arrival := self._in_flight.arrived(taken)) is not Arrival.NEW:
            if arrival is Arrival.STORED:
                client.ack(came.mid, 1)
            return
        self.receive(taken)

    def _unprotected(self, taken: Message) -> None:
        metrics.UNPROTECTED.labels(self._lane).inc()
        if len(self._unprotected_topics) >= _TOPICS_TOLD or taken.topic in self._unprotected_topics:
            return
        self._unprotected_topics.add(taken.topic)
        log.warning("a message came at QoS 0, unprotected", action="qos_0", topic=taken.topic)

    # --- asyncio in place of paho's own loop ---------------------------------------------------------

    def _read(self) -> None:
        """Read what is there: paho takes one packet a call, and the loop's own turn costs more than that."""
        for _ in range(_READ_AT_ONCE):
            before = self._received
            self._client.loop_read()
            if self._received == before or self._paused:
                return

    def _on_socket_open(self, _: Client, __: Any, opened: Any) -> None:
        if not self._paused:
            self._loop.add_reader(opened, self._read)

    def _on_socket_close(self, _: Client, __: Any, closed: Any) -> None:
        self._loop.remove_reader(closed)
        self._loop.remove_writer(closed)

    def _on_register_write(self, client: Client, _: Any, opened: Any) -> None:
        self._loop.add_writer(opened, client.loop_write)

    def _on_unregister_write(self, _: Client, __: Any, opened: Any) -> None:
        self._loop.remove_writer(opened)

    def _tell(self, state: str, text: str, **details: object) -> None:
        if state != self._told:
            self._told = state
            log.info(text, action=f"broker_{state}", lane=self._lane, **details)


def _nobody(_: Message) -> None:
    raise AssertionError("a session runs only once it is wired to its lane")


def _topic(came: MQTTMessage) -> str:
    try:
        return came.topic
    except UnicodeDecodeError:
        return bytes(came._topic).decode("utf-8", "replace")  # noqa: SLF001 - paho gives it no other way
