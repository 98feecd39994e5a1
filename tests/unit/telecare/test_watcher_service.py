"""The watcher's shell: rounds go on whatever happens outside, and what is to be told is told, once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.clock import SetClock
from schema.instants import MINUTE, parse_instant
from telecare.watcher import service
from telecare.watcher.judgement import Missed, Shown
from telecare.watcher.memory import Memory, recalled
from telecare.watcher.outside import NotToldError
from telecare.watcher.service import Watcher
from tests.unit.console.house import until

NIGHT = parse_instant("2026-11-22T02:14:00Z")
ON_CALL = "+447700900199"


class Night:
    """A watcher, with its presses, its telephones and its time in our hands."""

    def __init__(self, file: Path, numbers: tuple[str, ...] = (ON_CALL,)) -> None:
        self.clock = SetClock(NIGHT)
        self.file = file
        self.numbers = numbers
        self.texts: list[tuple[str, str]] = []
        self.beats = 0
        self.refusals = 0  # of Twilio, still to come
        self.error: Exception = NotToldError("Twilio cannot be reached")
        self.outcome: Callable[[], Any] = self.shown
        self.watcher = self.started()

    def started(self) -> Watcher:
        """Start a watcher over the file."""
        return Watcher(
            self, recalled(self.file), Memory(self.file), self.clock,
            place="desk.example", every=60.0, numbers=self.numbers, tell=self.tell, beat=self.beat,
        )  # fmt: skip

    def shown(self) -> Shown:
        """Let a press come up."""
        return Shown(self.clock.at, 400_000)

    def lost(self) -> Missed:
        """Let a press get lost."""
        return Missed(self.clock.at, "way", "not within 30 s")

    async def round(self) -> Shown | Missed:
        """Make a round of the watcher's."""
        outcome = self.outcome()
        assert isinstance(outcome, Shown | Missed)
        return outcome

    async def tell(self, number: str, body: str) -> None:
        """Be Twilio."""
        if self.refusals:
            self.refusals -= 1
            raise self.error
        self.texts.append((number, body))

    async def beat(self) -> None:
        """Be the outside service."""
        self.beats += 1

    async def presses(self, outcome: Callable[[], Any], times: int = 1) -> None:
        """Let so many minutes pass, with a press in each."""
        self.outcome = outcome
        for _ in range(times):
            self.clock.at += MINUTE
            await self.watcher.run_once()
            await asyncio.sleep(0)

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Let it tell and beat meanwhile."""
        tasks = [asyncio.create_task(each) for each in (self.watcher.tell(), self.watcher.beat())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    monkeypatch.setattr(service, "AGAIN_AFTER", (0.01,))
    return Night(tmp_path / "watcher.json")


async def test_a_healthy_hour_texts_nobody_and_beats_each_minute(night: Night) -> None:
    async with night.telling():
        for _ in range(60):
            await night.presses(night.shown)
        await until(lambda: night.beats == 60)
    assert night.texts == []


async def test_who_is_on_call_reads_what_failed_since_when_and_when_it_is_well_again(night: Night) -> None:
    async with night.telling():
        await night.presses(night.shown)
        await night.presses(night.lost, 6)
        await night.presses(night.shown, 3)
        await until(lambda: len(night.texts) == 3)
        beats = night.beats
    assert [number for number, _ in night.texts] == [ON_CALL] * 3
    lost, still, back = (body for _, body in night.texts)
    assert lost == (
        "Telecare desk.example: NOT WORKING since 02:16. The broker took a test press, and the operators' desk did not"
        " show it: not within 30 s. Calls for help may reach nobody. Please look now."
    )
    assert "still not working, 5 min after 02:16. 6 of 6 test presses were lost." in still
    assert "working again. It was not from 02:16 to 02:24 (8 min)." in back
    assert back.endswith("Test presses now take 0.4 s.")
    assert beats == 2, "no heartbeat while all is not well: one before, one when it was over"


async def test_a_text_that_does_not_go_out_is_tried_until_it_does(night: Night) -> None:
    night.refusals = 3
    async with night.telling():
        await night.presses(night.lost, 2)
        await until(lambda: len(night.texts) == 1)
    assert night.refusals == 0


async def test_an_error_nobody_foresaw_in_telling_ends_nothing(night: Night) -> None:
    night.refusals, night.error = 2, KeyError("surprise")
    async with night.telling():
        await night.presses(night.lost, 2)
        await until(lambda: len(night.texts) == 1)


async def test_an_error_nobody_foresaw_in_a_round_is_told(night: Night) -> None:
    async with night.telling():
        await night.presses(night.shown)
        await night.presses(lambda: None)
        await until(lambda: len(night.texts) == 1)
    assert "the watcher itself failed (AssertionError)" in night.texts[0][1]


async def test_killed_before_the_text_went_out_the_next_one_sends_it_and_only_it(night: Night) -> None:
    await night.presses(night.shown)
    await night.presses(night.lost)  # killed here: nothing was told yet
    night.watcher = night.started()
    async with night.telling():
        await until(lambda: len(night.texts) == 1)
        await night.presses(night.lost, 2)
    night.watcher = night.started()
    async with night.telling():
        await night.presses(night.lost)
    assert len(night.texts) == 1


async def test_of_two_on_call_who_has_not_been_told_yet_is_told_alone(night: Night) -> None:
    other = "+447700900198"
    night.numbers = (ON_CALL, other)
    night.watcher = night.started()
    night.refusals = 1
    async with night.telling():
        await night.presses(night.lost, 2)
        await until(lambda: len(night.texts) == 2)
    assert sorted(number for number, _ in night.texts) == sorted([ON_CALL, other])


async def test_what_is_newer_takes_the_place_of_what_did_not_go_out(night: Night) -> None:
    await night.presses(night.shown)
    await night.presses(night.lost)
    await night.presses(night.shown, 3)
    async with night.telling():
        await until(lambda: len(night.texts) == 1)
    assert "working again. It was not from 02:16 to 02:19" in night.texts[0][1]


async def test_a_round_during_which_the_watcher_itself_was_stopped_says_nothing_but_two_do(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await night.presses(night.shown)
    passed = 0.0
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: passed)

    def stopped() -> Missed:
        nonlocal passed
        passed += 100
        return night.lost()

    await night.presses(stopped)
    assert night.watcher.known.outage is None
    await night.presses(stopped)
    assert night.watcher.known.outage


def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "watcher.json"
    file.write_text('{"looked_at": "half a li')
    assert recalled(file).outage is None


async def test_a_disk_that_is_full_keeps_nobody_from_being_told(night: Night) -> None:
    night.file.with_name(night.file.name + ".new").mkdir()  # so that nothing can be written there
    async with night.telling():
        await night.presses(night.lost, 2)
        await until(lambda: len(night.texts) == 1)
    assert not night.file.exists()
