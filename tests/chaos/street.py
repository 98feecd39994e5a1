"""The homes of a chaos run, as a people file, and the scripts of those whose deadlines are known beforehand.

- `home-NNN`: one person, a motion sensor that never stops speaking (the load) and a pendant (the presses).
- `life-NNN`: one person who does one thing that a rule waits for: leaves the bed, leaves the door open, falls
  silent. When the rule is due follows from the script alone. Most are put right later, some never.
- `calm-NNN`: the same, but put right in time, or heard to the end: no alarm may ever come of them.
"""

from typing import Any, Literal, NamedTuple

from schema.instants import SECOND, Duration, Instant

WARDEN = "+447700900101"
Kind = Literal["bed", "door", "silence"]
KINDS: tuple[Kind, ...] = ("bed", "door", "silence")
RULES = {"bed": "bed_exit", "door": "door_open", "silence": "silence"}
_SETTLE = SECOND


class Pace(NamedTuple):
    """How long rules and steps wait: a minute and a quarter, or less where the run is short."""

    rule: Duration
    step: Duration

    @property
    def put_right_after(self) -> Duration:
        """How long after its deadline a life is put right: time to be found, and for the steps to be walked."""
        return 40 * SECOND + 4 * self.step


def pace(minutes: float) -> Pace:
    """Return what fits: deadlines and a few steps of each must come due while parts are dying."""
    return Pace(60 * SECOND, 15 * SECOND) if minutes >= 2 else Pace(10 * SECOND, 5 * SECOND)


class Line(NamedTuple):
    """One reading of a script: so long after it begins."""

    after: Duration
    device: str
    kind: str
    value: str


class Life(NamedTuple):
    """One script: whose, when it begins after the start, what is said, and which deadline follows."""

    home: str
    kind: Kind
    starts: Duration
    lines: tuple[Line, ...]
    onset: Duration  # after it begins: the last thing said before the rule's clock ran
    due: Duration | None  # after it begins; None: never

    @property
    def is_heard_on(self) -> bool:
        """Whether its device goes on to be heard, every third of what it may be silent for, to the very end."""
        return self.kind == "silence" and self.due is None

    @property
    def put_right(self) -> Duration | None:
        """How long after it begins it is put right, once its deadline has passed; None: never, or before."""
        last = self.lines[-1].after
        return None if self.due is None or last <= self.due else last

    @property
    def person(self) -> str:
        """The id of who lives there."""
        return f"person-{self.home}"


def lives(minutes: float, every: Duration = 5 * SECOND) -> list[Life]:
    """Return the scripts of a run: one begins every few seconds, for as long as its deadline falls within the run."""
    at, whole = pace(minutes), round(minutes * 60) * SECOND
    until = max(whole - at.rule, whole // 2)
    made = []
    for number, starts in enumerate(range(0, until, every)):
        kind = KINDS[number % len(KINDS)]
        calm = number % 5 == 4
        made.append(_life(number, kind, starts, at, calm=calm, for_good=number % 4 == 0))
    return made


def _life(number: int, kind: Kind, starts: Duration, at: Pace, *, calm: bool, for_good: bool) -> Life:
    device, before, wrong, right = _SAID[kind]
    said = kind_said(kind)
    onset = 3 * SECOND
    lines = [Line(0, device, said, before), Line(onset, device, said, wrong)]
    if kind == "silence":  # heard from the beginning, or it would be silent then
        lines = [Line(each, device, said, before) for each in range(-starts, onset, at.rule // 3)] + lines[1:]
    due = onset + at.rule
    if calm:
        lines.append(Line(onset + at.rule // 3, device, said, right))
    elif not for_good and kind != "silence":
        lines.append(Line(due + at.put_right_after, device, said, right))
    home = f"{'calm' if calm else 'life'}-{number:03}"
    return Life(home, kind, starts, tuple(lines), onset, None if calm else due)


_SAID: dict[Kind, tuple[str, str, str, str]] = {
    "bed": ("bed-1", "in", "out", "in"),
    "door": ("door-1", "closed", "open", "closed"),
    "silence": ("mat-1", "dry", "dry", "dry"),
}


def kind_said(kind: Kind) -> str:
    """Return what kind of reading the device of such a life sends."""
    return "moisture" if kind == "silence" else kind


def people(homes: int, scripts: list[Life], at: Pace) -> dict[str, Any]:
    """Return everybody as a people file."""
    return {
        "policies": {"press": _policy(at, repeat=60 * SECOND), "walk": _policy(at, repeat=2 * at.step)},
        "teams": {"wardens": {"members": [{"id": "warden", "name": "Warden Example", "phone": WARDEN}]}},
        "homes": [*(_home(number) for number in range(homes)), *(_home_of(life) for life in scripts)],
        "people": [
            *(_resident(f"home-{number:03}", [{"rule": "button", "policy": "press"}]) for number in range(homes)),
            *(_resident(life.home, [_rule(life, at)]) for life in scripts),
        ],
    }


def _policy(at: Pace, repeat: Duration) -> list[dict[str, Any]]:
    repeated = f"{max(repeat // SECOND, 10)}s"
    return [
        {"after": "0s", "notify": ["operators", "wardens"]},
        {"after": f"{at.step // SECOND}s", "notify": ["wardens"]},
        {"after": f"{2 * at.step // SECOND}s", "notify": ["operators", "wardens"], "repeat": repeated},
    ]


def _home(number: int) -> dict[str, Any]:
    devices = [{"id": "pendant-1", "kind": "button"}, {"id": "motion-1", "kind": "motion", "room": "hall"}]
    return {"id": f"home-{number:03}", "zone": "Europe/London", "devices": devices}


def _home_of(life: Life) -> dict[str, Any]:
    device: dict[str, Any] = {"id": life.lines[0].device, "kind": kind_said(life.kind), "room": "bedroom"}
    if life.kind == "door":
        device |= {"exit": True, "room": "hall"}
    return {"id": life.home, "zone": "Europe/London", "devices": [device]}


def _rule(life: Life, at: Pace) -> dict[str, Any]:
    rule: dict[str, Any] = {"longer_than": f"{at.rule // SECOND}s", "policy": "walk"}
    named = {"device": life.lines[0].device} if life.kind == "silence" else {"settle": f"{_SETTLE // SECOND}s"}
    return {"rule": RULES[life.kind], **named, **rule}


def _resident(home: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    plan = {"author": "chaos", "reason": "to be broken", "rules": rules}
    return {"id": f"person-{home}", "name": f"Resident of {home}", "home": home, "care_plan": plan}


def steps_of(policy: str, at: Pace) -> tuple[tuple[Duration, ...], Duration]:
    """Return when each step of a policy is due after raising, and how long after its last run the last repeats."""
    repeat = max(60 * SECOND if policy == "press" else 2 * at.step, 10 * SECOND)
    return (0, at.step, 2 * at.step), repeat


def onset_at(life: Life, began: Instant) -> Instant:
    """Return the moment from which the rule's clock runs, in a run that began then."""
    return began + life.starts + life.onset
