"""How long a device may be silent before that is a gap, and what is nobody's silence."""

import pytest

from monitor.coverage import Change
from monitor.coverage_devices import Fitted, Hearing
from schema.entries import ReadingEntry
from schema.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from tests.unit.monitor.coverage_world import START

HUB, BED, HALL, PENDANT = 1, 2, 3, 4
KINDS = {HUB: "hub", BED: "bed", HALL: "motion", PENDANT: "button"}


class Home:
    """One home, listened to; what was said of its gaps stands in `gaps`."""

    def __init__(self, **told: Duration) -> None:
        self.hearing = Hearing()
        self.gaps: dict[tuple[int | None, Instant], tuple[Instant, Instant | None]] = {}
        self.hearing.fit("h1", [Fitted(n, "h1", kind, told.get(kind, 0)) for n, kind in KINDS.items()], START)

    def says(
        self, device: int, at: Instant, kind: str = "heartbeat", *, now: Instant | None = None, **more: str
    ) -> None:
        """Let a device say something, heard at once or `now`."""
        value = more.get("value", "alive")
        self._note(self.hearing.words([ReadingEntry(device, kind, value, at, at if now is None else now)]))

    def beats(self, device: int, every: Duration, until: Instant, since: Instant = START) -> "Home":
        """Let a device show regularly that it lives."""
        for at in range(since + every, until + 1, every):
            self.says(device, at)
        return self

    def silent(self, now: Instant, service: tuple[tuple[Instant, Instant], ...] = ()) -> list[int | None]:
        """Ask who is silent; return the devices, None for the home."""
        changes = self.hearing.silent(now, service)
        self._note(changes)
        return [each.device for each in changes]

    def _note(self, changes: object) -> None:
        for each in changes:  # type: ignore[attr-defined]
            assert isinstance(each, Change)
            if each.ended is not None and each.ended <= each.began:
                self.gaps.pop((each.device, each.began), None)
            else:
                self.gaps[each.device, each.began] = each.began, each.ended


def test_a_quiet_night_is_no_gap_and_a_day_and_more_is_one_from_the_last_word() -> None:
    home = Home()
    home.says(HALL, START + HOUR, "motion", value="detected")
    home.says(BED, START + HOUR, "bed", value="in")
    home.says(BED, START + 12 * HOUR, "bed", value="out")
    home.says(HUB, START + 12 * HOUR)
    assert home.silent(START + 26 * HOUR) == []
    assert home.silent(START + 27 * HOUR + SECOND) == [HALL]
    home.says(HALL, START + 30 * HOUR, "motion", value="detected")
    assert home.gaps == {(HALL, START + HOUR): (START + HOUR, START + 30 * HOUR)}


def test_a_pendant_that_speaks_only_when_pressed_is_never_called_silent() -> None:
    home = Home().beats(HUB, 5 * MINUTE, START + 9 * DAY)
    home.beats(HALL, HOUR, START + 9 * DAY).beats(BED, HOUR, START + 9 * DAY)
    assert home.silent(START + 9 * DAY) == []


def test_a_device_that_shows_hourly_that_it_lives_may_miss_one_beat_and_not_two() -> None:
    home = Home().beats(PENDANT, HOUR, START + 6 * HOUR)
    assert home.silent(START + 8 * HOUR + 29 * MINUTE) == []
    assert home.silent(START + 8 * HOUR + 31 * MINUTE) == [PENDANT]
    assert home.hearing.learned == {PENDANT: HOUR}


def test_what_is_usual_is_learned_slowly_so_that_an_outage_does_not_pass_for_it() -> None:
    home = Home().beats(PENDANT, HOUR, START + 20 * HOUR)
    home.says(PENDANT, START + 32 * HOUR)
    home.beats(PENDANT, HOUR, START + 36 * HOUR, since=START + 32 * HOUR)
    assert PENDANT in home.silent(START + 39 * HOUR)


def test_the_plans_word_on_a_device_counts_where_it_is_stricter() -> None:
    home = Home(bed=10 * MINUTE).beats(BED, MINUTE, START + HOUR)
    assert home.silent(START + HOUR + 150 * SECOND) == []
    assert home.silent(START + HOUR + 151 * SECOND) == [BED], "the heartbeat is stricter"
    home = Home(bed=10 * MINUTE)
    home.says(BED, START + HOUR)
    assert home.silent(START + HOUR + 11 * MINUTE) == [BED], "the plan is stricter"


def test_our_own_blindness_is_nobodys_silence() -> None:
    home = Home(bed=10 * MINUTE)
    home.says(BED, START)
    blind = ((START + MINUTE, START + HOUR),)
    assert home.silent(START + HOUR + 9 * MINUTE, blind) == []
    assert home.silent(START + HOUR + 9 * MINUTE + SECOND, blind) == [BED]


def test_while_the_home_is_cut_off_its_devices_are_not_called_silent_and_late_words_leave_no_gap() -> None:
    home = Home(bed=10 * MINUTE)
    home.says(BED, START + MINUTE)
    home.says(HUB, START + 2 * MINUTE, "hub", value="offline")
    assert home.silent(START + HOUR) == []
    back = START + 2 * HOUR
    home.says(HUB, back, "hub", value="online")
    for at in range(START + 2 * MINUTE, back, 5 * MINUTE):
        home.says(BED, at, now=back)
    assert home.silent(back + 4 * MINUTE) == []
    assert home.gaps == {(None, START + 2 * MINUTE): (START + 2 * MINUTE, back)}


@pytest.mark.parametrize("offline_at", [START + MINUTE, START + 3 * MINUTE])
def test_an_offline_that_was_overtaken_cuts_nothing_off(offline_at: Instant) -> None:
    home = Home()
    home.says(BED, START + 2 * MINUTE)
    home.says(HUB, offline_at, "hub", value="offline", now=START + 4 * MINUTE)
    assert bool(home.gaps) == (offline_at > START + 2 * MINUTE)


def test_words_that_come_late_fill_the_silence_they_were_said_in() -> None:
    home = Home(bed=10 * MINUTE)
    home.says(BED, START + MINUTE)
    assert home.silent(START + HOUR) == [BED]
    home.says(BED, START + HOUR)
    assert home.gaps == {(BED, START + MINUTE): (START + MINUTE, START + HOUR)}
    home.says(BED, START + 30 * MINUTE, now=START + HOUR)
    assert sorted(home.gaps.values()) == [
        (START + MINUTE, START + 30 * MINUTE),
        (START + 30 * MINUTE, START + HOUR),
    ]
    for minute in (10, 20, 40, 50):
        home.says(BED, START + minute * MINUTE, now=START + HOUR)
    assert home.gaps == {}


def test_a_hubs_word_that_a_device_is_gone_is_a_gap_from_its_last_word() -> None:
    home = Home()
    home.says(BED, START + MINUTE)
    home.says(BED, START + 2 * MINUTE, "sensor", value="offline")
    home.says(BED, START + 3 * MINUTE, "sensor", value="online")
    assert home.gaps == {(BED, START + MINUTE): (START + MINUTE, START + 3 * MINUTE)}


def test_a_retained_message_was_not_said_now() -> None:
    home = Home(bed=10 * MINUTE)
    home.hearing.words([ReadingEntry(BED, "bed", "in", START + HOUR, START + HOUR, retained=True)])
    assert home.silent(START + HOUR) == [BED]


def test_a_device_taken_away_is_not_listened_for_any_more() -> None:
    home = Home(bed=10 * MINUTE)
    assert home.silent(START + HOUR) == [BED]
    home._note(home.hearing.fit("h1", [Fitted(HUB, "h1", "hub")], START + 2 * HOUR))
    assert home.gaps == {(BED, START): (START, START + 2 * HOUR)}
    assert home.silent(START + 20 * HOUR) == []
