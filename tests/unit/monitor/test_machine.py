"""Whatever happens to a person's state, in any order: what `step` and `timers` promise.

Beside the state runs its twin, packed and unpacked between any two stimuli and always stepped the long way; so the
short way of readings (`monitor.quiet`) and packing are held to come to the same. At the end all is replayed.
"""

from typing import Any

import msgspec
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitor.person import new_state, step, timers
from monitor.person_state import PersonState, pack, unpack
from monitor.quiet import taken_quietly
from monitor.stimuli import AlarmWasClosed, PersonHasAnswered, ReadingArrived, Stimulus, TimePassed, WatchChanged
from monitor.trail import sightings
from schema.entries import ReadingEntry
from schema.findings import FindingChange
from schema.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from schema.people import Consent
from schema.readings import VALUES
from tests.unit.monitor.story import DEVICES, NUMBERS, watch_of

START = parse_instant("2026-10-24T19:00:00Z")  # London's clock goes back in the first night
RULES: tuple[dict[str, Any], ...] = (
    {"rule": "bed_exit", "id": "bed-night", "between": "22:00-07:00", "longer_than": "20m"},
    {"rule": "not_up", "by": "10:30"},
    {"rule": "inactivity", "between": "07:00-22:00", "longer_than": "4h"},
    {"rule": "wandering", "between": "22:00-06:00", "longer_than": "10m"},
    {"rule": "door_open", "longer_than": "15m"},
    {"rule": "missed_pills", "between": "08:00-10:00"},
    {"rule": "silence", "device": "hub", "longer_than": "30m"},
    {"rule": "silence", "device": "motion-2", "longer_than": "25h"},
    {"rule": "not_in_bed", "by": "23:30", "longer_than": "30m"},
    {"rule": "not_home", "by": "22:00", "longer_than": "5h"},
    {"rule": "long_stay", "longer_than": "45m"},
    {"rule": "restless_night", "more_than": 1},
    {"rule": "repeated_falls", "times": 2, "within": "1d"},
    {"rule": "environment"},
    {"rule": "wet_bed", "between": "22:00-07:00"},
    {"rule": "visit_missed", "between": "08:00-10:00"},
    {"rule": "battery", "longer_than": "12h"},
    {"rule": "power", "longer_than": "15m"},
    {"rule": "tamper", "longer_than": "1m"},
)
HERS = tuple(msgspec.structs.replace(each, person="ada") for each in DEVICES)
"""A press is hers under every watch: else what was the home's alarm before would be news to her."""
WATCHES = (
    watch_of(*RULES),
    watch_of(*RULES, absences=(("2026-10-25T10:00", "2026-10-26T18:00"),)),
    watch_of(*RULES[:3], consent=Consent(covers=("bed", "hub"))),
    watch_of(*({**each, "longer_than": "5m"} if "longer_than" in each else each for each in RULES)),
    watch_of(*RULES, devices=HERS, residents=("ada", "bert"), test_until=START + DAY),
    watch_of(),
)
KINDS = [
    (number, kind, value)
    for device, kinds in {
        "hub": ("hub", "heartbeat", "motion", "power", "smoke"),
        "pendant-1": ("button",), "bed-1": ("bed", "moisture"), "door-1": ("door",),
        "motion-1": ("motion", "sensor", "tamper"), "motion-2": ("motion", "heartbeat"), "fall-1": ("fall", "button"),
        "pills-1": ("pill",), "fridge": ("door",), "motion-3": ("motion",),
    }.items()
    for number in (NUMBERS[device],)
    for kind in kinds
    for value in VALUES[kind]
]  # fmt: skip
SPANS = st.sampled_from(
    [0, 1, SECOND, 4 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR]
)


def _known(state: PersonState, now: int) -> tuple[object, ...]:
    """Return what is known of her, however it is written down: the trail of movement that goes on has two ways."""
    presence = unpack(*pack(state)).presence
    trail, presence.at = sightings(presence), now
    presence.moving_by = presence.newest = 0
    for index in range(len(presence.trail)):
        presence.trail[index] = 0
    return bytes(presence), presence.seen, presence.doubted, presence.blind, trail, state.own, state.wake_at


class Life(RuleBasedStateMachine):
    """Ada's state, its twin, and everything that was said."""

    @initialize(watch=st.sampled_from(range(len(WATCHES))))
    def begin(self, watch: int) -> None:
        """Begin to watch."""
        self.now, self.watch, self.seq = START, watch, 0
        self.state = new_state(WATCHES[watch])
        self.twin = new_state(WATCHES[watch])
        self.given: list[tuple[int, Stimulus]] = []
        self.said: list[FindingChange] = []
        self.fresh: list[ReadingEntry] = []  # read under this watch
        self.give(WatchChanged(self.now))

    def give(self, stimulus: Stimulus) -> tuple[FindingChange, ...]:
        """Step both; they must say the same."""
        watch = WATCHES[self.watch]
        self.given.append((self.watch, stimulus))
        said: tuple[FindingChange, ...] = ()
        quiet = isinstance(stimulus, ReadingArrived)
        if not quiet or not taken_quietly(self.state, stimulus.entry, stimulus.entry.device, stimulus.at, watch):
            self.state, said = step(self.state, stimulus, watch)
        self.twin, twins = step(unpack(*pack(self.twin)), stimulus, watch)
        assert twins == said
        assert _known(self.state, self.now) == _known(self.twin, self.now)
        self.said += said
        assert [each.finding.reason for each in said if ":failed" in each.finding.rule] == []
        return said

    @rule(
        what=st.sampled_from(KINDS),
        age=SPANS,
        later=SPANS,
        retained=st.sampled_from([False, False, False, True]),
        battery=st.sampled_from([None, None, None, 0.9, 0.25, 0.1]),
    )
    def reading(
        self, what: tuple[int, str, str], age: int, later: int, *, retained: bool, battery: float | None
    ) -> None:
        """Something is read, now or long ago."""
        number, kind, value = what
        self.now += later
        self.seq += 1
        self.fresh.append(
            ReadingEntry(number, kind, value, self.now - age, self.now, self.seq, 0, retained, battery=battery)
        )
        self.give(ReadingArrived(self.fresh[-1], self.now))

    @rule(later=SPANS, behind=st.booleans())
    def live_tick(self, later: int, *, behind: bool) -> None:
        """Time passes in one leap; then every deadline lies ahead."""
        self.now += later
        self.give(TimePassed(self.now, behind=behind, stored_until=self.now))
        assert all(due > self.now for due in timers(self.state, WATCHES[self.watch]).values())

    @rule(later=SPANS)
    def blind_tick(self, later: int) -> None:
        """Nobody listens: nothing that rests on silence is said."""
        self.now += later
        said = self.give(TimePassed(self.now, blind=True))
        assert all(each.change == "cleared" for each in said)

    @rule(watch=st.sampled_from(range(len(WATCHES))))
    def other_watch(self, watch: int) -> None:
        """Change plan, consent, absences or household."""
        self.watch, self.fresh = watch, []
        self.give(WatchChanged(self.now))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), later=SPANS)
    def human(self, data: st.DataObject, later: int) -> None:
        """Somebody closes, or the person answers."""
        self.now += later
        of = data.draw(st.sampled_from(self.said)).finding.id
        kind = data.draw(st.sampled_from([AlarmWasClosed, PersonHasAnswered]))
        self.give(kind((of,), self.now))

    @precondition(lambda self: self.fresh)
    @rule(data=st.data())
    def duplicate(self, data: st.DataObject) -> None:
        """Bring a reading twice: no second finding for it."""
        again = data.draw(st.sampled_from(self.fresh[-30:]))
        said = self.give(ReadingArrived(again, self.now))
        assert all(each.change != "raised" for each in said)

    @invariant()
    def wakes_in_time(self) -> None:
        """`wake_at` is never later than a timer."""
        due = timers(self.state, WATCHES[self.watch])
        if due:
            assert self.state.wake_at is not None
            assert self.state.wake_at <= min(due.values())

    @invariant()
    def says_things_in_order(self) -> None:
        """Each is raised once, then updated, then cleared or not, and nothing after."""
        running: dict[str, str] = {}
        for each in self.said:
            before = running.get(each.finding.id)
            assert (before is None) if each.change == "raised" else (before in {"raised", "updated"}), each
            running[each.finding.id] = each.change

    def teardown(self) -> None:
        """Replay everything: the same is said."""
        if not hasattr(self, "given"):
            return
        state, said = new_state(WATCHES[self.given[0][0]]), list[FindingChange]()
        for watch, stimulus in self.given:
            state, more = step(state, stimulus, WATCHES[watch])
            said += more
        assert said == self.said


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # explaining a failure takes minutes
)
