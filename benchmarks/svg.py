"""Line plots as SVG text: axes with round numbers, one line a series, a legend. No library, no script, no font file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 40, 48
COLOURS = ("#1f5fa8", "#c2571a", "#2f7d4f", "#7b4ea3", "#8a6d1d", "#b03060")
"""Told apart on white also without colour vision: they differ in lightness as well."""

Points = Sequence[tuple[float, float]]
Scale = Callable[[float], float]


def write_plot(
    path: Path, series: Mapping[str, Points], *, title: str, x: str, y: str, log_x: bool = False, log_y: bool = False
) -> None:
    """Draw every series' points, joined in their order, into `path`.

    Raises:
        ValueError: there is no point, or one that a logarithmic axis cannot show.
    """
    points = [point for line in series.values() for point in line]
    if not points:
        raise ValueError(f"{title}: nothing to draw")
    across = _axis([px for px, _ in points], log=log_x)
    up = _axis([py for _, py in points], log=log_y)
    to_x = _scale(across, log=log_x, low=LEFT, high=WIDTH - RIGHT)
    to_y = _scale(up, log=log_y, low=HEIGHT - BOTTOM, high=TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(LEFT, 22, title, size=14),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, anchor="middle"),
        _text(LEFT, TOP - 6, y, size=11),
        *(_grid(to_x(tick), HEIGHT - BOTTOM, to_x(tick), TOP, _number(tick), below=True) for tick in across),
        *(_grid(LEFT, to_y(tick), WIDTH - RIGHT, to_y(tick), _number(tick), below=False) for tick in up),
        *(_line(n, name, line, to_x, to_y) for n, (name, line) in enumerate(series.items())),
        "</svg>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _axis(values: Sequence[float], *, log: bool) -> list[float]:
    """Round numbers from below the least value to above the greatest."""
    if log:
        if min(values) <= 0:
            raise ValueError(f"a logarithmic axis cannot show {min(values)}")
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        decades = range(low, max(high, low + 1) + 1)
        steps = (1, 2, 5) if len(decades) <= 3 else (1,)
        return [step * 10.0**n for n in decades for step in steps if n < decades[-1] or step == 1]
    low, high = min(0.0, *values), max(values)
    step = _round_step((high - low or 1.0) / 5)
    return [n * step for n in range(math.floor(low / step), math.ceil(high / step - 1e-9) + 1)] or [0.0, 1.0]


def _round_step(rough: float) -> float:
    base = 10.0 ** math.floor(math.log10(rough))
    return next(base * factor for factor in (1, 2, 5, 10) if base * factor >= rough * 0.999)


def _scale(ticks: Sequence[float], *, log: bool, low: float, high: float) -> Scale:
    def place(value: float) -> float:
        return math.log10(value) if log else value

    first, last = place(ticks[0]), place(ticks[-1])
    return lambda value: low + (place(value) - first) / (last - first or 1.0) * (high - low)


def _line(n: int, name: str, line: Points, to_x: Scale, to_y: Scale) -> str:
    colour = COLOURS[n % len(COLOURS)]
    places = [(to_x(x), to_y(y)) for x, y in line]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    beside = WIDTH - RIGHT + 12
    down = TOP + 10 + 18 * n
    key = f'<rect x="{beside}" y="{down - 8}" width="12" height="3"/>'
    return (
        f'<g fill="{colour}">{dots}{key}</g><polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>'
        + _text(beside + 17, down - 2, name, size=11)
    )


def _grid(x1: float, y1: float, x2: float, y2: float, label: str, *, below: bool) -> str:
    line = f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#ddd"/>'
    if below:
        return line + _text(x1, y1 + 16, label, anchor="middle", size=11)
    return line + _text(x1 - 6, y1 + 4, label, anchor="end", size=11)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222">{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
