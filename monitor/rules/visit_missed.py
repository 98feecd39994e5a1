"""`visit_missed`: a carer's visit whose window closed without an exit door having been used.

Any use of an exit door (or of the door that the rule names) within the window is taken for the visit, as a contact
names nobody: who goes out by that door themselves in the window may hide a visit that was missed. A door used after
the window, also before anybody was told, is a visit that was late, and clears. Not judged: a window that a planned
absence touches, or that ran already when the rule began. Where the home could not be heard it says that nobody can
tell. A visit is a carer's: it says nothing of the person, and holds back nothing.
"""

from collections.abc import Iterable

from monitor.presence import Contact, contact
from monitor.rules.lasting import was_unseen
from monitor.rules.windows import OfWindows, WindowState, touched
from monitor.verdicts import CannotSee, Clear, Raise, Scene, SeesAgain, State, Verdict
from monitor.words import clock, evidence, sentence
from schema.instants import Instant


class VisitMissedState(WindowState, tag="visit_missed"):
    """The last window judged."""


class VisitMissed(OfWindows):
    """Nobody came."""

    name = "visit_missed"
    state = VisitMissedState

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge windows that have closed; clear when the door is used after all."""
        if state.unseen is not None and not scene.lost_since:
            yield SeesAgain(f"the home can be seen again since {clock(scene.at, scene)}")
        if state.running is not None and (used := _used(scene)) >= state.raised_for:
            yield Clear(f"the door was used {clock(used, scene)}")
        yield from self.judged(state, scene)

    def judge(self, opens: Instant, closes: Instant, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge a window that has closed."""
        assert isinstance(state, VisitMissedState)
        if _used(scene) >= opens or touched(scene.watch.absences, opens, closes):
            state.judged = closes
        elif scene.lost_since and state.running is None:
            yield CannotSee(f"cannot see whether the carer came: cut off since {clock(scene.lost_since, scene)}")
        else:
            state.judged = closes
            if state.running is not None:
                yield Clear("the next visit was missed as well")
            yield _missed(opens, closes, scene)


def _doors(scene: Scene) -> list[Contact]:
    places = scene.watch.exits if scene.rule.device is None else (scene.rule.device,)
    found = (contact(scene.presence, place) for place in places if scene.rule.takes(place))
    return [door for door in found if door is not None]


def _used(scene: Scene) -> Instant:
    """Return when a door was last opened or closed, as far as that was a fresh reading."""
    return max((max(door.used_at, door.at if door.turns else 0) for door in _doors(scene)), default=0)


def _missed(opens: Instant, closes: Instant, scene: Scene) -> Raise:
    doors = _doors(scene)
    stands = "a door stands open" if any(door.open for door in doors) else ""
    heard = max((door.heard for door in doors), default=0)
    live = f"the contact was last heard {clock(heard, scene)}" if heard else "the contact was never heard"
    said = f"no visit between {clock(opens, scene)} and {clock(closes, scene)}: no exit door was used"
    return Raise(
        onset=opens,
        due=closes,
        reason=sentence(said, stands, live, was_unseen(opens, scene)),
        evidence=evidence(opens, scene),
    )
