"""`not_up`: not up since 04:00 by the given time.

Up is out of bed and a sign of life elsewhere. Half an hour of that since 04:00 is having been up, whatever
came after; less, and back in bed, was a visit to the toilet. Who went out by the door since 04:00 was up.
Asked once a day, at `by`: not of days on which a planned absence touched the hours since 04:00, nor of who is
still out since before them. Where there is no bed mat, a sign of life outside the bedroom is enough.
"""

from collections.abc import Iterable

from monitor.presence import AWAY_LAPSES, UP_FOR_THE_DAY, gone_out, in_bed
from monitor.rules.lasting import hubs_returned, was_unseen
from monitor.verdicts import CannotSee, Clear, Raise, Rule, Scene, SeesAgain, State, Verdict
from monitor.words import clock, evidence, eyes, place, sentence
from schema.instants import Instant
from schema.localtime import last_time

_DAY_BEGINS = "04:00"


class NotUpState(State, tag="not_up"):
    """The last morning that was judged."""

    judged: Instant = 0


class NotUp(Rule):
    """Still in bed, or nowhere to be seen."""

    name = "not_up"
    state = NotUpState

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge the morning at its time; clear when somebody is up after all."""
        assert isinstance(state, NotUpState)
        if state.unseen is not None and not scene.lost_since:
            yield SeesAgain(f"the home can be seen again since {clock(scene.at, scene)}")
        if state.running is not None and _up(last_time(_DAY_BEGINS, scene.watch.zone, state.raised_for), scene):
            yield Clear(_up_since(scene))
        due = self.due(state, scene)
        if due is None or due > scene.fires_until:
            return
        by = _latest(state, scene)
        begins = last_time(_DAY_BEGINS, scene.watch.zone, by)
        if _up(begins, scene) or _away(begins, by, scene):
            state.judged = by
        elif scene.lost_since:
            yield CannotSee(f"cannot see whether anybody is up: cut off since {clock(scene.lost_since, scene)}")
        else:
            state.judged = by
            yield _not_up(begins, by, scene)

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when the next morning is judged."""
        assert isinstance(state, NotUpState)
        assert scene.rule.by is not None
        if state.unseen is not None and scene.lost_since:
            return None
        return hubs_returned(scene.rule.by.after(max(state.judged, state.since)), scene)


def _latest(state: NotUpState, scene: Scene) -> Instant:
    """Return the newest morning that is due: of several missed, only that one tells how things stand."""
    assert scene.rule.by is not None
    by = scene.rule.by.after(max(state.judged, state.since))
    while (following := scene.rule.by.after(by)) <= scene.at:
        by = following
    return by


def _up(begins: Instant, scene: Scene) -> bool:
    presence, watch = scene.presence, scene.watch
    bed = presence.bed
    if bed.up_until - max(bed.up_from, begins) >= UP_FOR_THE_DAY:
        return True
    door = gone_out(presence, watch)
    if door is not None and door.out_since >= begins:
        return True
    if presence.elsewhere_at < begins or in_bed(presence, watch):
        return False
    return bed.occupied or presence.elsewhere_at > bed.left_at


def _away(begins: Instant, by: Instant, scene: Scene) -> bool:
    if any(leaves < by and returns > begins for leaves, returns in scene.watch.absences):
        return True
    door = gone_out(scene.presence, scene.watch)
    return door is not None and by - door.used_at < AWAY_LAPSES


def _not_up(begins: Instant, by: Instant, scene: Scene) -> Raise:
    presence, bed = scene.presence, scene.presence.bed
    if in_bed(presence, scene.watch):
        said = f"in bed since {clock(bed.run_from, scene)}"
    elif bed.left_at:
        said = f"out of bed since {clock(bed.left_at, scene)}, not seen elsewhere"
    else:
        said = "not seen"
    seen = ""
    if presence.life_at:
        seen = f"last seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"
    return Raise(
        onset=begins,
        due=by,
        reason=sentence(f"not up by {clock(by, scene)}: {said}", seen, eyes(scene), was_unseen(begins, scene)),
        evidence=evidence(min(begins, presence.life_at or begins), scene),
    )


def _up_since(scene: Scene) -> str:
    presence = scene.presence
    return f"up, seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"
