"""What could be broken in the fold, and in the shell around it."""

from tests.simulation.breakages import Breakage

BREAKAGES = (
    Breakage(
        "cursor_before_findings",
        "A monitor killed between the two has passed what it found, and never says it.",
        "monitor/engine.py",
        "            moved = await changes.commit(self._connection, behind, fold.position, new)\n",
        "            moved = await changes.commit(self._connection, behind, fold.position, ())\n"
        "            for each in new if moved else ():\n"
        "                await changes._write(self._connection, each)\n",
    ),
    Breakage(
        "timer_forgotten_at_restart",
        "Who left the bed before a restart is never missed.",
        "monitor/subjects.py",
        "            self.state = self._unpack(kept.state)\n",
        "            self.state = self._unpack(kept.state)\n            self.state.wake_at = None\n",
    ),
    Breakage(
        "checkpoint_stands_too_far",
        "What lies between the checkpoint's true place and the one it names is never folded.",
        "monitor/checkpoint.py",
        "(partition, chunk, fold.position, ",
        "(partition, chunk, fold.position + 1, ",
    ),
    Breakage(
        "late_batch_as_fresh_movement",
        "What a hub tells hours late looks like somebody who moves now.",
        "monitor/fold.py",  # where the short way and the long one part
        "        quietly = subject.core.taken_quietly\n",
        "        if entry.kind in {'motion', 'bed', 'door', 'chair'}:\n"
        "            entry = type(entry)(**{name: getattr(entry, name) for name in entry.__struct_fields__}"
        ' | {"observed_at": entry.received_at})\n'
        "        quietly = subject.core.taken_quietly\n",
    ),
    Breakage(
        "timers_by_the_wall_clock",
        "A replay fires deadlines elsewhere than the life it replays.",
        "monitor/engine.py",
        "            found += fold.row(row.position, row.committed_at, entries)\n",
        "            found += fold.row(row.position, row.committed_at, entries)\n"
        "            if fold.next_due() is not None and fold.next_due() <= now:\n"
        "                fold.at = max(fold.at, now)\n"
        "                found += fold.step(row.position, now, Tick())\n",
    ),
    Breakage(
        "blindness_is_stillness",
        "While no gateway lives, everybody is called inactive.",
        "monitor/person.py",
        "fires_until=stimulus.fires_until",
        "fires_until=stimulus.at",
    ),
    Breakage(
        "cancel_overtakes_its_press",
        "A cancel from before takes back the press that came after it.",
        "monitor/rules/button.py",
        "    if device in state.pressed and state.pressed[device] < at:\n",
        "    if device in state.pressed:\n",
    ),
    Breakage(
        "cancel_of_another_device",
        "One resident's cancel takes back the other's press.",
        "monitor/rules/button.py",
        "        if not state.pressed:\n            yield Clear",
        "        if True:\n            yield Clear",
    ),
    Breakage(
        "id_drifts_with_the_onset",
        "A finding that is known better becomes another: its alarm never clears.",
        "monitor/verdicts.py",
        "        reason=verdict.reason,\n        evidence=verdict.evidence[-MOST_EVIDENCE:] or",
        "        id=finding_id(finding.subject, finding.rule, finding.device, finding.onset + len(verdict.evidence)),\n"
        "        reason=verdict.reason,\n        evidence=verdict.evidence[-MOST_EVIDENCE:] or",
    ),
    Breakage(
        "second_press_unheard",
        "Who presses again, while the first alarm still runs, is not heard.",
        "monitor/rules/button.py",
        "    yield Update(reason=pressed + latest, evidence=(*state.running.evidence, fact))\n",
        "    str((pressed, latest))\n",
    ),
    Breakage(
        "closing_unheard",
        "After an alarm was closed the next press joins what is over, and raises nothing.",
        "monitor/rules/calls.py",
        "    known: list[Identity] = msgspec.field(default_factory=list)\n",
        "    known: list[Identity] = msgspec.field(default_factory=list)\n\n"
        "    def end(self, at: Instant, covering: Instant) -> None:\n"
        '        """Forget nothing."""\n',
    ),
)
