"""The tables of docs/falls.md, as Markdown: how often windows are judged rightly, and what is missed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.falls.curve import Share
from benchmarks.falls.recordings import Recording
from benchmarks.falls.trial import Outcome

HEAD = (
    "| recordings | model | subjects (older) | falls | daily living (older) "
    "| falls found | daily living spared | older people's |\n"
    "|---|---|---|---|---|---|---|---|"
)
SHORT_HEAD = "| sent as | model | falls found | daily living spared | older people's |\n|---|---|---|---|---|"

ACTIVITIES = {
    ("SisFall", "D04"): "jogging quickly",
    ("SisFall", "D11"): "collapsing into a chair",
    ("SisFall", "D13"): "lying down quickly",
    ("SisFall", "D18"): "stumbling",
    ("SisFall", "D19"): "jumping gently",
    ("SisFall", "F10"): "forward, when sitting down",
    ("SisFall", "F11"): "backward, when sitting down",
    ("SisFall", "F13"): "forward, from sitting",
    ("SisFall", "F14"): "backward, from sitting",
    ("SisFall", "F15"): "sideways, from sitting",
    ("WEDA-FALL", "D01"): "walking",
    ("WEDA-FALL", "D02"): "jogging",
    ("WEDA-FALL", "D03"): "stairs",
    ("WEDA-FALL", "D04"): "sitting down and up",
    ("WEDA-FALL", "D05"): "collapsing into a chair",
    ("WEDA-FALL", "D06"): "crouching",
    ("WEDA-FALL", "D07"): "stumbling",
    ("WEDA-FALL", "D08"): "jumping gently",
    ("WEDA-FALL", "D09"): "hitting a table with the hand",
    ("WEDA-FALL", "D10"): "clapping",
    ("WEDA-FALL", "D11"): "opening and shutting a door",
    ("WEDA-FALL", "F01"): "forward, slipping",
    ("WEDA-FALL", "F02"): "sideways, slipping",
    ("WEDA-FALL", "F03"): "backward, slipping",
    ("WEDA-FALL", "F04"): "forward, tripping",
    ("WEDA-FALL", "F05"): "backward, when sitting down",
    ("WEDA-FALL", "F06"): "forward, from sitting",
    ("WEDA-FALL", "F07"): "backward, from sitting",
    ("WEDA-FALL", "F08"): "sideways, from sitting",
}
"""What the codes stand for, as far as they have been missed."""


class Row(NamedTuple):
    """One row of the table: which recordings, judged by which model, and what came of it."""

    recordings: Sequence[Recording]
    model: str
    sent: str
    outcome: Outcome


def whole(rows: Iterable[Row]) -> str:
    """Return the table of results, each with its 95 % interval."""
    return "\n".join([HEAD, *(_row(each) for each in rows)])


def _row(row: Row) -> str:
    subjects = {each.subject for each in row.recordings}
    older = {each.subject for each in row.recordings if each.older}
    falls, living, of_older = (share.of for share in row.outcome[:3])
    worn = row.recordings[0].worn
    who = f"{row.recordings[0].source}, {worn} | {row.model} | {len(subjects)} ({len(older)})"
    return f"| {who} | {falls} | {living} ({of_older}) | {' | '.join(_share(each) for each in row.outcome[:3])} |"


def _share(share: Share) -> str:
    low, high = share.interval()
    return f"**{share.value:.3f}** ({low:.3f} to {high:.3f})"


def short(rows: Iterable[Row]) -> str:
    """Return the table of the same recordings, sent otherwise."""
    lines = [
        f"| {row.sent} | {row.model} | {' | '.join(f'{share.value:.3f}' for share in row.outcome[:3])} |"
        for row in rows
    ]
    return "\n".join([SHORT_HEAD, *lines])


def told(row: Row) -> str:
    """Say what was judged wrongly, by activity."""
    named = Counter((each.source, each.code) for each in row.outcome.wrong)
    missed = [_named(*key, count) for key, count in sorted(named.items()) if key[1].startswith("F")]
    raised = [_named(*key, count) for key, count in sorted(named.items()) if not key[1].startswith("F")]
    return f"missed: {', '.join(missed) or 'none'}; raised over: {', '.join(raised) or 'nothing'}"


def _named(source: str, code: str, count: int) -> str:
    what = ACTIVITIES.get((source, code))
    return f"{count} x {what} ({code})" if what else f"{count} x {code}"
