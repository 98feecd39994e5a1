"""Judges a window of acceleration: somebody fell, perhaps, or not, with the reason in words.

Promises: any window gets a judgement, none an exception; the judgement says what it rests on; a window that cannot be
judged says so, and is `maybe` where it shows a hard impact all the same. Each impact of the window is described
(`impact_features`) and scored (`impact_model`), and the one most like a fall decides.

No number of this is a risk of falling: it says what one window looks like. How often it is right, by position and
device, and what it misses: docs/falls.md. Pure; numpy.
"""

from typing import Literal, NamedTuple

import numpy as np

from monitor import impact_window
from monitor.impact_features import AFTERMATH, NAMES, Impact, impacts
from monitor.impact_model import Model, Thresholds, model_for, thresholds_for
from monitor.impact_window import RATE, Unreadable, Window
from schema.readings import Samples

HARD = 2.5
"""g over 0.1 s from which an impact that cannot be judged is perhaps a fall."""
STANDS_OUT = 1.25
"""And by how much it must be harder than all others there: the last step of somebody who runs is none."""
_STILL = 0.08
_STIRRING = 0.25
_FULL = 0.98 * 32768
_LOW, _SHAPE = (NAMES.index(name) for name in ("low", "turn"))
_AFTER = NAMES.index("stir_after")


class Judgement(NamedTuple):
    """What a window looks like, and why."""

    verdict: Literal["fallen", "maybe", "none"]
    reason: str
    ago: float = 0.0  # seconds from the impact to the window's last sample; 0 where there is none
    score: float | None = None  # None: it could not be judged, or shows no impact


def judge(samples: Samples, worn: str | None) -> Judgement:
    """Judge the window of a reading, of a device worn there (None: not known where)."""
    clipped = _clipped(samples)
    return _judged(impact_window.from_samples(samples), worn, samples.rate, samples.range, clipped=clipped)


def judge_array(values: object, rate: float, worn: str | None, span: float | None = None) -> Judgement:
    """Judge samples of shape (n, 3) at `rate` Hz, in g or any other unit, of a device that measures up to `span` g."""
    return _judged(impact_window.from_array(values, rate), worn, rate, span)


def _judged(
    window: Window | Unreadable, worn: str | None, rate: float, span: float | None, *, clipped: bool = False
) -> Judgement:
    if isinstance(window, Unreadable):
        if window.strongest >= HARD:
            return Judgement("maybe", f"an impact of {window.strongest:.1f} g that cannot be judged: {window.reason}")
        return Judgement("none", f"cannot be judged: {window.reason}")
    model = model_for(worn)
    said = decide(Seen(*impacts(window.g), len(window.g)), model, thresholds_for(model, rate, span))
    notes = [window.note] if window.note else []
    if clipped:
        notes.append("the device can measure no more")
    return said._replace(reason="; ".join([said.reason, *notes]))


class Seen(NamedTuple):
    """What a window shows: its impacts, the hardest one cut off by its end, and how many samples it has at `RATE`."""

    found: list[Impact]
    cut: Impact | None
    length: int


def decide(seen: Seen, model: Model, lines: Thresholds) -> Judgement:
    """Judge what a window shows by a model and where its lines are."""
    found, cut, length = seen
    verdict = Judgement("none", "no impact: it shows no jolt that can be judged")
    if found:
        scores = model.scores(np.array([each.features for each in found]))
        best = int(np.argmax(scores))
        verdict = _worded(found[best], float(scores[best]), lines, (length - found[best].at) / RATE)
    hardest = max((each.peak for each in found), default=0.0)
    if verdict.verdict == "none" and cut is not None and cut.peak >= max(HARD, STANDS_OUT * hardest):
        said = f"impact of {cut.peak:.1f} g in the last {AFTERMATH:g} s: what came after it is not there to judge"
        return Judgement("maybe", said, (length - cut.at) / RATE)
    return verdict


def _worded(impact: Impact, score: float, lines: Thresholds, ago: float) -> Judgement:
    """Put the verdict on one impact into words, by what tells most."""
    degrees = impact.features[_SHAPE] * 90
    said = f"impact of {impact.peak:.1f} g, {_posture(degrees)}, {_quiet(float(np.exp(impact.features[_AFTER])))}"
    if score < lines.maybe:
        return Judgement("none", f"not like a fall: {said}", ago, score)
    if not impact.complete:
        return Judgement("maybe", f"{said}; only {ago:.1f} s after it were recorded", ago, score)
    return Judgement("fallen" if score >= lines.fallen else "maybe", said, ago, score)


def _posture(degrees: float) -> str:
    if degrees < 20:
        return f"posture after it as before ({degrees:.0f} degrees)"
    return f"posture turned by {degrees:.0f} degrees"


def _quiet(spread: float) -> str:
    if spread < _STILL:
        return "then still"
    return "then little movement" if spread < _STIRRING else "then moving on"


def _clipped(samples: Samples) -> bool:
    counts = np.frombuffer(samples.data[: len(samples.data) // 2 * 2], dtype="<i2")
    return bool((np.abs(counts.astype(np.int32)) >= _FULL).sum() > 1)
