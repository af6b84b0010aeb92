"""Draws a plot as SVG 1.1, by hand: no script, no font, no file beside it.

One palette for light and dark pages: an image on a page cannot know the page's theme, so every colour
stands out from white and from near-black alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from html import escape

from .harness import Plot, Series
from .numbers import shown, tick_label, ticks

WIDTH = 760
LEFT, RIGHT, TOP, BOTTOM = 72, 20, 40, 58
HEIGHT = 340
INK = "#757b84"
"""Text and axes: at least 4:1 against white and against #0d1117."""
COLOURS = ("#2f81f7", "#e0730d", "#1f9d55", "#a259f7", "#e5484d", "#0c9aa6")
MARKED_POINTS_MAX = 40
"""A line of more points needs no marks to be seen."""
LABEL_CHARACTERS_MAX = 44
CHARACTER_WIDTH = 6.6
BAR_HEIGHT, BAR_GAP, GROUP_GAP = 16, 3, 12
VALUE_WIDTH = 64

Scale = Callable[[float], float]


def draw(plot: Plot) -> str:
    """The plot as the text of an SVG file. A series without points is left out."""
    plot = replace(plot, series=tuple(series for series in plot.series if series.points))
    return _bars(plot) if plot.kind == "bar" else _lines(plot)


def _lines(plot: Plot) -> str:
    points = [point for series in plot.series for point in series.points]
    if not points:
        return _document(plot, HEIGHT, [_text(WIDTH / 2, HEIGHT / 2, "nothing was measured", "middle")])
    x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
    x_ticks = [each for each in ticks(x_low, x_high, 8) if x_low <= each <= x_high] or [x_low]
    if all(x == round(x) for x, _ in points):
        # Rounds and counts have no halves.
        x_ticks = [each for each in x_ticks if each == round(each)]
    # From zero: half the height is half the value.
    y_ticks = ticks(min(0.0, *(y for _, y in points)), max(y for _, y in points))
    x_of = _scale(x_low, x_high if x_high > x_low else x_low + 1, LEFT, WIDTH - RIGHT)
    y_of = _scale(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = [*_y_axis(y_ticks, y_of, plot.y_label), *_x_axis(x_ticks, x_of, plot.x_label)]
    for number, series in enumerate(plot.series):
        parts += _line(series, COLOURS[number % len(COLOURS)], x_of, y_of)
    return _document(plot, HEIGHT, [*parts, *_legend(plot.series, HEIGHT)])


def _y_axis(values: Sequence[float], y_of: Scale, label: str) -> Iterable[str]:
    step = values[1] - values[0]
    for value in values:
        y = y_of(value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-opacity=".25"/>'
        yield _text(LEFT - 8, y + 4, tick_label(value, step), "end")
    yield _text(LEFT - 8, TOP - 14, label, "start", dx=-(LEFT - 16))


def _x_axis(values: Sequence[float], x_of: Scale, label: str) -> Iterable[str]:
    step = values[1] - values[0] if len(values) > 1 else 1.0
    foot = HEIGHT - BOTTOM
    for value in values:
        x = x_of(value)
        yield f'<path d="M{x:.1f} {foot}v5" stroke="{INK}"/>'
        yield _text(x, foot + 18, tick_label(value, step), "middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, foot + 34, label, "middle")


def _line(series: Series, colour: str, x_of: Scale, y_of: Scale) -> Iterable[str]:
    places = [(x_of(x), y_of(y)) for x, y in series.points]
    if len(places) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    if len(places) <= MARKED_POINTS_MAX:
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'


def _bars(plot: Plot) -> str:
    """Bars that lie: their labels are phrases, and phrases are read from left to right."""
    places = max((len(series.points) for series in plot.series), default=0)
    labels = [*plot.labels, *[""] * (places - len(plot.labels))]
    longest = max((len(_shortened(label)) for label in labels), default=0)
    left = max(LEFT, 20 + longest * CHARACTER_WIDTH)
    most = max((y for series in plot.series for _, y in series.points), default=0.0) or 1.0
    x_of = _scale(0.0, most, left, WIDTH - RIGHT - VALUE_WIDTH)
    group = len(plot.series) * (BAR_HEIGHT + BAR_GAP) + GROUP_GAP
    height = TOP + places * group + (BOTTOM if len(plot.series) > 1 else 30)
    parts = [_text(WIDTH - RIGHT, TOP - 14, plot.y_label, "end")]
    for place in range(places):
        top = TOP + place * group
        middle = top + (group - GROUP_GAP) / 2 + 4
        parts.append(_text(left - 8, middle, _shortened(labels[place]), "end"))
        for number, series in enumerate(plot.series):
            if place < len(series.points):
                y = top + number * (BAR_HEIGHT + BAR_GAP)
                parts += _bar(left, x_of(series.points[place][1]), y, series.points[place][1], number)
    parts.append(
        f'<path d="M{left:.1f} {TOP - 4}V{TOP + places * group - GROUP_GAP}" '
        f'stroke="{INK}" stroke-opacity=".5"/>'
    )
    return _document(plot, height, [*parts, *(_legend(plot.series, height) if len(plot.series) > 1 else ())])


def _bar(left: float, right: float, y: float, value: float, number: int) -> Iterable[str]:
    colour = COLOURS[number % len(COLOURS)]
    width = max(1.0, right - left)
    yield f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR_HEIGHT}" fill="{colour}"/>'
    yield _text(left + width + 6, y + BAR_HEIGHT - 4, shown(value), "start")


def _legend(series: Sequence[Series], height: float) -> Iterable[str]:
    x = float(LEFT)
    for number, each in enumerate(series):
        yield f'<rect x="{x:.1f}" y="{height - 16:.1f}" width="10" height="10" fill="{_colour(number)}"/>'
        yield _text(x + 15, height - 7, each.name, "start")
        x += 34 + len(each.name) * CHARACTER_WIDTH


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _shortened(label: str) -> str:
    return label if len(label) <= LABEL_CHARACTERS_MAX else f"{label[: LABEL_CHARACTERS_MAX - 1]}…"


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _text(x: float, y: float, text: str, anchor: str, *, dx: float = 0.0) -> str:
    return f'<text x="{x + dx:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _document(plot: Plot, height: float, parts: Iterable[str]) -> str:
    title = escape(plot.title)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" aria-label="{title}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
    )
    return "\n".join([head, f"<title>{title}</title>", *parts, "</svg>", ""])
