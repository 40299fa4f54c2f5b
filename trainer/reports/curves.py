"""Curves of a run as SVG inside the page: no script, no library, two hundred points a line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple, TypeAlias

import numpy as np

WIDTH = 520
HEIGHT = 260
LEFT = 62  # room for the numbers at each side
RIGHT = 12
TOP = 30
BOTTOM = 36
POINTS = 200  # of a line; longer ones are averaged
MARKED = 30  # points up to which each is marked
COLOURS = ("#0072b2", "#d55e00", "#00795b", "#cc79a7", "#7a5c00", "#56b4e9", "#555555")  # told apart by most eyes
Points: TypeAlias = Sequence[tuple[float, float]]


class Axis(NamedTuple):
    """Values from ``low`` to ``high`` on pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def curves(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The charts of ``metrics.jsonl``: loss, its terms, learning rate, tests; what is no finite number is left out."""
    steps = [line for line in lines if line["event"] == "step"]
    tests = [line for line in lines if line["event"] == "evaluation"]
    names = list(dict.fromkeys(name for line in steps for name in line.get("terms", {})))
    charts = [
        chart("loss", {"loss": _of(steps, "loss")}),
        chart("terms of the loss", {name: _points((s["step"], s["terms"].get(name)) for s in steps) for name in names}),
        chart("learning rate", {"lr": _of(steps, "lr")}),
        chart("norm of the gradient", {"gradient norm": _of(steps, "gradient_norm")}),
        chart("on the test data", {name: _of(tests, name) for name in ("mAP", "rank1")}),
    ]
    return [one for one in charts if one]


def _of(lines: Iterable[Mapping[str, Any]], name: str) -> Points:
    return _points((line["step"], line.get(name)) for line in lines)


def _points(pairs: Iterable[tuple[Any, Any]]) -> Points:
    return [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]


def chart(title: str, series: Mapping[str, Points]) -> str:
    """Lines by name over steps, as one SVG; empty where there is no point."""
    shown = {name: averaged(points) for name, points in series.items() if points}
    if not shown:
        return ""
    xs, ys = ([point[at] for points in shown.values() for point in points] for at in (0, 1))
    across = Axis(*spread(min(xs), max(xs)), LEFT, WIDTH - RIGHT)
    up = Axis(*spread(min(ys), max(ys)), HEIGHT - BOTTOM, TOP)
    parts = [_grid(across, up), f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}, over steps</text>']
    for at, points in enumerate(shown.values()):
        parts.append(_line(points, across, up, COLOURS[at % len(COLOURS)]))
    if len(shown) > 1:
        parts.append(_legend(list(shown)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="11">{"".join(parts)}</svg>'
    )


def averaged(points: Points) -> Points:
    """At most ``POINTS``: neighbours become their mean, and none is left out."""
    if len(points) <= POINTS:
        return points
    return [(float(x), float(y)) for x, y in (part.mean(0) for part in np.array_split(np.array(points), POINTS))]


def spread(low: float, high: float) -> tuple[float, float]:
    """A range that is not empty."""
    room = abs(low) * 0.1 or 1.0
    return (low, high) if high > low else (low - room, high + room)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) from ``low`` to ``high``."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 5, 10) if power * unit >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [step * n for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _grid(across: Axis, up: Axis) -> str:
    parts = [f'<rect x="0" y="0" width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>']
    for value in ticks(up.low, up.high):
        y = up(value)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    parts += [
        f'<text x="{across(value):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:.6g}</text>'
        for value in ticks(across.low, across.high)
    ]
    return "".join(parts)


def _line(points: Points, across: Axis, up: Axis, colour: str) -> str:
    places = [(across(x), up(y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
    drawn = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    return drawn + ("".join(marks) if len(places) <= MARKED else "")


def _legend(names: Sequence[str]) -> str:
    """Under the chart, side by side."""
    each = (WIDTH - LEFT - RIGHT) / len(names)
    return "".join(
        f'<circle cx="{LEFT + each * at + 4:.1f}" cy="{HEIGHT - 8}" r="4" fill="{COLOURS[at % len(COLOURS)]}"/>'
        f'<text x="{LEFT + each * at + 12:.1f}" y="{HEIGHT - 4}">{escape(name)}</text>'
        for at, name in enumerate(names)
    )
