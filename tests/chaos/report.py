"""How a chaos run is shown: one line while it goes on, a table for docs/guarantees.md at the end."""

import sys
from collections.abc import Sequence
from time import monotonic

from schema.instants import SECOND
from tests.chaos.house import SERVICES, House
from tests.chaos.run import Chaos

_PLAIN_EVERY_SECONDS = 15.0
Figures = dict[str, int | float]


class Progress:
    """One line, rewritten where it is a terminal; else a line now and then."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._width = 0
        self._next = 0.0

    def say(self, text: str) -> None:
        """Show it in place of what was shown before."""
        if self._live:
            sys.stderr.write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif monotonic() >= self._next:
            self._next = monotonic() + _PLAIN_EVERY_SECONDS
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line as it is."""
        if self._live:
            sys.stderr.write("\n")


def table(chaos: Chaos, figures: Figures, more: Sequence[tuple[str, str]] = ()) -> str:
    """Return the run as a Markdown table; `more` is what a scenario measured."""
    house = chaos.house
    kills = ", ".join(f"{name} {house.kills[name]}" for name in sorted(house.kills))
    faults = ", ".join(f"{name} {house.faults[name]}" for name in sorted(house.faults))
    rate = (chaos.ledger.made + len(chaos.ledger.said)) / chaos.seconds
    rows = [
        ("run", f"seed {chaos.seed}, {chaos.seconds / 60:.1f} minutes, {rate:.0f} readings/s"),
        ("`kill -9`", f"{house.kills.total()} ({kills})"),
        ("faults of links", f"{house.faults.total()} ({faults})"),
        ("slowest start of each service", _starts(house)),
        ("ended by themselves, and restarted", str(house.ended_themselves.total())),
        ("outages", _outages(figures)),
        (
            "CPU wanted and not had",
            f"{100 * chaos.starved / chaos.seconds:.0f} % of the time (the machine's, not ours)",
        ),
        ("readings made, acknowledged, stored", _of(figures, "made", "acknowledged", "stored")),
        ("acknowledged and lost from history, log", _of(figures, "lost from the history", "lost from the log")),
        ("counted twice in history, log", _of(figures, "twice in the history", "twice in the log")),
        ("presses", str(figures["presses"])),
        ("... without an alarm, with several", _of(figures, "presses without an alarm", "presses with several")),
        ("... without a page", str(figures["presses without a page"])),
        ("... that became alarms", _late(figures, "presses heard")),
        ("messages Twilio took", f"{chaos.twilio.pages.total()} (turned away {chaos.twilio.turned_away})"),
        ("deadlines of rules", _late(figures, "deadlines")),
        ("... put right before anybody could see", str(figures["deadlines put right unseen"])),
        ("escalation steps", _late(figures, "steps")),
        *more,
    ]
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows)])


def _of(figures: Figures, *names: str) -> str:
    return ", ".join(f"{figures[name]:,}" for name in names)


def _starts(house: House) -> str:
    slowest = {name: max(house.starts[name]) / SECOND for name in SERVICES if house.starts.get(name)}
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slowest.items())


def _outages(figures: Figures) -> str:
    each = f"{figures['outages']}: median {figures['median outage, s']} s, longest {figures['longest outage, s']} s"
    return f"{each}; all whole {figures['whole, % of the time']} % of the time"


def _late(figures: Figures, name: str) -> str:
    counts = f"{figures[name]:,}: never {figures[f'{name} that never fired']}, too late"
    late = f"{figures[f'{name} too late']}; late by {figures[f'{name}, median late, s']} s in the median"
    return f"{counts} {late}, {figures[f'{name}, most late, s']} s at most"
