"""The shape of rules about what devices say until they say otherwise (`monitor.standing`).

One finding names every device that says so; it ends when none has for as long as chatter lasts. Such a rule is
asked when something of it turns and when its time has come, never at each reading: a battery that is low for weeks
costs a home's other readings nothing.
"""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

import msgspec

from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.standing import SETTLE, Standing, code
from monitor.verdicts import Raise, Scene, State, Update, Verdict
from monitor.watch import WatchedDevice
from monitor.words import clock
from schema.findings import Evidence
from schema.instants import Instant, in_words


class Said(NamedTuple):
    """What a device says."""

    device: WatchedDevice
    standing: Standing


class Stated(Lasting):
    """A rule about what stands."""

    bad: ClassVar[str]  # what a device says while it holds, as its readings have it
    of_life: ClassVar[bool] = False  # it tells how a person lives: consent must cover the device, absences hold it

    def minds(self, state: State) -> bool:  # noqa: ARG002 - the shape of all rules
        """Return False: it is asked when what stands turns."""
        return False

    def kind(self, scene: Scene) -> str:  # noqa: ARG002 - one rule is about several
        """Return what it is about."""
        (kind,) = self.stands_on
        return kind

    def counts(self, said: Said, scene: Scene) -> bool:  # noqa: ARG002 - batteries have a measure
        """Tell whether what stands is what the rule is about."""
        return said.standing.bad

    def all_said(self, scene: Scene) -> list[Said]:
        """Return every device that says so, the first to have said it first."""
        kind = self.kind(scene)
        found = [
            said
            for place, device in scene.watch.devices.items()
            if (standing := scene.standing.get(code(kind, place))) is not None
            and self.counts(said := Said(device, standing), scene)
            and scene.rule.takes(place)
            and (device.seen or not self.of_life)
        ]
        return sorted(found, key=lambda each: each.standing.since)

    def due_at(self, onset: Instant, state: State, scene: Scene) -> Instant:
        """Return when what began at `onset` comes true."""
        return deadline(state, scene, onset, absences=self.of_life)

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return since when any device says so, or what has not settled yet."""
        if not scene.standing:
            return None
        said = self.all_said(scene)
        if said:
            onset = said[0].standing.since
            return Holding(onset, self.due_at(onset, state, scene), said[0].device.id)
        over = self._over_at(scene)
        if state.running is not None and scene.at < over + SETTLE:
            return Holding(state.raised_for, None, state.running.device, ends_at=over + SETTLE)
        return None

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge as all that lasts; name each further device that says so."""
        yield from super().step(state, scene)
        if state.running is None:
            return
        said = self.all_said(scene)
        if any(each.device.id not in state.running.reason for each in said):
            onset = said[0].standing.since
            reason = self.reason(Holding(onset, None), scene)
            yield Update(reason=reason, evidence=self._facts(said, scene))

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when it comes true, or will be over; at once, where it is over and runs."""
        if state.running is not None and self.holds(state, scene) is None:
            return scene.at
        return super().due(state, scene)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say which devices say so, and since when."""
        named = [self.named(each, scene) for each in self.all_said(scene)]
        return f"{', '.join(named)}, for {in_words(scene.at - holding.onset)}"

    def named(self, said: Said, scene: Scene) -> str:
        """Say what one device says: `smoke in the kitchen (smoke-1) since 02:14`."""
        device = said.device
        room = f"in the {device.room} ({device.id})" if device.room else f"told by {device.id}"
        return f"{self.what(scene)} {room} since {clock(said.standing.since, scene)}"

    def what(self, scene: Scene) -> str:
        """Say what it is about: `smoke`."""
        return self.kind(scene)

    def over(self, scene: Scene) -> str:
        """Say when it ended."""
        over = self._over_at(scene)
        return f"{self.what(scene)} no longer, {clock(over, scene)}" if over else "the device is no longer there"

    def _over_at(self, scene: Scene) -> Instant:
        """Return when the last device turned good."""
        kind = self.kind(scene)
        said = (scene.standing.get(code(kind, place)) for place in scene.watch.devices if scene.rule.takes(place))
        return max((each.turned for each in said if each is not None and each.since), default=0)

    def _raise(self, holding: Holding, due: Instant, state: State, scene: Scene) -> Verdict:
        raised = super()._raise(holding, due, state, scene)
        assert isinstance(raised, Raise)
        return msgspec.structs.replace(raised, evidence=self._facts(self.all_said(scene), scene))

    def _facts(self, said: list[Said], scene: Scene) -> tuple[Evidence, ...]:
        kind = self.kind(scene)
        return tuple(
            Evidence(at=each.standing.since, device=each.device.id, kind=kind, value=self.bad, room=each.device.room)
            for each in said
        )
