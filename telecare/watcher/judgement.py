"""What a press that came up, or did not, means: whom to tell what, and when to keep quiet. Pure.

Promises
- One press that is not at the desk in time begins an outage, and that is told at once.
- An outage is told once, then again after 5 and 20 minutes and each hour while presses go on being lost.
- It is over after three good presses in a row. One that follows soon upon another takes twice as many to be
  over, and so on up to sixty: a desk that comes and goes is one long outage, not a flood of messages.
- What is known is all in `Known`, which is kept in a file: a watcher that was killed neither repeats itself
  nor forgets an outage.
- A watcher that begins with nothing fresh known (the machine has just started) gives the others one period.
"""

from typing import Literal

import msgspec

from schema.instants import HOUR, MINUTE, Duration, Instant, in_words

Where = Literal["broker", "desk", "way"]
"""What failed: the broker took no press, the desk gave no answer, or what lies between lost it."""
Say = Literal["lost", "still", "back"]

GOOD_IN_A_ROW = 3
MOST_IN_A_ROW = 60
SOON = 60
"""Periods: an outage that begins so soon after another is taken for more of the same."""
FRESH = 3
"""Periods for which what a watcher knew before it began is still good."""
SAID_AGAIN_AFTER: tuple[Duration, ...] = (5 * MINUTE, 15 * MINUTE, HOUR)
"""After the first message, and after each that follows; the last goes on."""


class Shown(msgspec.Struct, frozen=True):
    """A press came up at the desk in time."""

    at: Instant
    took: Duration


class Missed(msgspec.Struct, frozen=True):
    """A press did not."""

    at: Instant
    where: Where
    why: str


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which presses get lost."""

    since: Instant  # the first lost press
    where: Where
    why: str
    missed: int = 0
    pressed: int = 0
    good: int = 0  # in a row, just now
    wanted: int = GOOD_IN_A_ROW
    told_at: Instant = 0
    told: int = 0  # how often


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the watcher knows."""

    looked_at: Instant | None = None  # when it last judged a press
    seen_at: Instant | None = None  # the last press that came up in time
    took: Duration = 0  # how long that needed
    patient_until: Instant = 0  # what is lost before then begins no outage yet
    outage: Outage | None = None
    ended_at: Instant | None = None  # when the last outage was over
    wanted: int = GOOD_IN_A_ROW  # good presses in a row that ended it
    unsent: tuple[str, ...] = ()  # numbers that have not been told `text` yet
    text: str = ""


Judged = tuple[Known, Say | None]
"""What is known after a press, and what is to be said of it."""


def begun(known: Known, at: Instant, every: Duration) -> Known:
    """Return what a watcher that begins now goes by."""
    fresh = known.looked_at is not None and at - known.looked_at <= FRESH * every
    return known if fresh else msgspec.structs.replace(known, patient_until=at + every)


def well(known: Known) -> bool:
    """Tell whether all is well: the newest press came up, and no outage lasts."""
    return known.outage is None and known.seen_at is not None and known.seen_at == known.looked_at


def standing_still(known: Known, every: Duration, now: Instant) -> str | None:
    """Say that no press was made for three periods, or None."""
    if known.looked_at is None:
        return "no press has been made yet"
    if now - known.looked_at > FRESH * every:
        return f"no press was made for {in_words(now - known.looked_at)}"
    return None


def judged(known: Known, press: Shown | Missed, every: Duration) -> Judged:
    """Judge a press."""
    known = msgspec.structs.replace(known, looked_at=press.at)
    if isinstance(press, Shown):
        return _shown(msgspec.structs.replace(known, seen_at=press.at, took=press.took), press)
    if known.outage is not None:
        return _missed_again(known, known.outage, press)
    if press.at < known.patient_until:
        return known, None
    return _begin(known, press, every)


def _shown(known: Known, press: Shown) -> Judged:
    outage = known.outage
    if outage is None:
        return known, None
    good = outage.good + 1
    if good < outage.wanted:
        lasting = msgspec.structs.replace(outage, good=good, pressed=outage.pressed + 1)
        return msgspec.structs.replace(known, outage=lasting), None
    over = msgspec.structs.replace(known, outage=None, ended_at=press.at, wanted=outage.wanted)
    return over, "back"


def _begin(known: Known, press: Missed, every: Duration) -> Judged:
    again = known.ended_at is not None and press.at - known.ended_at <= SOON * every
    wanted = min(2 * known.wanted, MOST_IN_A_ROW) if again else GOOD_IN_A_ROW
    outage = Outage(
        since=press.at, where=press.where, why=press.why, missed=1, pressed=1, wanted=wanted, told_at=press.at, told=1
    )
    return msgspec.structs.replace(known, outage=outage), "lost"


def _missed_again(known: Known, outage: Outage, press: Missed) -> Judged:
    outage = msgspec.structs.replace(
        outage, where=press.where, why=press.why, missed=outage.missed + 1, pressed=outage.pressed + 1, good=0
    )
    pause = SAID_AGAIN_AFTER[min(outage.told, len(SAID_AGAIN_AFTER)) - 1]
    if press.at - outage.told_at < pause:
        return msgspec.structs.replace(known, outage=outage), None
    outage = msgspec.structs.replace(outage, told_at=press.at, told=outage.told + 1)
    return msgspec.structs.replace(known, outage=outage), "still"
