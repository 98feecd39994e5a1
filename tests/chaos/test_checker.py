"""The comparison that a chaos run ends with, fed what it must not let pass: each is said, and nothing else is."""

from collections import Counter
from collections.abc import Callable

import pytest

from schema.instants import SECOND, Instant, parse_instant
from tests.chaos import street
from tests.chaos.ledger import Ledger
from tests.chaos.outages import backlog, late_by, merged
from tests.chaos.street import Pace
from tests.chaos.tables import Alarm, Reading, Step, Tables
from tests.chaos.verdict import Run, Verdict, judge

BEGAN: Instant = parse_instant("2026-11-22T02:00:00Z")
PACE = Pace(60 * SECOND, 15 * SECOND)
HOMES = 3
PRESSED = BEGAN + 40 * SECOND
NUMBERS = {f"home-{home:03}": home for home in range(HOMES)}


class Story:
    """A run in which all went well: nine readings, one press, one bed left, two people put right in time."""

    def __init__(self) -> None:
        self.ledger = Ledger(HOMES)
        for _ in range(9):
            number, *_ = self.ledger.next()
            self.ledger.note(number)
        self.ledger.note(self.ledger.say("home-001", "pendant-1", "button", "pressed", PRESSED))
        self.left, self.calm = _life("bed", calm=False), _life("door", calm=True)
        self.devices = {n: (home, "motion-1") for home, n in NUMBERS.items()} | {10: ("home-001", "pendant-1")}
        self.readings = [self.reading(number % HOMES, number // HOMES) for number in range(9)]
        self.readings.append(Reading(10, 1, PRESSED, PRESSED, doubted=False))
        self.logged = Counter((each.device, each.seq) for each in self.readings)
        assert self.left.due is not None
        self.due = BEGAN + self.left.starts + self.left.due
        self.alarms = [self.press(1), self.bed(2, self.due + SECOND // 2)]
        self.steps = [Step(1, 0, 0, PRESSED), *self.walked(2, self.due + SECOND // 2)]
        self.pages = {1: 1, 2: 3}
        self.away: dict[str, list[tuple[Instant, Instant]]] = {}
        self.refused: list[tuple[str, str]] = []
        self.behind = 0

    def reading(self, device: int, seq: int, late: int = 0) -> Reading:
        """Return a row: observed in the first seconds, in the log at once or so many seconds later."""
        at = BEGAN + seq * SECOND
        return Reading(device, seq, at, at + late * SECOND, doubted=False)

    def press(self, number: int, at: Instant = PRESSED) -> Alarm:
        """Return the alarm of the press, which somebody took at once."""
        taken = at + 3 * SECOND
        return Alarm(number, "person-home-001", "button", "button", PRESSED, at, at, taken, "press", "", "")

    def bed(self, number: int, at: Instant) -> Alarm:
        """Return the alarm of the bed that was left, raised and recorded then; nobody ever took it."""
        onset = street.onset_at(self.left, BEGAN)
        return Alarm(number, self.left.person, "bed", "bed_exit", onset, at, at, None, "walk", "", "")

    def walked(self, number: int, raised: Instant) -> list[Step]:
        """Return the steps of an alarm nobody takes: all three in time, and the last once more."""
        return [
            Step(number, step, round_, raised + after * SECOND)
            for step, round_, after in ((0, 0, 0), (1, 0, 15), (2, 0, 30), (2, 1, 60), (2, 2, 90))
        ]

    def judged(self) -> Verdict:
        """Compare."""
        lives = [self.left, self.calm]
        ended = BEGAN + 170 * SECOND
        run = Run(BEGAN, ended, self.ledger, lives, PACE, self.pages, self.away)
        tables = Tables(
            self.devices, self.readings, self.logged, [], self.alarms, self.steps, self.refused, self.behind
        )
        return judge(run, tables)


def _life(kind: street.Kind, *, calm: bool) -> street.Life:
    return next(life for life in street.lives(3) if life.kind == kind and (life.due is None) == calm)


def test_a_run_in_which_all_went_well_breaks_nothing() -> None:
    verdict = Story().judged()
    assert verdict.broken == []
    assert verdict.figures["acknowledged"] == 10


def lost(story: Story) -> None:
    del story.readings[4]
    del story.logged[1, 1]


def lost_from_the_log_alone(story: Story) -> None:
    del story.logged[1, 1]


def doubled(story: Story) -> None:
    story.readings.append(story.reading(1, 1)._replace(observed_at=BEGAN + 9 * SECOND))


def stepped_twice(story: Story) -> None:
    story.logged[1, 1] += 1


def invented(story: Story) -> None:
    story.readings.append(story.reading(1, 77))
    story.logged[1, 77] += 1


def refused(story: Story) -> None:
    story.refused.append(("homes/home-001/motion-1", "same identity, other content"))


def never_stepped(story: Story) -> None:
    story.behind = 3


def unheard(story: Story) -> None:
    del story.alarms[0], story.steps[0]


def heard_twice(story: Story) -> None:
    story.alarms.append(story.press(3))
    story.steps.append(Step(3, 0, 0, PRESSED))
    story.pages[3] = 1


def unpaged(story: Story) -> None:
    del story.pages[1]


def heard_late(story: Story) -> None:
    story.alarms[0] = story.press(1, PRESSED + 6 * SECOND)
    story.steps[0] = Step(1, 0, 0, PRESSED + 6 * SECOND)


def of_no_press(story: Story) -> None:
    story.alarms.append(story.press(3)._replace(onset=PRESSED + 1, person="person-home-002"))
    story.steps.append(Step(3, 0, 0, PRESSED))


def deadline_missed(story: Story) -> None:
    del story.alarms[1], story.steps[1:]


def deadline_late(story: Story) -> None:
    story.alarms[1] = story.bed(2, story.due + 6 * SECOND)
    story.steps[1:] = story.walked(2, story.due + 6 * SECOND)


def deadline_early(story: Story) -> None:
    story.alarms[1] = story.bed(2, story.due - SECOND)
    story.steps[1:] = story.walked(2, story.due - SECOND)


def deadline_twice(story: Story) -> None:
    story.alarms.append(story.bed(3, story.due + SECOND))
    story.steps += story.walked(3, story.due + SECOND)


def put_right_and_raised(story: Story) -> None:
    story.alarms.append(story.bed(3, story.due)._replace(person=story.calm.person, rule="door_open", kind="door"))
    story.steps += story.walked(3, story.due)


def step_skipped(story: Story) -> None:
    story.steps.remove(story.steps[2])


def step_late(story: Story) -> None:
    story.steps[3] = story.steps[3]._replace(at=story.steps[3].at + 6 * SECOND)


def not_repeated(story: Story) -> None:
    del story.steps[-2:]


@pytest.mark.parametrize(
    ("breach", "said"),
    [
        (lost, "1 acknowledged readings are not in the history: ('home-001', 'motion-1', 1)"),
        (lost_from_the_log_alone, "1 acknowledged readings are not in the log"),
        (doubled, "1 readings stand twice in the history"),
        (stepped_twice, "1 readings stand twice in the log"),
        (invented, "1 readings in the history were made by nobody"),
        (refused, "1 messages of ours were refused"),
        (never_stepped, "the monitor never stepped the last 3 rows"),
        (unheard, "1 presses have no alarm: home-001 pressed"),
        (heard_twice, "1 presses have more than one alarm"),
        (unpaged, "1 presses have an alarm and no page"),
        (heard_late, "1 presses became alarms more than 5 s late after recovery"),
        (of_no_press, "1 alarms of a press that nobody made"),
        (deadline_missed, "1 deadlines passed without an alarm"),
        (deadline_late, "1 deadlines fired more than 5 s late after recovery"),
        (deadline_early, "1 deadlines fired before they were due"),
        (deadline_twice, "1 deadlines have more than one alarm"),
        (put_right_and_raised, "1 alarms for people who were put right in time"),
        (step_skipped, "1 escalation steps never ran: alarm 2 (bed), step 2"),
        (step_late, "1 escalation steps ran more than 5 s late after recovery: alarm 2 (bed), step 3"),
        (not_repeated, "1 escalation steps never ran: alarm 2 (bed), step repeat"),
    ],
)
def test_each_breach_is_found_and_said(breach: Callable[[Story], None], said: str) -> None:
    story = Story()
    breach(story)
    broken = story.judged().broken
    assert any(sentence.startswith(said) for sentence in broken), broken


def test_a_deadline_that_falls_into_an_outage_has_until_five_seconds_after_it() -> None:
    story = Story()
    back = story.due + 30 * SECOND
    story.away["monitor"] = [(story.due - SECOND, back)]
    story.alarms[1], story.steps[1:] = story.bed(2, back + 4 * SECOND), story.walked(2, back + 4 * SECOND)
    assert story.judged().broken == []
    story.alarms[1], story.steps[1:] = story.bed(2, back + 6 * SECOND), story.walked(2, back + 6 * SECOND)
    assert any("deadlines fired more than 5 s late" in each for each in story.judged().broken)


def test_who_was_put_right_before_anybody_could_see_again_needs_no_alarm() -> None:
    story = Story()
    story.left = next(each for each in street.lives(3) if each.put_right is not None)
    assert story.left.due is not None
    assert story.left.put_right is not None
    story.due = BEGAN + story.left.starts + story.left.due
    right = BEGAN + story.left.starts + story.left.put_right
    story.alarms, story.steps = story.alarms[:1], story.steps[:1]
    story.away["database"] = [(story.due - SECOND, right - 10 * SECOND)]
    assert any("passed without an alarm" in each for each in story.judged().broken), "seen in time, and told nobody"
    story.away["database"] = [(story.due - SECOND, right + SECOND)]
    assert story.judged().broken == []


def test_a_step_waits_for_alerting_and_the_database_and_for_nobody_else() -> None:
    story = Story()
    late = story.steps[3]._replace(at=story.steps[3].at + 20 * SECOND)
    story.steps[3:] = [late, Step(2, 2, 1, late.at + 30 * SECOND), Step(2, 2, 2, late.at + 60 * SECOND)]
    story.away["gateway"] = [(late.at - 20 * SECOND, late.at - SECOND)]
    assert any("steps ran more than 5 s late" in each for each in story.judged().broken)
    story.away["database"] = story.away.pop("gateway")
    assert story.judged().broken == []


def test_what_waits_to_be_stored_is_an_outage_too() -> None:
    story = Story()
    story.readings[-2] = story.reading(2, 2, late=100)
    story.alarms[1], story.steps[1:] = story.bed(2, BEGAN + 104 * SECOND), story.walked(2, BEGAN + 104 * SECOND)
    assert story.judged().broken == []


def test_lateness_is_the_longest_stretch_in_which_nothing_was_away() -> None:
    away = merged([(10, 20), (15, 30), (34, 40), (60, 61)])
    assert away == [(10, 30), (34, 40), (60, 61)]
    assert late_by(12, 31, away) == 1
    assert late_by(12, 42, away) == 4
    assert late_by(12, 30, away) == 0
    assert late_by(5, 33, away) == 5
    assert late_by(50, 49, away) == 0
    assert late_by(40, 60, away) == 20


def test_backlog_is_while_anything_older_than_a_second_is_not_in_the_log() -> None:
    told = [(0, SECOND // 2), (SECOND, 4 * SECOND), (2 * SECOND, 9 * SECOND), (20 * SECOND, 23 * SECOND)]
    assert backlog(told) == [(2 * SECOND, 9 * SECOND), (21 * SECOND, 23 * SECOND)]
