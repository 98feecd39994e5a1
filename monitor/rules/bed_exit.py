"""`bed_exit`: a bed left within the window and not returned to for longer than `longer_than`.

- The mats of a bed are one, and settle: `out` for less than `settle` was turning over, `in` for less a touch
  that holds the deadline while it lasts and moves it no further.
- In the window, being seen elsewhere ends nothing: who left the bed at 02:14, was seen in the hall at 02:17
  and is not back may have fallen in the bathroom. It runs on to its deadline after the window closes; being
  seen elsewhere from then on is getting up, and ends it.
- A bed that pulses says `out` while somebody lies in it. It counts as left when somebody was seen elsewhere
  since, beyond one sensor's fancy; else the clock runs four times as long, as who lies beside the bed is seen
  nowhere either. Any touch of such a bed is being back.
- Going out ends it after the window, and within it where a `wandering` rule takes over; else it is said here.
- A bed left before the window opens starts its clock there only if it was left in the last two hours, after
  a stay that was seen, and nobody was seen elsewhere before it opened: who got up at 21:30 for the evening's
  television has not left the bed in the night.
"""

from monitor.presence import BED, PASSAGE, RELEASED, Bed, gone_out
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.verdicts import Scene, State
from monitor.watch import WatchedRule
from monitor.words import clock, eyes, last_seen, place, sentence
from schema.instants import HOUR, Instant, in_words

_BEFORE_OPENING = 2 * HOUR
_PULSING = 4


class BedExitState(State, tag="bed_exit"):
    """Nothing of its own: what it judges is all in presence."""


class BedExit(Lasting):
    """Not back in bed."""

    name = "bed_exit"
    state = BedExitState
    moved_by = BED | RELEASED | PASSAGE

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the empty bed since it was left, unless what was seen since shows somebody up or out."""
        bed, settle = scene.presence.bed, scene.watch.bed_settle
        if not bed.left_at or _back(bed, scene):
            return None
        night = _night(scene)
        if night is None or (night[1] and _ended(night[1], state, scene)):
            return None
        mat = scene.watch.devices.get(bed.left_by)
        if bed.occupied:
            return Holding(bed.left_at, None, mat.id if mat else None, ends_at=bed.run_from + settle)
        due = max(deadline(state, scene, bed.left_at), bed.since + settle)
        if bed.pulses and not bed.surely_left:
            due += (_PULSING - 1) * scene.rule.longer_than
        return Holding(bed.left_at, due, mat.id if mat else None)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say when the bed was left and what was seen since."""
        left = f"left bed {clock(holding.onset, scene)}, not back for {in_words(scene.at - holding.onset)}"
        door = gone_out(scene.presence, scene.watch)
        if door is not None and door.out_since >= holding.onset:
            return sentence(left, f"went out {clock(door.out_since, scene)}, not seen since")
        bed = scene.presence.bed
        waited = (
            f"its mat pulses, so {_PULSING} times the set time was waited" if bed.pulses and not bed.surely_left else ""
        )
        return sentence(left, waited, last_seen(holding.onset, scene), eyes(scene))

    def over(self, scene: Scene) -> str:
        """Say what ended it: back in bed, up for the day, out."""
        presence = scene.presence
        if _back(presence.bed, scene):
            return f"back in bed {clock(presence.bed.run_from, scene)}"
        door = gone_out(presence, scene.watch)
        if door is not None:
            return f"went out {clock(door.out_since, scene)}"
        return f"up, seen {clock(presence.elsewhere_at, scene)} {place(presence.elsewhere_by, scene.watch)}"


def _back(bed: Bed, scene: Scene) -> bool:
    """In bed again, and for long enough that it is no touch."""
    return bool(bed.occupied) and (bed.pulses or scene.at >= bed.run_from + scene.watch.bed_settle)


def _night(scene: Scene) -> tuple[Instant, Instant] | None:
    """Return (opens, closes) of the night in which the bed was left, closes 0 for never; None where in none."""
    bed = scene.presence.bed
    if scene.rule.hours.always:
        return 0, 0
    within = scene.rule.hours.around(bed.left_at)
    if within is not None:
        return within
    opens = scene.rule.hours.start(bed.left_at)
    up_before = 0 < bed.seen_from < opens
    unseen = 0 < scene.lost_since < opens  # whether they have gone to bed since, nobody could see
    if not bed.stay_from or up_before or unseen or opens - bed.left_at > _BEFORE_OPENING:
        return None
    return scene.rule.hours.around(opens)


def _ended(closes: Instant, state: State, scene: Scene) -> bool:
    """Seen elsewhere or gone out after the night; or gone out within it, where `wandering` takes over."""
    presence, watch = scene.presence, scene.watch
    if presence.elsewhere_at >= closes:
        return True
    door = gone_out(presence, watch)
    if door is None or door.out_since < presence.bed.left_at:
        return False
    if door.used_at >= closes:
        return True
    return state.running is None and any(_missed_by(each, door.out_since) for each in watch.in_force(scene.at))


def _missed_by(rule: WatchedRule, out_since: Instant) -> bool:
    return rule.name == "wandering" and (rule.hours.always or rule.hours.around(out_since) is not None)
