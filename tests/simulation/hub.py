"""A home's hub: numbers and dates what its devices tell, and publishes it at QoS 1 until the broker has it.

Cut off it keeps everything, and afterwards tells it all at once, some of it in lists. Devices have clocks of their
own: right, wrong by a minute or two, absurd, stepped, or none at all; some count their messages, some do not.
"""

import asyncio
import json
from collections import deque
from typing import NamedTuple

from schema.instants import SECOND, Duration, Instant, iso, parse_instant
from tests.simulation.broker import Broker
from tests.simulation.database import POISON
from tests.simulation.lives import Happening
from tests.simulation.story import Story
from tests.simulation.weather import Weather, draws

URGENT = frozenset({"button", "fall"})
_ABSURD = parse_instant("2001-01-01T00:00:00Z")


class DeviceClock(NamedTuple):
    """What a device makes of the time: `wrong_by` from the start, `steps_by` more from `steps_at` on."""

    told: bool = True  # it gives a time
    counts: bool = True  # it numbers its messages
    absurd: bool = False
    wrong_by: Duration = 0
    steps_at: Instant = 0
    steps_by: Duration = 0

    def says(self, now: Instant, began: Instant) -> Instant | None:
        """Return the time it gives, if it gives one."""
        if not self.told:
            return None
        if self.absurd:
            return _ABSURD + (now - began)
        return now + self.wrong_by + (self.steps_by if self.steps_at and now >= self.steps_at else 0)


class Told(NamedTuple):
    """One reading as a hub publishes it: what the checks know of it."""

    home: str
    device: str
    kind: str
    value: str
    happened_at: Instant
    said_at: Instant | None  # by the device's clock
    seq: int | None
    boot: int
    poison: bool


class Hub:
    """One home's hub."""

    def __init__(  # noqa: PLR0917 - a hub stands between a home and everything else
        self, home: str, seed: int, broker: Broker, weather: Weather, story: Story, began: Instant, span: Duration
    ) -> None:
        self.home = home
        self.offline = False
        self.told: list[Told] = []  # acknowledged by the broker
        self.given: dict[Told, int] = {}  # how often the broker took it
        self.taken_at: dict[Told, Instant] = {}  # when it did first
        self._seed = seed
        self._broker = broker
        self._weather = weather
        self._story = story
        self._began = began
        self._span = span
        self._draw = draws(seed, "hub", home)
        self._clocks: dict[str, DeviceClock] = {}
        self._seqs: dict[str, int] = {}
        self._outboxes: dict[bool, deque[Told]] = {True: deque(), False: deque()}
        self._under_way: dict[bool, list[Told]] = {True: [], False: []}
        self._more = {True: asyncio.Event(), False: asyncio.Event()}

    def hear(self, happening: Happening, now: Instant) -> None:
        """Take what a device tells, and publish it as soon as may be."""
        clock = self.clock(happening.device)
        seq = self._seqs[happening.device] = self._seqs.get(happening.device, 0) + 1
        said = clock.says(now, self._began)
        told = Told(
            self.home, happening.device, happening.kind, happening.value, now,
            None if said is None else said // 1000 * 1000, seq if clock.counts else None, 1, happening.poison,
        )  # fmt: skip
        urgent = happening.kind in URGENT and self._draw.random() < 0.8
        outbox = self._outboxes[urgent]
        outbox.append(told)
        if len(outbox) > 1 and self._draw.random() < self._weather.chances.overtakes:
            outbox[-1], outbox[-2] = outbox[-2], outbox[-1]
        self._more[urgent].set()

    @property
    def left(self) -> list[Told]:
        """What the broker has not acknowledged yet."""
        return [told for part in (self._under_way, self._outboxes) for outbox in part.values() for told in outbox]

    async def run(self, *, urgent: bool) -> None:
        """Publish for ever, on one of the two kinds of topic."""
        outbox, more = self._outboxes[urgent], self._more[urgent]
        while True:
            await more.wait()
            while outbox:
                many = self._together(outbox) if len(outbox) > 3 and self._draw.random() < 0.5 else [outbox[0]]
                many = many or [outbox[0]]
                for _ in many:
                    outbox.popleft()
                self._under_way[urgent] = many
                await self._publish(many, urgent=urgent)
                self._under_way[urgent] = []
            more.clear()

    def _together(self, outbox: deque[Told]) -> list[Told]:
        """Return what comes next of the same device: it goes out as one list."""
        many = []
        for told in outbox:
            if told.device != outbox[0].device or told.poison or len(many) == 10:
                break
            many.append(told)
        return many

    async def _publish(self, many: list[Told], *, urgent: bool) -> None:
        """Publish until it is acknowledged; what is lost, or whose answer is lost, is published again."""
        topic = f"{'urgent' if urgent else 'homes'}/{self.home}/{many[0].device}"
        payload = _payload(many)
        while True:
            await asyncio.sleep(self._broker.latency())
            chances = self._weather.chances
            if (
                not self.offline
                and self._draw.random() >= chances.lost_on_the_way
                and self._broker.take(topic, payload)
            ):
                for told in many:
                    self.given[told] = self.given.get(told, 0) + 1
                    self.taken_at.setdefault(told, self._now())
                if self._draw.random() >= chances.answer_lost:
                    break
            await asyncio.sleep(self._draw.uniform(1, 4))
        self.told += many
        for told in many:
            if told.kind != "heartbeat":
                late = (self._now() - told.happened_at) / SECOND
                self._story.tell(
                    f"{self.home}/{told.device}",
                    f"{told.kind} {told.value}" + (f", {late:.0f} s ago" if late >= 1 else ""),
                )

    def _now(self) -> Instant:
        return self._began + round(asyncio.get_running_loop().time() * SECOND)

    def clock(self, device: str) -> DeviceClock:
        """Return the device's clock, as the checks must know it."""
        return self._clocks.setdefault(device, self._clock_of(device))

    def _clock_of(self, device: str) -> DeviceClock:
        draw = draws(self._seed, "clock", self.home, device)
        match draw.choice(["right", "right", "right", "wrong", "stepped", "absurd", "none", "bare"]):
            case "wrong":
                return DeviceClock(wrong_by=draw.randint(-100, 100) * SECOND)
            case "stepped":
                at = self._began + int(draw.random() * self._span)
                return DeviceClock(steps_at=at, steps_by=draw.randint(-90, 90) * SECOND)
            case "absurd":
                return DeviceClock(absurd=True)
            case "none":
                return DeviceClock(told=False)
            case "bare" if device == "hub":
                return DeviceClock(told=False, counts=False)
            case _:
                return DeviceClock(counts=draw.random() < 0.7)


def _payload(many: list[Told]) -> bytes:
    said = [_words(told) for told in many]
    return json.dumps(said if len(said) > 1 else said[0]).encode()


def _words(told: Told) -> dict[str, object]:
    words: dict[str, object] = {"kind": told.kind, "value": told.value}
    if told.said_at is not None:
        words["at"] = iso(told.said_at)
    if told.seq is not None:
        words |= {"seq": told.seq, "boot": told.boot}
    if told.poison:
        words["signal"] = POISON
    return words
