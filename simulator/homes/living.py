"""`telecare simulate`: the homes of a people file, kept living on a real broker.

One MQTT session a home, as one hub has: `online` retained while it is there, `offline` as its last will.
A message waits until the broker has it (QoS 1): while the broker is away the hub keeps trying, life goes
on, and what happened meanwhile is told afterwards, with the time at which it happened.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import aiomqtt
import structlog

from runtime.clock import Clock
from schema.instants import SECOND, Instant
from schema.people import Home
from schema.people_file import PeopleFile
from simulator.brokers import connected
from simulator.homes.life import Manner, Message, household

log = structlog.get_logger()

RETRY_SECONDS = 1.0


async def keep_living(
    people: PeopleFile, mqtt_url: str, clock: Clock, *, seed: int = 1, speed: float = 1.0, mishaps: bool = False
) -> None:
    """Let every home of the file live from now on, `speed` times as fast as time passes, until cancelled.

    Payloads carry the real time at which they are told, whatever the speed: at another speed than 1 a day
    takes less than a day, and rules judge what they are told by the real clock.
    """
    start = clock.now()

    def told_at(at: Instant) -> Instant:
        return start + int((at - start) / speed)

    manner = Manner(seed, boot=start // SECOND, mishaps=mishaps, told_at=told_at)
    async with asyncio.TaskGroup() as group:
        for home in (home for home in people.homes if home.devices):
            residents = [person for person in people.people if person.home == home.id]
            hub = Hub(home, mqtt_url)
            group.create_task(hub.live(household(home, residents, start, manner), manner, clock), name=home.id)


class Hub:
    """A home's hub: one session with the broker, its status, and the messages of its devices."""

    def __init__(self, home: Home, mqtt_url: str) -> None:
        self._home = home
        self._url = mqtt_url
        self._status = f"homes/{home.id}/status"
        self._away = False

    async def live(self, messages: Iterator[Message], manner: Manner, clock: Clock) -> None:
        """Tell the messages, each at its time; begin again where the broker was lost, losing none."""
        waiting = [next(messages)]
        while True:
            with suppress(aiomqtt.MqttError):
                async with connected(self._url, f"hub-{self._home.id}", will=self._status) as client:
                    self._note(away=False)
                    await client.publish(self._status, "online", qos=1, retain=True)
                    try:
                        await self._tell(client, waiting, messages, manner, clock)
                    finally:  # a clean goodbye sends no last will
                        with suppress(aiomqtt.MqttError):
                            await client.publish(self._status, "offline", qos=1, retain=True)
            _heed_cancellation()
            self._note(away=True)
            await asyncio.sleep(RETRY_SECONDS)

    async def _tell(
        self, client: aiomqtt.Client, waiting: list[Message], messages: Iterator[Message], manner: Manner, clock: Clock
    ) -> None:
        while True:
            at, topic, payload = waiting[0]
            await asyncio.sleep(max(manner.told_at(at) - clock.now(), 0) / SECOND)
            await client.publish(topic, json.dumps(payload, ensure_ascii=False), qos=1)
            waiting[0] = next(messages)
            _heed_cancellation()

    def _note(self, *, away: bool) -> None:
        """Log once per change, not once per try."""
        if away != self._away:
            self._away = away
            action = "broker_lost" if away else "broker_found"
            log.info("the hub has lost its broker" if away else "the hub is back", action=action, home=self._home.id)


def _heed_cancellation() -> None:
    """Raise CancelledError where one was asked for and lost: in Python 3.11 `wait_for` may swallow it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
