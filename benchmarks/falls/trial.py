"""Each subject left out in turn: fitted on the others, judged by what never saw them, the line drawn without them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.falls.curve import NEVER, Scored, Share, Target, lines
from benchmarks.falls.fitting import Bag, Shape, fit
from benchmarks.falls.recordings import Recording
from benchmarks.falls.variants import Make
from monitor.impact import Seen, decide
from monitor.impact_features import NAMES, impacts
from monitor.impact_model import Model, Thresholds
from monitor.impact_window import Unreadable, from_array

SEED = 20261122
Progress = Callable[[str], None]


class Kind(NamedTuple):
    """A model that is fitted: for where, on which recordings, of which shape, and what it must reach."""

    name: str
    worn: tuple[str, ...]
    shape: Shape
    target: Target
    groups: int = 0  # so many groups of subjects are left out in turn; 0: each subject alone


KINDS = (
    Kind("waist", ("waist",), Shape(pairs=False, ridge=1.0), Target(0.97, 0.98, 0.99)),
    Kind("wrist", ("wrist",), Shape(pairs=True, ridge=5.0), Target(0.97, 0.93, 0.98)),
    Kind("elsewhere", ("waist", "wrist"), Shape(pairs=True, ridge=8.0), Target(0.95, 0.90, 0.95), groups=12),
)
"""What must be reached elsewhere is asked of the recordings there are; of other positions nothing is known."""

Judged = Sequence[Seen | None]


def described(recordings: Sequence[Recording], make: Make) -> Judged:
    """Return what each recording shows, as a device of this make would have sent it; None where nobody can judge it."""
    seen: list[Seen | None] = []
    for number, recording in enumerate(recordings):
        sent = make(recording, np.random.default_rng([SEED, number]))
        window = from_array(sent.values, sent.rate)
        seen.append(None if isinstance(window, Unreadable) else Seen(*impacts(window.g), len(window.g)))
    return seen


def bag(recording: Recording, seen: Seen | None) -> Bag:
    """Return a recording as it is fitted on."""
    rows = [each.features for each in seen.found] if seen else []
    return Bag(np.array(rows) if rows else np.zeros((0, len(NAMES))), recording.fall)


def left_out(kind: Kind, recordings: Sequence[Recording], usual: Judged, progress: Progress) -> dict[str, Model]:
    """Return, for each subject, a model fitted on none of their recordings."""
    subjects = sorted({each.subject for each in recordings})
    groups = kind.groups or len(subjects)
    models: dict[str, Model] = {}
    for number in range(groups):
        away = subjects[number::groups]
        progress(f"{kind.name}: without {', '.join(away)} ({number + 1} of {groups})")
        others = [bag(each, seen) for each, seen in zip(recordings, usual, strict=True) if each.subject not in away]
        models |= dict.fromkeys(away, fit(others, kind.shape))
    return models


def scored(recordings: Sequence[Recording], seen: Judged, models: dict[str, Model]) -> list[Scored]:
    """Return each recording's score by the model without its subject."""
    return [
        Scored(each.subject, each.older, each.code, each.trial, _score(models[each.subject], what))
        for each, what in zip(recordings, seen, strict=True)
    ]


def _score(model: Model, seen: Seen | None) -> float:
    if seen is None or not seen.found:
        return NEVER
    return float(model.scores(np.array([each.features for each in seen.found])).max())


class Outcome(NamedTuple):
    """What came of judging recordings: the shares that were right, and which were wrong."""

    found: Share
    spared: Share
    spared_older: Share
    wrong: list[Recording]


def outcome(
    recordings: Sequence[Recording], seen: Judged, models: dict[str, Model], drawn: dict[str, Thresholds]
) -> Outcome:
    """Judge each recording by the model and the lines without its subject: `maybe` and `fallen` both raise an alarm."""
    wrong = []
    for each, what in zip(recordings, seen, strict=True):
        raised = what is not None and decide(what, models[each.subject], drawn[each.subject]).verdict != "none"
        if raised is not each.fall:
            wrong.append(each)
    return Outcome(
        _share([each for each in recordings if each.fall], wrong),
        _share([each for each in recordings if not each.fall], wrong),
        _share([each for each in recordings if not each.fall and each.older], wrong),
        wrong,
    )


def _share(of: list[Recording], wrong: list[Recording]) -> Share:
    missed = {id(each) for each in wrong}
    return Share(sum(id(each) not in missed for each in of), len(of))


def drawn_without(scores: Sequence[Scored], target: Target) -> dict[str, Thresholds]:
    """Return, for each subject, the lines drawn on the curve of all others."""
    subjects = {each.subject for each in scores}
    return {one: lines([each for each in scores if each.subject != one], target) for one in subjects}
