"""What a rehearsal found, for whoever asked: a table of then and now in the home's time, or a line of JSON."""

from io import StringIO
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from schema.instants import Instant, iso
from schema.instants import in_words as span_in_words
from schema.localtime import local
from schema.rehearsals import Compared, Raised, Rehearsed

_WIDTH = 150


def json_line(found: Rehearsed) -> str:
    """Return it as one line; times as `2026-11-22T02:14:03.120Z`."""
    whole = {
        "person": found.person,
        "zone": found.zone,
        "from": iso(found.start),
        "until": iso(found.end),
        "readings": found.readings,
        "found": [
            {"draft": _raised(each.draft), "set_now": _raised(each.set_now), "raised_then": each.raised_then}
            for each in found.found
        ],
        "unseen": [{"from": iso(each.began), "until": iso(each.ended)} for each in found.unseen],
    }
    return msgspec.json.encode(whole).decode()


def in_words(found: Rehearsed) -> str:
    """Return it as a table; times in the home's zone."""
    table = Table("began", "draft", "set now", "then", "rule", "why", title=_title(found), title_justify="left")
    for each in found.found:
        table.add_row(*_row(each, found.zone))
    written = StringIO()
    console = Console(file=written, width=_WIDTH, color_system=None)
    if found.found:
        console.print(table)
    else:
        console.print(_title(found))
    console.print(_counted(found))
    for gap in found.unseen:
        spell = span_in_words(gap.ended - gap.began)
        console.print(f"not seen: {_clock(gap.began, found.zone)} to {_clock(gap.ended, found.zone)} ({spell})")
    return written.getvalue().rstrip("\n")


def _title(found: Rehearsed) -> str:
    days = f"{_clock(found.start, found.zone)} to {_clock(found.end, found.zone)}"
    return f"{found.person}, {days}, {found.zone}; {found.readings} readings"


def _counted(found: Rehearsed) -> str:
    draft = sum(each.draft is not None for each in found.found)
    now = sum(each.set_now is not None for each in found.found)
    return f"the draft would have raised {draft}; what is set now would have raised {now}"


def _row(each: Compared, zone: str) -> tuple[str, ...]:
    shown = each.shown
    then = "raised" if each.raised_then else "-"
    return (
        _clock(shown.onset, zone), _when(each.draft, zone), _when(each.set_now, zone), then, shown.rule, shown.reason
    )  # fmt: skip


def _when(raised: Raised | None, zone: str) -> str:
    if raised is None:
        return "-"
    cleared = "" if raised.cleared_at is None else f" to {_clock(raised.cleared_at, zone)[-5:]}"
    return f"{_clock(raised.raised_at, zone)}{cleared}"


def _clock(at: Instant, zone: str) -> str:
    return local(at, zone).strftime("%d %b %H:%M")


def _raised(raised: Raised | None) -> dict[str, Any] | None:
    if raised is None:
        return None
    fields = msgspec.structs.asdict(raised)
    times = {name: fields[name] for name in ("onset", "raised_at", "cleared_at")}
    return {**fields, **{name: None if at is None else iso(at) for name, at in times.items()}}
