"""The curves as pictures: sensitivity and specificity over the threshold, and where the lines were drawn. SVG; pure."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from benchmarks.falls.curve import Scored, Target, points
from monitor.impact_model import Thresholds

_WIDE, _TALL, _LEFT, _TOP, _GAP = 760, 150, 46, 40, 58
_LOWEST, _HIGHEST, _WORST = -9.0, 9.0, 0.8
_STYLE = (
    "text{font:12px sans-serif;fill:#222} .f{font-size:11px;fill:#555} .g{stroke:#ddd} polyline{fill:none}"
    " polyline{stroke-width:1.6} .found{stroke:#b3261e} .spared{stroke:#1f5f8b} .older{stroke:#1f5f8b}"
    " .older{stroke-dasharray:4 3} .m{stroke:#222} .s{stroke:#222;stroke-dasharray:2 3}"
)
Curve = tuple[str, Sequence[Scored], Thresholds]


def plot(title: str, target: Target, curves: Sequence[Curve]) -> str:
    """Return the picture: a panel for each type of device."""
    asked = (
        f"asked: {target.sensitivity:.2f} found, {target.specificity:.2f} and older people's {target.older:.2f} spared"
    )
    height = _TOP + (_TALL + _GAP) * len(curves) + 14
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE + _LEFT + 20}" height="{height}">']
    parts += [f"<style>{_STYLE}</style>", f'<rect width="{_WIDE + _LEFT + 20}" height="{height}" fill="#fff"/>']
    parts.append(_text(_LEFT, 20, f"{title}; {asked}"))
    for number, curve in enumerate(curves):
        parts += _panel(*curve, top=_TOP + number * (_TALL + _GAP))
    parts.append(_text(_LEFT, height - 6, "red: falls found; blue: daily living spared, dashed: older people's", "f"))
    return "\n".join([*parts, "</svg>\n"])


def _panel(name: str, scored: Sequence[Scored], drawn: Thresholds, *, top: int) -> list[str]:
    at = np.linspace(_LOWEST, _HIGHEST, 181)
    found, spared = points(scored, at)
    older = points([each for each in scored if each.fall or each.older], at)[1]
    parts = []
    for share in (0.8, 0.85, 0.9, 0.95, 1.0):
        y = _down(share, top)
        parts.append(f'<line class="g" x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + _WIDE}" y2="{y:.1f}"/>')
        parts.append(_text(8, y + 4, f"{share:.2f}", "f"))
    parts += [_text(_across(score) - 6, top + _TALL + 14, f"{score}", "f") for score in range(-8, 9, 2)]
    for style, shares in (("found", found), ("spared", spared), ("older", older)):
        line = " ".join(f"{_across(x):.1f},{_down(y, top):.1f}" for x, y in zip(at, shares, strict=True) if y >= _WORST)
        parts.append(f'<polyline class="{style}" points="{line}"/>')
    for style, line_at in (("m", drawn.maybe), ("s", drawn.fallen)):
        x = _across(line_at)
        parts.append(f'<line class="{style}" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + _TALL}"/>')
    said = f"{name}: maybe from {drawn.maybe:.2f}, fallen from {drawn.fallen:.2f} (dotted)"
    parts.append(_text(_LEFT, top + _TALL + 32, said))
    return parts


def _across(score: float) -> float:
    return _LEFT + _WIDE * (min(max(score, _LOWEST), _HIGHEST) - _LOWEST) / (_HIGHEST - _LOWEST)


def _down(share: float, top: int) -> float:
    return top + _TALL * (1 - (share - _WORST) / (1 - _WORST))


def _text(x: float, y: float, said: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}">{escape(said)}</text>'
