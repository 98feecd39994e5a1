"""`telecare watch`: wires the watcher from its settings, and refuses in one line what it could not work with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import structlog

from runtime.clock import Clock, SystemClock
from runtime.probes import Probe, serve_probes
from runtime.service import run_together
from runtime.settings import Settings
from schema.instants import SECOND
from telecare.canaries import watched
from telecare.refusal import Refusal
from telecare.watcher import outside
from telecare.watcher.desk import Desk
from telecare.watcher.hub import Broker, broker_of
from telecare.watcher.judgement import Shown
from telecare.watcher.memory import Memory, file_of, recalled
from telecare.watcher.outside import NotToldError
from telecare.watcher.rounds import Rounds
from telecare.watcher.service import Watcher
from telecare.watcher.texts import seconds
from telecare.watcher.vitals import Vitals

log = structlog.get_logger()

LONGEST_WITHIN = 30.0


class Plan(NamedTuple):
    """The settings, read as the watcher needs them."""

    broker: Broker
    desk: str
    place: str
    homes: tuple[str, ...]
    numbers: tuple[str, ...]
    within: float  # s in which a press must be at the desk: told within two periods, however it falls


def plan_of(settings: Settings) -> Plan:
    """Read the settings; Refusal in one line for what is missing or makes no sense."""
    desk = settings.watch_desk or settings.public_url
    place = urlsplit(desk).hostname
    if not place or urlsplit(desk).scheme not in {"http", "https"}:
        raise Refusal(
            "TELECARE_WATCH_DESK (or TELECARE_PUBLIC_URL) is no web address of the console's;"
            " expected for example https://telecare.example"
        )
    if not settings.watch_token:
        raise Refusal("TELECARE_WATCH_TOKEN is not set; expected the same secret as the console's")
    try:
        broker, numbers = broker_of(settings.mqtt_url), outside.numbers(settings)
    except ValueError as error:
        said = str(error).replace("'' is no MQTT address", "TELECARE_MQTT_URL is not set")
        raise Refusal(said) from error
    within = min(settings.watch_every / 2, LONGEST_WITHIN)
    return Plan(broker, desk, place, watched(settings), numbers, within)


async def serve(settings: Settings) -> None:
    """Watch until stopped."""
    clock, plan = SystemClock(), plan_of(settings)
    async with _session() as session:
        watcher = _watcher(settings, plan, session, clock)
        _say_who_is_told(settings, plan)
        vitals = Vitals(lambda: watcher.known, round(settings.watch_every * SECOND), clock)
        await run_together(
            "watcher",
            watch=watcher.watch(),
            tell=watcher.tell(),
            beat=watcher.beat(),
            probes=serve_probes(settings.http_host, settings.metrics_port, Probe(vitals.reasons)),
        )


async def try_out(settings: Settings, say: Callable[[str], None]) -> bool:
    """Press once, send one text to each number and one heartbeat; say how each went, and tell whether all did."""
    plan = plan_of(settings)
    async with _session() as session:
        press = await _rounds(settings, plan, session, SystemClock()).round()
        well = isinstance(press, Shown)
        say(f"press:     {f'at the desk after {seconds(press.took)}' if isinstance(press, Shown) else press.why}")
        for number in plan.numbers:
            well &= await _tried(outside.Twilio(settings, session).text(number, _trial(plan)), say)
        if settings.heartbeat_url:
            beaten = await outside.beat(settings.heartbeat_url, session)
            well &= beaten
            say(f"heartbeat: {'taken' if beaten else 'not taken'}")
    for line in nobody_told(settings):
        say(line)
    return well


def nobody_told(settings: Settings) -> list[str]:
    """Say which way out of the house is missing."""
    missing = []
    if not settings.watch_to:
        missing.append("TELECARE_WATCH_TO is not set: nobody is texted when a press is not at the desk in time")
    if not settings.heartbeat_url:
        missing.append("TELECARE_HEARTBEAT_URL is not set: nobody outside notices when this whole machine is dead")
    return missing


def _say_who_is_told(settings: Settings, plan: Plan) -> None:
    log.info(
        "watching", action="start", homes=plan.homes, every_s=settings.watch_every, within_s=plan.within,
        desk=plan.place, texted=len(plan.numbers), heartbeat=bool(settings.heartbeat_url),
    )  # fmt: skip
    for line in nobody_told(settings):
        log.warning(line, action="start")


def _trial(plan: Plan) -> str:
    return f"Telecare {plan.place}: a trial of the watcher. If you can read this, it reaches you. Nothing is wrong."


async def _tried(sending: Awaitable[None], say: Callable[[str], None]) -> bool:
    try:
        await sending
    except NotToldError as error:
        say(f"text:      not sent: {error}")
        return False
    say("text:      Twilio took it; look whether it arrives")
    return True


def _rounds(settings: Settings, plan: Plan, session: aiohttp.ClientSession, clock: Clock) -> Rounds:
    desk = Desk(plan.desk, settings.watch_token, session)
    return Rounds(plan.broker, desk, plan.homes, clock.now, plan.within)


def _watcher(settings: Settings, plan: Plan, session: aiohttp.ClientSession, clock: Clock) -> Watcher:
    file = file_of(settings.data_dir)
    url = settings.heartbeat_url
    return Watcher(
        _rounds(settings, plan, session, clock),
        recalled(file),
        Memory(file),
        clock,
        place=plan.place,
        every=settings.watch_every,
        numbers=plan.numbers,
        tell=outside.Twilio(settings, session).text,
        beat=partial(outside.beat, url, session) if url else None,
    )


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    """Give an HTTP client that makes each request on a connection of its own, and keeps no cookie."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
