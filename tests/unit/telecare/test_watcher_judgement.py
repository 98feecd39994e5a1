"""What the watcher makes of presses: told at once, not twice, and in no flood; hours of it in virtual time."""

from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.instants import HOUR, MINUTE, SECOND, Instant, parse_instant
from telecare.watcher.judgement import Known, Missed, Say, Shown, begun, judged, well

NIGHT = parse_instant("2026-11-22T02:14:00Z")
EVERY = MINUTE
Spell = tuple[int, bool]
"""So many presses, and whether each comes up."""


class Life:
    """A watcher's life: presses come each minute, and it is written down what it said when."""

    def __init__(self) -> None:
        self.at: Instant = NIGHT
        self.known = begun(Known(), self.at, EVERY)
        self.said: list[tuple[int, Say]] = []  # (minute, what)

    def goes(self, presses: Iterable[bool]) -> "Life":
        """Make one press after another: does each come up?"""
        for comes_up in presses:
            press = Shown(self.at, SECOND // 3) if comes_up else Missed(self.at, "way", "not within 30 s")
            self.known, say = judged(self.known, press, EVERY)
            if say:
                self.said.append(((self.at - NIGHT) // MINUTE, say))
            self.at += EVERY
        return self

    def spells(self, *spells: Spell) -> "Life":
        """Make so many presses of a kind, then of the next."""
        for presses, comes_up in spells:
            self.goes([comes_up] * presses)
        return self

    def restarts(self, after: Instant = 0) -> "Life":
        """Be killed and started again, with what stands in the file."""
        self.at += after
        self.known = begun(msgspec.json.decode(msgspec.json.encode(self.known), type=Known), self.at, EVERY)
        return self


def test_a_healthy_day_tells_nobody() -> None:
    life = Life().spells((24 * 60, True))
    assert life.said == []
    assert well(life.known)


def test_one_lost_press_is_told_at_once_and_again_at_growing_distances() -> None:
    life = Life().spells((10, True), (200, False))
    assert life.said == [(10, "lost"), (15, "still"), (30, "still"), (90, "still"), (150, "still")]
    assert not well(life.known)


def test_it_is_over_after_three_good_presses_in_a_row_and_that_is_told_once() -> None:
    life = Life().spells((5, True), (1, False), (2, True), (1, False), (20, True))
    assert life.said == [(5, "lost"), (11, "back")]
    assert well(life.known)


def test_while_an_outage_is_not_over_all_is_not_well_though_the_last_press_came_up() -> None:
    assert not well(Life().spells((5, True), (1, False), (2, True)).known)


def test_a_desk_that_comes_and_goes_is_one_long_outage_and_no_flood() -> None:
    life = Life().spells((5, True)).goes([True, True, False] * 480)  # a whole day of it
    assert [say for _, say in life.said].count("lost") == 1
    assert len(life.said) <= 1 + 2 + 24
    slow = Life().goes(([True] * 8 + [False]) * 160)  # each time long enough to look well
    assert len(slow.said) <= 4 + 2 + 24, slow.said
    assert len(slow.said) >= 20, "it is said again each hour all the same"


def test_an_outage_after_a_quiet_hour_counts_for_itself_again() -> None:
    life = Life().spells((5, True), (1, False), (70, True), (1, False), (3, True))
    assert life.said == [(5, "lost"), (8, "back"), (76, "lost"), (79, "back")]


def test_killed_and_started_again_it_neither_repeats_itself_nor_forgets() -> None:
    life = Life().spells((5, True), (2, False)).restarts().spells((2, False))
    assert life.said == [(5, "lost")]
    assert life.restarts().spells((3, True)).said == [(5, "lost"), (9 + 2, "back")]
    later = Life().spells((5, True), (2, False)).restarts(8 * HOUR).spells((3, True))
    assert [say for _, say in later.said] == ["lost", "back"], "an outage that ended while it was dead is not forgotten"


def test_a_machine_that_has_just_started_is_given_one_period_and_no_more() -> None:
    assert Life().spells((1, False), (10, True)).said == []
    assert Life().spells((10, False)).said[0] == (1, "lost"), "told within two periods all the same"
    assert Life().spells((9, True)).restarts().spells((1, False)).said == [(9, "lost")], "but not one that only blinked"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), max_size=300), st.sets(st.integers(0, 299), max_size=5))
def test_whatever_comes_up_somebody_knows_and_nobody_is_flooded(presses: list[bool], kills: set[int]) -> None:
    life = Life().spells((2, True))
    for number, comes_up in enumerate(presses):
        life.goes([comes_up])
        if number in kills:
            life.restarts()
        told = [say for _, say in life.said]
        assert comes_up or life.known.outage, "a lost press is an outage"
        assert (life.known.outage is None) == (not told or told[-1] == "back"), "and an outage was told"
        assert well(life.known) == (life.known.outage is None)
    says = [say for _, say in life.said]
    for hour in range(6):
        within = [at for at, _ in life.said if hour * 60 <= at < hour * 60 + 60]
        assert len(within) <= 14, life.said
    assert says.count("back") in {says.count("lost"), says.count("lost") - 1}
