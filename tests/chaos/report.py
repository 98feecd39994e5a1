"""How a chaos run is shown: one line while it goes on, a table for docs/guarantees.md at the end."""

import sys
from time import monotonic

from tests.chaos.run import Chaos
from tests.chaos.verdict import Verdict

_PLAIN_EVERY_SECONDS = 15.0


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


def table(chaos: Chaos, verdict: Verdict) -> str:
    """Return the run as a Markdown table."""
    figures, house = verdict.figures, chaos.house
    kills = ", ".join(f"{name} {house.kills[name]}" for name in sorted(house.kills))
    faults = ", ".join(f"{name} {house.faults[name]}" for name in sorted(house.faults))
    rate = (chaos.ledger.made + len(chaos.ledger.said)) / chaos.seconds
    rows = [
        ("run", f"seed {chaos.seed}, {chaos.seconds / 60:g} minutes, {rate:.0f} readings/s"),
        ("`kill -9`", f"{house.kills.total()} ({kills})"),
        ("faults of links", f"{house.faults.total()} ({faults})"),
        ("outages", f"{figures['outages']}: median {figures['median outage, s']} s, longest"
                    f" {figures['longest outage, s']} s; all whole {figures['whole, % of the time']} % of the time"),
        ("readings made / acknowledged / stored", f"{figures['made']} / {figures['acknowledged']} / {figures['stored']}"),
        ("acknowledged and lost (history, log)", f"{figures['lost from the history']}, {figures['lost from the log']}"),
        ("counted twice (history, log)", f"{figures['twice in the history']}, {figures['twice in the log']}"),
        ("presses", f"{figures['presses']}: without an alarm {figures['presses without an alarm']},"
                    f" with several {figures['presses with several']}, without a page {figures['presses without a page']}"),
        ("messages Twilio took", f"{chaos.twilio.pages.total()} (turned away {chaos.twilio.turned_away})"),
        *(
            (f"deadlines of {of}", f"{figures[name]}: never fired {figures[f'{name} that never fired']}, over 5 s late"
             f" {figures[f'{name} over 5 s late']}; late by {figures[f'{name}, median late, s']} s in the median,"
             f" {figures[f'{name}, most late, s']} s at most")
            for name, of in (("deadlines", "rules"), ("steps", "escalation steps"))
        ),
        ("ended by themselves, and restarted", str(house.ended_themselves.total())),
    ]  # fmt: skip
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows)])
