"""What the person on call reads, at night, on a telephone: what does not work, since when, and where to look.

Nothing private can be in these: the watcher knows no person.
"""

from typing import assert_never

from schema.instants import Duration, Instant, in_words
from schema.localtime import local
from telecare.watcher.judgement import Known, Outage, Say

ZONE = "Europe/London"
_LONGEST_WHY = 110


def text(say: Say, place: str, known: Known, outage: Outage, now: Instant) -> str:
    """Return what is said of the outage; `place` is which installation this is."""
    since = clock(outage.since, now)
    match say:
        case "lost":
            what = f"NOT WORKING since {since}. {reason(outage)} Calls for help may reach nobody. Please look now."
        case "still":
            lost = f"{outage.missed} of {outage.pressed} test presses were lost."
            what = f"still not working, {in_words(now - outage.since)} after {since}. {lost} {reason(outage)}"
        case "back":
            lasted = f"It was not from {since} to {clock(now, now)} ({in_words(now - outage.since)})."
            what = f"working again. {lasted} {reason(outage)} Test presses now take {seconds(known.took)}."
        case _:
            assert_never(say)
    return f"Telecare {place}: {what}"


def reason(outage: Outage) -> str:
    """Say in a sentence which step failed last."""
    why = outage.why if len(outage.why) <= _LONGEST_WHY else outage.why[: _LONGEST_WHY - 3] + "..."
    match outage.where:
        case "broker":
            return f"The MQTT broker did not take a test press: {why}."
        case "desk":
            return f"The operators' desk gave no answer: {why}."
        case "way":
            return f"The broker took a test press, and the operators' desk did not show it: {why}."
        case _:
            assert_never(outage.where)


def clock(at: Instant, now: Instant) -> str:
    """Say a time as clocks in the United Kingdom show it, with the day where it is not today."""
    shown = local(at, ZONE)
    return f"{shown:%H:%M}" if shown.date() == local(now, ZONE).date() else f"{shown:%a %H:%M}"


def seconds(span: Duration) -> str:
    """Say a short time: `0.4 s`."""
    return f"{span / 1_000_000:.1f} s"
