"""Messages that nobody can take, and a rule that throws: the others go on, the culprit is kept, and it is said.

- A message no dialect decodes, one of 1.5 MB, and one that the database refuses (a constraint of the scenario's
  own): each is kept in `rejected_messages` with its reason, and delays nobody.
- A press that the database refuses raises an alarm of its home all the same.
- `door_open` throws for one person (patched in the monitor's process by a `sitecustomize` of the scenario's): a
  technical alarm of that person says so, and everybody else's doors are watched.
"""

import os
from pathlib import Path

import psycopg

from schema.instants import iso
from tests.chaos.house import House
from tests.chaos.hub import Message
from tests.chaos.run import Chaos, Trouble
from tests.chaos.scenarios import Scenario, Stage

REFUSED_SEQ = 4_040_404
SIZE = 1_500_000
_FORBID = f"alter table readings add constraint poison check (seq <> {REFUSED_SEQ})"
_KEPT = "select reason, octet_length(payload), size from rejected_messages where topic = %s order by id"
_HOMES_ALARM = "select count(*) from alarms where subject_kind = 'home' and subject = %s and kind = 'button'"
_FAILED = "select reason from alarms where subject = %s and kind = 'technical' and rule = 'door_open:failed'"
_PATCH = """\
import sys

if sys.orig_argv[-1] == "monitor":
    from monitor.rules.door_open import DoorOpen

    judged = DoorOpen.holds

    def holds(self, state, scene):
        if scene.watch.person == {person!r}:
            raise RuntimeError("no such luck")
        return judged(self, state, scene)

    DoorOpen.holds = holds
"""
GARBAGE, OVERSIZED = "homes/home-000/pendant-1", "homes/home-001/pendant-1"
REFUSED, REFUSED_PRESS = "homes/home-002/motion-1", "urgent/home-003/pendant-1"
VICTIM = "person-life-001"


def settings(folder: Path) -> dict[str, str]:
    """Patch the monitor: what Python loads before everything else makes the rule throw for one person."""
    patch = folder / "patch"
    patch.mkdir(parents=True, exist_ok=True)
    (patch / "sitecustomize.py").write_text(_PATCH.format(person=VICTIM))
    return {"PYTHONPATH": os.pathsep.join([str(patch), str(Path(__file__).parents[3])])}


def trouble(stage: Stage, seconds: float) -> Trouble:
    """Send the poison in the first seconds, and look at the end."""

    async def do(chaos: Chaos, house: House) -> None:
        victim = next(life for life in chaos.lives if life.person == VICTIM)
        assert victim.kind == "door", "the scripts begin bed, door, silence"
        chaos.lives = [life for life in chaos.lives if life is not victim]  # its deadline is what cannot be judged
        chaos.refusals |= {GARBAGE, OVERSIZED, REFUSED, REFUSED_PRESS}
        async with await psycopg.AsyncConnection.connect(house.database.url, autocommit=True) as connection:
            await connection.execute(_FORBID.encode())
            await chaos.until(3)
            _send(chaos)
            await chaos.until(seconds)
            await chaos.drained(house)
            kept = {
                topic: await (await connection.execute(_KEPT, (topic,))).fetchall()
                for topic in (GARBAGE, OVERSIZED, REFUSED, REFUSED_PRESS)
            }
            heard = await (await connection.execute(_HOMES_ALARM, ("home-003",))).fetchone()
            failed = await (await connection.execute(_FAILED, (VICTIM,))).fetchall()
        for topic, rows in kept.items():
            stage.expect(len(rows) == 1, f"{topic}: kept {len(rows)} times, and not once")
            for reason, held, size in rows:
                stage.measured(f"kept of {topic}", f"{held} of {size} bytes: {reason[:90]}")
        stage.expect(heard == (1,), f"the press that the database refused raised {heard} alarms of its home")
        stage.expect(len(failed) == 1, "no technical alarm says that a rule throws")
        for (reason,) in failed:
            stage.measured("a rule throws", reason)

    return do


def _send(chaos: Chaos) -> None:
    at = iso(chaos.now())
    refused = f'{{"seq":{REFUSED_SEQ},"boot":1,"at":"{at}","kind":"%s","value":"%s"}}'
    for topic, payload in (
        (GARBAGE, b"\x00\xff not JSON at all"),
        (OVERSIZED, b'{"kind":"motion","value":"detected","pad":"' + b"x" * SIZE + b'"}'),
        (REFUSED, (refused % ("motion", "detected")).encode()),
        (REFUSED_PRESS, (refused % ("button", "pressed")).encode()),
    ):
        chaos.hubs[0].say(Message(topic.encode(), payload, None))


SCENARIO = Scenario("messages nobody can take, and a rule that throws", trouble, 0.6, 300, settings=settings)
