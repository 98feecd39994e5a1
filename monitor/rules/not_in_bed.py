"""`not_in_bed`: not been to bed since `by` in the evening, for longer than `longer_than`.

Asked from `by` to `until`. Being in bed at `by`, or for any stay since, is having gone to bed: who leaves it again is
`bed_exit`'s business. Who left bed, or came home, shortly before is given the same time as everybody. Who is out is
not asked after here, but by `not_home`. A mat's word does not outlive a reading elsewhere (a coat on the bed, a mat
that sticks): a bed that says `in` while its person is seen in the kitchen is empty.
"""

from monitor.presence import BED, PASSAGE, RELEASED, contact, gone_out, in_bed
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.verdicts import Scene, State
from monitor.words import clock, last_seen, sentence
from schema.instants import HOUR, Instant, in_words

_COMING_HOME = 2 * HOUR
"""A door used so long after `by` puts the clock off no more: it may be one that chatters."""


class NotInBedState(State, tag="not_in_bed"):
    """Nothing of its own: what it judges is all in presence."""


class NotInBed(Lasting):
    """Still up."""

    name = "not_in_bed"
    state = NotInBedState
    moved_by = BED | RELEASED | PASSAGE
    rests_on_silence = True

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the evening that has not ended in bed, this one or the next."""
        presence, hours, bed = scene.presence, scene.rule.hours, scene.presence.bed
        if not bed.known or in_bed(presence, scene.watch) or gone_out(presence, scene.watch) is not None:
            return None
        night = hours.around(scene.at) or hours.around(hours.start(scene.at))
        if night is None:
            return None
        opens, closes = night
        if bed.stay_from and bed.left_at > opens and bed.left_at - max(bed.stay_from, opens) >= scene.watch.bed_settle:
            opens = hours.start(closes)  # they have been to bed this night
            return Holding(opens, deadline(state, scene, opens))
        start = max(opens, min(bed.left_at, closes), min(_used(scene), opens + _COMING_HOME))
        due = deadline(state, scene, start)
        return Holding(opens, due if due < closes else None, ends_at=closes)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say since when, and what was seen."""
        late = in_words(scene.at - holding.onset)
        mat = f"the bed mat was last heard {clock(scene.presence.bed.heard, scene)}"
        return sentence(f"not in bed {late} after {clock(holding.onset, scene)}", last_seen(holding.onset, scene), mat)

    def over(self, scene: Scene) -> str:
        """Say what ended it."""
        presence = scene.presence
        if in_bed(presence, scene.watch):
            return f"in bed {clock(presence.bed.run_from, scene)}"
        door = gone_out(presence, scene.watch)
        return f"went out {clock(door.out_since, scene)}" if door is not None else "the night is over"

    def unseen(self, scene: Scene) -> str:
        """Say that in bed cannot be told from up."""
        return f"cannot see whether anybody is in bed: the home is cut off since {clock(scene.lost_since, scene)}"


def _used(scene: Scene) -> Instant:
    """Return when an exit door was used last."""
    doors = (contact(scene.presence, place) for place in scene.watch.exits)
    return max((door.used_at for door in doors if door is not None), default=0)
