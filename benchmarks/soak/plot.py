"""The soak as a picture: a small SVG, one panel a service, private memory over time. Pure."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from xml.sax.saxutils import escape

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP = 860, 150, 64, 210, 34
_STYLE = (
    "text{font:12px sans-serif;fill:#222} .f{font-size:11px;fill:#555} .g{stroke:#ddd} .w{fill:#f3efe4}"
    " polyline{fill:none;stroke:#1f5f8b;stroke-width:1.2}"
)

Line = tuple[Sequence[float], Sequence[float]]


def plot(title: str, lines: Mapping[str, Line], notes: Mapping[str, str], warm_up: float) -> str:
    """Return the SVG: a panel for each line (seconds, MB), its note beside it, the warm-up shaded."""
    ends = max(times[-1] for times, _ in lines.values())
    parts = [_text(_LEFT, 20, title)]
    for number, (name, line) in enumerate(lines.items()):
        parts += _panel(name, line, notes.get(name, ""), _TOP + number * _PANEL, (warm_up, ends))
    height = _TOP + _PANEL * len(lines) + 24
    parts.append(_text(_LEFT, height - 8, f"0 to {ends / 60:.0f} minutes; shaded: warm-up, not judged", "f"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}">'
    ground = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", ground, *parts, "</svg>\n"])


def _panel(name: str, line: Line, note: str, top: int, span: tuple[float, float]) -> list[str]:
    warm_up, ends = span
    times, values = line
    low, high = _range(values)
    wide, tall = _WIDTH - _LEFT - _RIGHT, _PANEL - 30

    def across(at: float) -> float:
        return _LEFT + wide * at / max(ends, 1e-9)

    def down(value: float) -> float:
        return top + tall * (1 - (value - low) / (high - low))

    points = " ".join(f"{across(at):.1f},{down(value):.1f}" for at, value in zip(times, values, strict=True))
    parts = [f'<rect class="w" x="{_LEFT}" y="{top}" width="{across(warm_up) - _LEFT:.1f}" height="{tall}"/>']
    for value in (low, (low + high) / 2, high):
        y = down(value)
        parts.append(f'<line class="g" x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + wide}" y2="{y:.1f}"/>')
        parts.append(_text(8, y + 4, f"{value:.0f} MB", "f"))
    parts.append(f'<polyline points="{points}"/>')
    parts.append(_text(_LEFT + wide + 10, top + 16, name))
    parts += [_text(_LEFT + wide + 10, top + 34 + 15 * row, said, "f") for row, said in enumerate(note.split("; "))]
    return parts


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return round bounds around the values, never so close that noise fills the panel."""
    low, high = min(values), max(values)
    margin = max(10.0 - (high - low), 0.0) / 2
    step = 5.0 if high - low < 50 else 20.0
    return max(0.0, floor((low - margin) / step) * step), ceil((high + margin) / step) * step


def _text(x: float, y: float, said: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}">{escape(said)}</text>'
