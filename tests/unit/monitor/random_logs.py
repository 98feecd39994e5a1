"""Random logs for properties of the fold and its shell: facts, readings, ticks and what humans did, in any order."""

from collections.abc import Callable
from datetime import date

from hypothesis import strategies as st

from monitor.fold import Fold
from schema.entries import AlarmClosed, Entry, PersonAnswered, ReadingEntry, TestModeSet, Tick, UnregisteredPress
from schema.findings import FindingChange
from schema.instants import MINUTE, SECOND, Instant
from tests.unit.monitor.small_core import START, home_set, person_set, plan_set

Row = tuple[int, Instant, list[Entry]]
Said = tuple[int, FindingChange]
Make = Callable[[Instant, list[str]], Entry]
"""Makes an entry, of the row's time and the ids of findings said so far."""

HOMES = {"h1": 1, "h2": 11, "h3": 21}
PEOPLE = ("ada", "bob", "cid", "dan", "eve")
_KINDS = (
    (0, "button", "pressed"),
    (1, "motion", "detected"),
    (2, "bed", "out"),
    (2, "bed", "in"),
    (3, "pill", "opened"),
    (1, "motion", "throws"),
)


def always(entry: Entry) -> Make:
    """Make this entry, whatever the time and whatever was said."""
    return lambda *_: entry


def _facts() -> st.SearchStrategy[Make]:
    homes, people = st.sampled_from(sorted(HOMES)), st.sampled_from(PEOPLE)
    starts = st.sampled_from([None, date(2026, 11, 1), date(2026, 11, 22), date(2026, 11, 23)])
    return st.one_of(
        st.builds(lambda h, p: always(home_set(h, HOMES[h], p)), homes, st.sampled_from([None, "ada"])),
        st.builds(lambda p, h: always(person_set(p, h)), people, homes),
        st.builds(lambda p, v, s: always(plan_set(p, v, s)), people, st.integers(1, 4), starts),
        st.builds(lambda h, m: lambda at, *_: TestModeSet(h, at + m * MINUTE, "x"), homes, st.integers(0, 30)),
    )


def _readings() -> st.SearchStrategy[Make]:
    firsts, ages = st.sampled_from([*HOMES.values(), 91]), st.integers(0, 1800)
    return st.builds(_reading, firsts, st.sampled_from(_KINDS), ages, st.integers(0, 5))


def _reading(first: int, which: tuple[int, str, str], age: int, seq: int) -> Make:
    number, kind, value = which
    return lambda at, *_: ReadingEntry(first + number, kind, value, at - age * SECOND, at, seq)


def _answers() -> st.SearchStrategy[Make]:
    people, homes = st.sampled_from((*PEOPLE, *HOMES, "gateway")), st.sampled_from([*HOMES, "h9"])
    return st.one_of(
        st.builds(lambda s: lambda at, said: AlarmClosed(s, tuple(said), at), people),
        st.builds(lambda s: lambda at, said: PersonAnswered(s, tuple(said), at), people),
        st.builds(lambda h: lambda at, *_: UnregisteredPress(h, "p-9", "button", at, at, "unregistered"), homes),
    )


_TICKS = st.sampled_from([always(Tick()), always(Tick()), always(Tick(blind=True)), always(Tick(behind=True))])
_GAPS = st.sampled_from([1, SECOND, SECOND, 30 * SECOND, 3 * MINUTE, 11 * MINUTE, 25 * MINUTE, 500 * MINUTE])
_ROWS = st.tuples(
    _GAPS,
    st.one_of(
        st.lists(_TICKS, min_size=1, max_size=1),
        st.lists(st.one_of(_readings(), _readings(), _answers()), max_size=5),
        st.lists(_facts(), max_size=3),
    ),
)
BEGINNING = [always(home_set("h1")), always(person_set("ada")), always(plan_set("ada"))]


def random_logs(most: int = 40) -> st.SearchStrategy[list[tuple[int, list[Make]]]]:
    """Give logs as (gap, makers of entries) rows; the first names Ada's home."""
    return st.lists(_ROWS, min_size=1, max_size=most).map(lambda rows: [(0, BEGINNING), *rows])


def folded(log: list[tuple[int, list[Make]]], fold: Fold, after: Callable[[Row], None]) -> tuple[list[Row], list[Said]]:
    """Make the log's rows while folding them; return the rows and all that was said, each with its position."""
    rows, said, at = list[Row](), list[Said](), START
    for position, (gap, makers) in enumerate(log, 1):
        at += gap
        ids = [change.finding.id for _, change in said]
        rows.append((position, at, [make(at, ids) for make in makers]))
        said += steps(fold, rows[-1])
        after(rows[-1])
    return rows, said


def steps(fold: Fold, row: Row) -> list[Said]:
    """Fold one row; return what was said with its position."""
    position, at, entries = row
    said = fold.begin(position, at)
    for entry in entries:
        said += fold.step(position, at, entry)
    return [(position, change) for change in said]
