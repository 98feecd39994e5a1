"""Compares what the hubs know with what the tables say, and says in sentences what was broken. Pure.

What is compared
- every reading the broker acknowledged stands in the history, and in the log, once: not never, not twice;
- nothing stands there that no hub made, and nothing of theirs was refused;
- every press acknowledged is one alarm with its onset: not none, not two, none more than 5 s late; no alarm came of
  no press;
- every such alarm has a page at least: a request that Twilio took;
- every deadline of a script brought its alarm, none before it was due and none more than 5 s late (`outages`);
  who was put right in time has no alarm; who was put right before anybody could see again may have one or none:
  a bed that is known to be occupied again wakes nobody;
- every escalation step that came due ran, none more than 5 s late; the last one repeated until the end.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from schema.instants import SECOND, Duration, Instant, iso
from tests.chaos.ledger import Ledger, Name, Said
from tests.chaos.outages import Span, backlog, late_by, merged, needed, whole_again
from tests.chaos.storm import LINKS, PARTS
from tests.chaos.street import RULES, Life, Pace, onset_at, steps_of
from tests.chaos.tables import Alarm, Step, Tables

LATEST: Duration = 5 * SECOND
_EARLY = SECOND // 10  # two clocks, read one after another
_SHOWN = 8  # examples named of each kind of breach
STEPS_NEED = ("alerting", "database", "alerting-database")
FINDINGS_NEED = (*PARTS, *LINKS, "backlog")


class Run(NamedTuple):
    """What is known of a run from outside the service."""

    began: Instant
    ended: Instant  # when the tables were read
    ledger: Ledger
    lives: Sequence[Life]
    pace: Pace
    pages: Mapping[int, int]
    away: Mapping[str, Sequence[Span]]
    latest: Duration = LATEST  # more late than this is broken
    refusals: Container[str] = ()  # topics of which a refusal is expected


class Verdict(NamedTuple):
    """What was broken, in sentences (empty: every promise held), and the figures."""

    broken: list[str]
    figures: dict[str, int | float]


class _Judge:
    def __init__(self, run: Run, tables: Tables) -> None:
        self.run = run
        self.tables = tables
        self.figures: dict[str, int | float] = {}
        dated = ((each.observed_at, each.committed_at) for each in tables.readings if not each.doubted)
        self.backlog = backlog(dated)
        self.away: dict[str, Sequence[Span]] = {**run.away, "backlog": self.backlog}

    def judge(self) -> Iterator[str]:
        yield from self._readings()
        yield from self._presses()
        yield from self._deadlines()
        yield from self._steps()

    # --- readings ------------------------------------------------------------------------------------

    def _readings(self) -> Iterator[str]:
        named = self.tables.devices
        history = Counter((each.device, each.seq) for each in self.tables.readings)
        acknowledged = set(_acknowledged(self.run.ledger))
        made = set(_made(self.run.ledger))
        for where, counts in (("history", history), ("log", self.tables.logged)):
            stood: dict[Name, int] = {(*named[device], seq): times for (device, seq), times in counts.items()}
            lost = acknowledged - stood.keys()
            twice = [name for name, times in stood.items() if times > 1]
            unknown = stood.keys() - made
            self.figures |= {f"lost from the {where}": len(lost), f"twice in the {where}": len(twice)}
            yield from _named(f"acknowledged readings are not in the {where}", lost)
            yield from _named(f"readings stand twice in the {where}", twice)
            yield from _named(f"readings in the {where} were made by nobody", unknown)
        self.figures |= {"made": len(made), "acknowledged": len(acknowledged), "stored": len(history)}
        refused = [f"{topic}: {why}" for topic, why in self.tables.refused if topic not in self.run.refusals]
        yield from _named("messages of ours were refused", refused)
        if self.tables.behind:
            yield f"the monitor never stepped the last {self.tables.behind} rows of the log"

    # --- presses -------------------------------------------------------------------------------------

    def _presses(self) -> Iterator[str]:
        ledger = self.run.ledger
        pressed = [each for each in ledger.presses if (each.home, each.device, each.seq) in ledger.said_acknowledged]
        by_onset: dict[tuple[str | None, Instant], list[Alarm]] = defaultdict(list)
        for alarm in self.tables.alarms:
            if alarm.kind == "button" and alarm.person is not None:
                by_onset[alarm.person, alarm.onset].append(alarm)
        alarms = [(press, by_onset.pop((f"person-{press.home}", press.at), [])) for press in pressed]
        none = [_press(press) for press, found in alarms if not found]
        several = [_press(press) for press, found in alarms if len(found) > 1]
        unpaged = [_press(press) for press, found in alarms if found and not any(self._paged(each) for each in found)]
        self.figures |= {
            "presses": len(pressed),
            "presses without an alarm": len(none),
            "presses with several": len(several),
            "presses without a page": len(unpaged),
        }
        yield from self._heard_late(
            [(press, min(each.recorded_at for each in found)) for press, found in alarms if found]
        )
        yield from _named("presses have no alarm", none)
        yield from _named("presses have more than one alarm", several)
        yield from _named("presses have an alarm and no page", unpaged)
        made = {(f"person-{each.home}", each.at) for each in ledger.presses}
        yield from _named("alarms of a press that nobody made", [str(key) for key in by_onset if key not in made])

    def _heard_late(self, heard: list[tuple[Said, Instant]]) -> Iterator[str]:
        away = needed(self.away, FINDINGS_NEED)
        late = [late_by(press.at, at, away) for press, at in heard]
        tardy = [_tardy(_press(press), by) for (press, _), by in zip(heard, late, strict=True) if by > self.run.latest]
        self.figures |= _lateness("presses heard", late, 0, len(tardy))
        yield from _named(f"presses became alarms {self._too_late}", tardy)

    @property
    def _too_late(self) -> str:
        return f"more than {self.run.latest / SECOND:g} s late after recovery"

    def _paged(self, alarm: Alarm) -> bool:
        return self.run.pages.get(alarm.number, 0) > 0

    # --- deadlines of rules --------------------------------------------------------------------------

    def _deadlines(self) -> Iterator[str]:
        away = needed(self.away, FINDINGS_NEED)
        by_person: dict[str | None, list[Alarm]] = defaultdict(list)
        for alarm in self.tables.alarms:
            by_person[alarm.person].append(alarm)
        late: list[Duration] = []
        unseen = 0
        missing, several, early, tardy, wrong = [], [], [], [], []
        for life in self.run.lives:
            alarms = [each for each in by_person[life.person] if each.rule.partition(":")[0] == RULES[life.kind]]
            due = self._due(life)
            if due is None:
                wrong += [_deadline(life, alarm.recorded_at) for alarm in alarms]
            elif not alarms and self._was_put_right_unseen(life, due, away):
                unseen += 1
            elif not alarms:
                if late_by(due, self.run.ended, away) > self.run.latest:
                    missing.append(_deadline(life, due))
            else:
                late.append(late_by(due, alarms[0].recorded_at, away))
                several += [_deadline(life, each.recorded_at) for each in alarms[1:]]
                early += [_deadline(life, due)] * (alarms[0].recorded_at < due - _EARLY)
                tardy += [_tardy(_deadline(life, due), late[-1])] * (late[-1] > self.run.latest)
        self.figures |= _lateness("deadlines", late, len(missing), len(tardy))
        self.figures["deadlines put right unseen"] = unseen
        yield from _named("deadlines passed without an alarm", missing)
        yield from _named("deadlines have more than one alarm", several)
        yield from _named("deadlines fired before they were due", early)
        yield from _named(f"deadlines fired {self._too_late}", tardy)
        yield from _named("alarms for people who were put right in time", wrong)

    def _was_put_right_unseen(self, life: Life, due: Instant, away: Sequence[Span]) -> bool:
        """Tell whether all was well again before the service was whole after the outage the deadline fell into."""
        if life.put_right is None:
            return False
        return self.run.began + life.starts + life.put_right <= whole_again(due, away)

    def _due(self, life: Life) -> Instant | None:
        """Return when the life's rule is due; a device's silence does not count while no gateway listened."""
        if life.due is None:
            return None
        onset = onset_at(life, self.run.began)
        due = self.run.began + life.starts + life.due
        if life.kind == "silence":
            for start, end in self.tables.blind:
                due += max(0, end - max(start, onset)) if start < due else 0
        return due

    # --- escalation ----------------------------------------------------------------------------------

    def _steps(self) -> Iterator[str]:
        away = needed(self.away, STEPS_NEED)
        ran: dict[int, list[Step]] = defaultdict(list)
        for step in self.tables.steps:
            ran[step.alarm].append(step)
        late: list[Duration] = []
        missing, tardy = [], []
        for alarm in self.tables.alarms:
            if alarm.policy not in ("press", "walk"):
                continue
            until = self.run.ended if alarm.ended_at is None else alarm.ended_at
            for number, planned, at in _course(alarm, ran[alarm.number], self.run.pace, until):
                due = max(planned, alarm.recorded_at)  # found late, it is stepped late: that is judged elsewhere
                name = f"alarm {alarm.number} ({alarm.kind}), step {number}, due {iso(due)}"
                if at is None:
                    missing += [name] * (late_by(due, until, away) > self.run.latest)
                else:
                    late.append(late_by(due, at, away))
                    tardy += [_tardy(name, late[-1])] * (late[-1] > self.run.latest)
        self.figures |= _lateness("steps", late, len(missing), len(tardy))
        yield from _named("escalation steps never ran", missing)
        yield from _named(f"escalation steps ran {self._too_late}", tardy)


def judge(run: Run, tables: Tables) -> Verdict:
    """Compare, and return every breach with examples, and the figures."""
    judging = _Judge(run, tables)
    broken = list(judging.judge())
    spans = merged(span for name in FINDINGS_NEED for span in judging.away.get(name, ()))
    outages = sorted(end - start for start, end in spans)
    judging.figures |= {
        "outages": len(outages),
        "longest outage, s": round(max(outages, default=0) / SECOND, 1),
        "median outage, s": round(outages[len(outages) // 2] / SECOND, 1) if outages else 0,
        "whole, % of the time": round(100 - 100 * sum(outages) / max(run.ended - run.began, 1), 1),
    }
    return Verdict(broken, judging.figures)


def _course(alarm: Alarm, ran: list[Step], pace: Pace, until: Instant) -> Iterator[tuple[str, Instant, Instant | None]]:
    """Yield (name, due, when it ran or None) of every step that came due before somebody had the alarm."""
    afters, repeat = steps_of(alarm.policy or "", pace)
    first = {step.step: step.at for step in reversed(ran) if step.round == 0}
    for number, after in enumerate(afters):
        due = alarm.raised_at + after
        if due < until:
            yield str(number + 1), due, first.get(number)
    last = first.get(len(afters) - 1)
    for round_, at in enumerate(sorted(step.at for step in ran if step.round > 0), 1):
        if last is not None:
            yield f"repeat {round_}", last + repeat, at
        last = at
    if last is not None and last + repeat < until:
        yield "repeat", last + repeat, None


def _acknowledged(ledger: Ledger) -> Iterable[Name]:
    yield from ledger.said_acknowledged
    for number, noted in enumerate(ledger.acknowledged):
        if noted:
            yield _name(ledger, number)


def _made(ledger: Ledger) -> Iterable[Name]:
    yield from ((each.home, each.device, each.seq) for each in ledger.said)
    for number in range(ledger.made):
        yield _name(ledger, number)


def _name(ledger: Ledger, number: int) -> Name:
    return f"home-{number % ledger.homes:03}", "motion-1", number // ledger.homes


def _named(what: str, which: Iterable[object]) -> Iterator[str]:
    """Yield a sentence with the number and a few examples, where there are any."""
    listed = sorted(str(each) for each in which)
    if listed:
        more = f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        yield f"{len(listed)} {what}: {'; '.join(listed[:_SHOWN])}{more}"


def _press(press: Said) -> str:
    return f"{press.home} pressed {iso(press.at)} (seq {press.seq})"


def _deadline(life: Life, at: Instant) -> str:
    return f"{life.home} ({life.kind}) {iso(at)}"


def _tardy(name: str, late: Duration) -> str:
    return f"{name}, {late / SECOND:.1f} s late"


def _lateness(name: str, late: list[Duration], missing: int, tardy: int) -> dict[str, int | float]:
    ordered = sorted(late)
    return {
        name: len(late) + missing,
        f"{name} that never fired": missing,
        f"{name} too late": tardy,
        f"{name}, median late, s": round(ordered[len(ordered) // 2] / SECOND, 2) if ordered else 0,
        f"{name}, most late, s": round(max(ordered, default=0) / SECOND, 2),
    }
