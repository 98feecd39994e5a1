"""A persistent MQTT 3.1.1 session, over any number of connections.

Promises: nothing is acknowledged but what `acknowledge` names, on the connection it came by; the session
outlives connections (`clean_session` false, a client id that stays), so the broker keeps what comes meanwhile;
it reconnects for as long as it runs, at most 5 s apart; it reads no faster than messages are stored.

Tried on nats-server 2.15: a redelivery has DUP set and, over reconnections, the same packet id; it comes
`ack_wait` after the first delivery, reconnected or not. A broker that was killed gives its ids out anew, and what
it gave out last without DUP: of readings with neither time nor number some may count twice then, none is lost.
"""

import asyncio
import ssl
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import structlog

from gateway import metrics, mqtt
from gateway.inflight import Arrival, InFlight
from gateway.marks import Marks
from gateway.message import Message
from gateway.mqtt_connection import Connection
from runtime.clock import Clock
from schema.readings import Lane

log = structlog.get_logger()

KEEPALIVE_SECONDS = 10  # a broker that has fallen silent is noticed after twice that
CONNECT_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 5.0
_PORTS = {"mqtts": 8883}
_PLAIN_PORT = 1883
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not accept our client id",
    3: "it is not ready",
    4: "wrong user name or password",
    5: "we are not authorised",
}
_TOPICS_TOLD = 1000  # of those that come unprotected


Receive = Callable[[Message], None]


class Session:
    """One lane's session with the broker. `receive` is set by whoever wires it to its lane, before `run`."""

    def __init__(
        self, url: str, lane: Lane, *, client_id: str, topics: tuple[str, ...], marks: Marks, clock: Clock
    ) -> None:
        self._where = urlsplit(url)
        self._lane = lane
        self._client_id = client_id
        self._topics = topics
        self._marks = marks
        self._clock = clock
        self._in_flight = InFlight()
        self._wanted = asyncio.Event()  # cleared while held: the database is away
        self._connection: Connection | None = None
        self._paused = False
        self._packet = 0  # id of the last packet we sent that has one
        self._unprotected_topics = set[str]()
        self._told = ""  # what was last said of the connection in the log: once per change
        self.receive: Receive = _nobody

    # --- what its lane asks of it --------------------------------------------------------------------

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that the message is stored, where it came by this connection; else once it comes again."""
        if message.packet and self._in_flight.stored(message) and self._connection is not None:
            self._connection.acknowledge(message.packet)

    def pause(self) -> None:
        """Read no more for now: the broker's messages wait in its queue and the socket's."""
        self._paused = True
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """Read again."""
        if self._paused and self._connection is not None:
            self._connection.resume()
        self._paused = False

    def hold(self) -> None:
        """Disconnect cleanly, and stay away until released."""
        if self._wanted.is_set():
            self._wanted.clear()
            self._tell("held", "disconnected: what comes waits at the broker until the database answers")
            if self._connection is not None:
                self._connection.leave()

    def release(self) -> None:
        """Connect, now that messages can be stored."""
        self._wanted.set()

    def mark(self, token: bytes) -> None:
        """Publish a mark to ourselves, behind everything that the broker has for us."""
        self._marks.sent(token, self._clock.now())
        if self._connection is not None:
            self._connection.send(mqtt.publish(self._marks.topic, token, self._next_packet()))

    # --- its life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Be connected whenever the database answers, until cancelled; then disconnect cleanly."""
        delay = 0.1
        while True:
            await self._wanted.wait()
            try:
                await self._connect_and_stay()
            except (OSError, TimeoutError) as error:
                self._tell("away", "the broker cannot be reached", why=str(error) or type(error).__name__)
            if self._told in ("connected", "held", "lost"):
                delay = 0.1
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)

    async def _connect_and_stay(self) -> None:
        """Connect, and stay until the connection is lost; cancelled, leave it cleanly."""
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await self._open()
        self._connection = connection
        impatience = asyncio.get_running_loop().call_later(CONNECT_SECONDS, self._still_waiting, connection)
        try:
            if self._wanted.is_set():
                connection.send(self._greeting())
            else:
                connection.leave()  # held meanwhile
            await connection.lost.wait()
        finally:
            impatience.cancel()
            connection.leave()
            await connection.lost.wait()
        if self._told == "connected":
            self._tell("lost", "the broker's connection was lost", why=connection.why)
        elif self._told not in ("held", "refused"):
            self._tell("away", "the broker cannot be reached", why=connection.why)

    async def _open(self) -> Connection:
        tls = ssl.create_default_context() if self._where.scheme == "mqtts" else None
        port = self._where.port or _PORTS.get(self._where.scheme, _PLAIN_PORT)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self._take, self._ended, self._clock, KEEPALIVE_SECONDS),
            self._where.hostname or "",
            port,
            ssl=tls,
        )
        return connection

    def _greeting(self) -> bytes:
        user, password = (each and unquote(each) for each in (self._where.username, self._where.password))
        return mqtt.connect(self._client_id, user, password, KEEPALIVE_SECONDS)

    def _still_waiting(self, connection: Connection) -> None:
        if not self._marks.connected:
            connection.leave("it takes connections and says nothing")

    # --- what comes by the connection ----------------------------------------------------------------

    def _take(self, packet: mqtt.Packet) -> None:
        if type(packet) is Message:  # nearly always
            self._take_message(packet)
        elif type(packet) is mqtt.ConnAck:
            self._take_welcome(packet)
        elif type(packet) is mqtt.SubAck and packet.refused:
            topics = [self._topics[nth] for nth in packet.refused]
            self._leave_refused("the broker does not let us hear our topics", topics=topics)

    def _take_message(self, message: Message) -> None:
        if not message.packet:
            self._unprotected(message)
        elif (arrival := self._in_flight.arrived(message)) is not Arrival.NEW:
            if arrival is Arrival.STORED and self._connection is not None:
                self._connection.acknowledge(message.packet)
            return
        self.receive(message)

    def _take_welcome(self, answer: mqtt.ConnAck) -> None:
        connection = self._connection
        assert connection is not None, "a connection ends before the next begins"
        if answer.code:
            self._leave_refused("the broker refuses us", why=_REFUSALS.get(answer.code, f"code {answer.code}"))
            return
        self._in_flight.connected()
        connection.send(mqtt.subscribe(self._next_packet(), self._topics))
        self._marks.connect(self._clock.now())
        if self._paused:
            connection.pause()
        self._tell("connected", "connected to the broker", session_kept=answer.session_present)

    def _leave_refused(self, text: str, **details: object) -> None:
        self._tell("refused", text, **details)
        if self._connection is not None:
            self._connection.leave()

    def _ended(self) -> None:
        """Learn, at once, that nothing more can be said on the connection."""
        self._in_flight.lost()
        self._marks.disconnect()

    def _unprotected(self, taken: Message) -> None:
        metrics.UNPROTECTED.labels(self._lane).inc()
        if len(self._unprotected_topics) >= _TOPICS_TOLD or taken.topic in self._unprotected_topics:
            return
        self._unprotected_topics.add(taken.topic)
        log.warning("a message came at QoS 0, unprotected", action="qos_0", topic=taken.topic)

    def _next_packet(self) -> int:
        self._packet = self._packet % 65_535 + 1
        return self._packet

    def _tell(self, state: str, text: str, **details: object) -> None:
        if state != self._told:
            self._told = state
            log.info(text, action=f"broker_{state}", lane=self._lane, **details)


def _nobody(_: Message) -> None:
    raise AssertionError("a session runs only once it is wired to its lane")
