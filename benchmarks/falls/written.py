"""What is written of the models: the file of coefficients, the tables of docs/falls.md, the curves."""

from collections.abc import Sequence

import msgspec
import numpy as np

from benchmarks.falls.plot import plot
from benchmarks.falls.tables import short, told, whole
from benchmarks.falls.work import Worked
from monitor.impact_features import NAMES
from monitor.impact_model import DEVICE_TYPES, Coefficients, Thresholds, Weighed, Written, pair_names, ready

BEGINS, ENDS = "<!-- written by python -m benchmarks.falls --write: begin -->", "<!-- end -->"
_TITLES = {
    "usual": "usual: 40 samples a second or more, more than 2.5 g an axis",
    "slow": "slow: fewer than 40 a second (25 Hz of the same recordings)",
    "narrow": "narrow: at most 2.5 g an axis (2 g, 4 % off, offset and noise)",
}


def coefficients(done: Sequence[Worked]) -> bytes:
    """Return the file of coefficients: rounded to what tells, so that it can be read and compared."""
    whole = Coefficients("python -m benchmarks.falls --write", {each.kind.name: as_written(each) for each in done})
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def as_written(done: Worked) -> Written:
    """Return a model as the file has it."""
    model = done.model
    numbers = zip(NAMES, model.means, model.spreads, model.weights[: len(NAMES)], strict=True)
    rest = model.weights[len(NAMES) :]
    return Written(
        fitted_on=done.fitted_on,
        bias=_short(model.bias),
        features={name: Weighed(*map(_short, three)) for name, *three in numbers},
        pairs=dict(zip(pair_names(), map(_short, rest), strict=True)) if len(rest) else {},
        thresholds={
            each: Thresholds(_short(model.thresholds[each].maybe), _short(model.thresholds[each].fallen))
            for each in DEVICE_TYPES
        },
    )


def alike(have: Written, done: Worked) -> bool:
    """Tell whether the house's model is what was fitted now, but for the last digits of another machine."""
    one, other = ready(have), ready(as_written(done))
    had, found = (np.concatenate([each.means, each.spreads, each.weights, [each.bias]]) for each in (one, other))
    near = len(had) == len(found) and np.allclose(had, found, rtol=1e-2, atol=5e-3)
    lines = [(one.thresholds[each], other.thresholds[each]) for each in DEVICE_TYPES]
    return bool(near) and all(abs(a.maybe - b.maybe) + abs(a.fallen - b.fallen) < 0.05 for a, b in lines)


def curves(done: Worked) -> str:
    """Return the picture of a model's curves."""
    panels = [(_TITLES[each], done.curves[each], done.model.thresholds[each]) for each in DEVICE_TYPES]
    return plot(f"The model '{done.kind.name}', each subject left out in turn", done.kind.target, panels)


def tables(done: Sequence[Worked]) -> str:
    """Return the tables of all models, and what each judged wrongly."""
    rows = [row for each in done for row in each.rows]
    wrong = [f"- {row.recordings[0].source}, model `{row.model}`: {told(row)}." for row in rows]
    return "\n".join([whole(rows), "", *wrong, "", short([row for each in done for row in each.tried])])


def into(page: str, said: str) -> str:
    """Return the page with the tables in their place; at its end where it has none yet."""
    block = f"{BEGINS}\n\n{said}\n\n{ENDS}"
    if BEGINS not in page:
        return f"{page}\n{block}\n"
    before, _, rest = page.partition(BEGINS)
    return before + block + rest.partition(ENDS)[2]


def _short(number: float) -> float:
    return float(f"{number:.5g}")
