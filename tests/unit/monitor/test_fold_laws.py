"""The fold's laws, over random logs: it says the same again, in parts as in whole, from anywhere it was kept."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import chunks, roster
from monitor.agenda import Agenda
from monitor.chunks import Chunk
from monitor.fold import Fold
from monitor.subjects import HOME, PERSON, Core, Kept, key_of, partition_of
from schema.entries import Tick
from schema.instants import Instant
from tests.unit.monitor.random_logs import BEGINNING, Make, Row, Said, always, folded, random_logs, steps
from tests.unit.monitor.small_core import SMALL, home_set, person_set

Log = list[tuple[int, list[Make]]]
CORES = pytest.mark.parametrize("cores", [(SMALL, SMALL), (PERSON, HOME)], ids=["small core", "real core"])
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "CHUNK", 2)


def _nothing(row: Row) -> None:
    pass


@CORES
@few
@given(log=random_logs())
def test_the_same_log_says_the_same_to_the_id(cores: tuple[Core, Core], log: Log) -> None:
    person, home = cores
    rows, said = folded(log, Fold(person=person, home=home), _nothing)
    again = Fold(person=person, home=home)
    assert [each for row in rows for each in steps(again, row)] == said


@CORES
@few
@given(log=random_logs(), held=st.sets(st.integers(0, 15)))
def test_two_that_divide_the_partitions_say_together_what_one_says(
    cores: tuple[Core, Core], log: Log, held: set[int]
) -> None:
    person, home = cores
    rows, said = folded(log, Fold(person=person, home=home), _nothing)
    mine = Fold(lambda key: partition_of(key) in held, person=person, home=home)
    yours = Fold(lambda key: partition_of(key) not in held, person=person, home=home)
    parts = [each for row in rows for fold in (mine, yours) for each in steps(fold, row)]
    assert _by_subject(parts) == _by_subject(said)


class Kepts(NamedTuple):
    """What a checkpoint at one position would keep."""

    position: int
    at: Instant
    blind_at: Instant | None
    chunks: dict[tuple[int, int], list[Kept]]


@CORES
@few
@given(log=random_logs(), data=st.data())
def test_taken_up_from_chunks_kept_at_any_positions_it_goes_on_as_if_it_had_never_stopped(
    cores: tuple[Core, Core], log: Log, data: st.DataObject
) -> None:
    person, home = cores
    fold, kept = Fold(person=person, home=home), list[Kepts]()

    def keep(row: Row) -> None:
        chunks = {key: fold.keep(*key) for key in fold.chunks()}
        kept.append(_through_msgpack(Kepts(fold.position, fold.at, fold.blind_at, chunks)))

    rows, said = folded(log, fold, keep)
    start = data.draw(st.sampled_from(kept))
    since = kept[start.position - 1 :]  # the oldest chunk tells where to begin
    chosen = {key: data.draw(st.sampled_from(since)) for key in sorted({key for each in since for key in each.chunks})}
    chosen[data.draw(st.sampled_from(sorted(start.chunks)))] = start

    again = Fold(person=person, home=home)
    facts = [e for row in rows[: start.position] for e in row[2] if type(e).__name__ in FACTS]
    # A chunk that came later may not be kept at all; and one whose last home was let go is kept empty.
    subjects = [(subject, at.position) for key, at in chosen.items() for subject in at.chunks.get(key, ())]
    again.resume(start.position, start.at, start.blind_at, facts, subjects)
    position_of = {key_of(subject.kind, subject.id): position for subject, position in subjects}

    expected = [each for each in said if each[0] > max(position_of.get(_subject(each), 0), start.position)]
    assert [each for row in rows[start.position :] for each in steps(again, row)] == expected
    ends = {key: again.keep(*key) for key in again.chunks()}
    assert ends == kept[-1].chunks


def test_taken_up_while_blind_it_does_not_learn_anew_that_it_is() -> None:
    blind = [always(Tick(blind=True))]
    kept = list[tuple[Row, dict[tuple[int, int], list[Kept]], Instant | None]]()
    fold = Fold(person=SMALL, home=SMALL)

    def keep(row: Row) -> None:
        kept.append((row, {key: fold.keep(*key) for key in fold.chunks()}, fold.blind_at))

    rows, _ = folded([(0, BEGINNING), (1, blind), (1, blind), (1, blind)], fold, keep)
    (position, at, _), chunks, blind_at = kept[1]
    again = Fold(person=SMALL, home=SMALL)
    subjects = [(each, position) for chunk in chunks.values() for each in chunk]
    again.resume(position, at, blind_at, rows[0][2], subjects)  # type: ignore[arg-type]
    for row in rows[2:]:
        steps(again, row)
    assert {key: again.keep(*key) for key in again.chunks()} == kept[-1][1]


def test_a_home_taken_up_with_nothing_to_say_is_let_go_when_it_becomes_somebodys() -> None:
    kept = list[dict[tuple[int, int], list[Kept]]]()
    fold = Fold(person=SMALL, home=HOME)
    log = [(0, [always(home_set("h1"))]), (1, [always(person_set("ada"))]), (1, [always(Tick())])]
    rows, _ = folded(log, fold, lambda _: kept.append({key: fold.keep(*key) for key in fold.chunks()}))
    assert ["h1" in [each.id for chunk in each.values() for each in chunk] for each in kept] == [True, False, False]
    again = Fold(person=SMALL, home=HOME)
    (_, at, facts), subjects = rows[0], [(each, 1) for chunk in kept[0].values() for each in chunk]
    again.resume(1, at, None, facts, subjects)  # type: ignore[arg-type]
    for row in rows[1:]:
        steps(again, row)
    assert {key: again.keep(*key) for key in again.chunks()} == kept[-1]


FACTS = ("HomeSet", "PersonSet", "PlanSet", "TestModeSet")


def test_a_checkpoint_that_misses_somebody_is_refused_rather_than_watched_on_without_them() -> None:
    fold = Fold(person=SMALL, home=SMALL)
    rows, _ = folded([(0, BEGINNING)], fold, _nothing)
    kept = [(each, 1) for key in fold.chunks() for each in fold.keep(*key) if each.id != "ada"]
    with pytest.raises(LookupError, match="'ada'"):
        Fold(person=SMALL, home=SMALL).resume(1, fold.at, None, rows[0][2], kept)  # type: ignore[arg-type]


class Someone:
    """A subject, as far as the agenda knows."""

    def __init__(self, serial: int) -> None:
        self.serial = serial
        self.due: Instant | None = None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 50))),
            st.integers(1, 10),
        )
    )
)
def test_the_agenda_finds_just_who_is_due_as_a_list_of_all_would(moves: list[tuple[int, int | None] | int]) -> None:
    agenda, people, now = Agenda[Someone](), [Someone(serial) for serial in range(5)], 0
    for move in moves:
        if isinstance(move, tuple):
            agenda.put(people[move[0]], move[1])
        else:
            now += move
            due = {each.serial for each in people if each.due is not None and each.due <= now}
            taken = agenda.take_due(now)
            assert {each.serial for each in taken} == due
            assert len(taken) == len(due)
            for each in taken:
                agenda.put(each, None)
        assert agenda.next_due() == min((each.due for each in people if each.due is not None), default=None)


def _through_msgpack(kept: Kepts) -> Kepts:
    """Return it as the table would give it back."""
    through = {
        key: chunks.decode(chunks.encode(Chunk(kept.at, kept.blind_at, subjects))).subjects
        for key, subjects in kept.chunks.items()
    }
    return kept._replace(chunks=through)


def _subject(said: Said) -> str:
    return key_of(said[1].finding.subject_kind, said[1].finding.subject)


def _by_subject(said: list[Said]) -> dict[str, list[Said]]:
    by_subject = dict[str, list[Said]]()
    for each in said:
        by_subject.setdefault(_subject(each), []).append(each)
    return by_subject
