"""A drawing as a small SVG that a page can hold as it is: no library, no script, no outside reference.

Text and axes take the page's own colour, so it reads on light and on dark.  A few kilobytes for a curve.
"""

from collections.abc import Iterator
from html import escape

import numpy as np

from descentry.plot.drawing import Drawing, Kind, Line, Panel, Pin
from descentry.plot.lanes import labels, n_lanes
from descentry.plot.look import Look
from descentry.plot.scale import Scale, compact, scale_of
from descentry.record.chunk import Floats
from descentry.record.legible import clipped

N_BUCKETS = 240
"""Places along x of an inline picture.  Higher: finer, and more bytes."""
_WIDTH, _HEIGHT = 720.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 8.0, 26.0, 34.0
_LANE, _CELL = 15.0, 6.6
_LOOK = Look()
_MOST_DOTS = 60
_CROSS = 8.0


class _Frame:
    """Where values stand in the picture."""

    def __init__(self, drawing: Drawing, panel: Panel, n_above: int) -> None:
        x = [line.x for line in panel.lines] + [panel.non_finite]
        known = scale_of([_positive(a, drawing.x_log) for a in x]) or Scale(1.0, 2.0)
        self.x_scale = Scale(known.low, known.high, drawing.x_log)
        arrays = [a for line in panel.lines for a in (line.y, line.low, line.high) if a is not None]
        span = scale_of([_positive(a, panel.log) for a in arrays]) or Scale(1.0, 2.0)
        self.y_scale = Scale(span.low, span.high, panel.log)
        self.top = _TOP + _LANE * n_above
        self.bottom = self.top + _HEIGHT - _TOP - _BOTTOM
        self.height = self.bottom + _BOTTOM

    def x(self, values: Floats) -> Floats:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * self.x_scale.fractions(values)

    def y(self, values: Floats) -> Floats:
        return self.bottom - (self.bottom - self.top) * self.y_scale.fractions(values)

    def at(self, x: float) -> float:
        return float(self.x(np.array([x]))[0])


def _positive(values: Floats, log: bool) -> Floats:
    return values[values > 0] if log else values


def svg(drawing: Drawing) -> str:
    """The leading panel as one `<svg>` element; every finding is a band that tells its words when pointed at."""
    panel = drawing.panels[0]
    first = _Frame(drawing, panel, 0)
    placed = labels(drawing.pins, lambda x: first.at(x) - _LEFT, _CELL, _WIDTH - _LEFT - _RIGHT)
    frame = _Frame(drawing, panel, n_lanes(placed))
    words = escape(f"{drawing.title}: {drawing.summary}" if drawing.summary else drawing.title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {frame.height:.0f}" role="img" '
        f'style="max-width:{_WIDTH:.0f}px;width:100%;font:11px system-ui,sans-serif" fill="currentColor">',
        f"<title>{words}</title>",
        *(_band(pin, frame, shaded=len(drawing.runs) == 1) for pin in drawing.pins),
        *_axes(drawing, frame),
        *(part for kind in (Kind.RAW, Kind.SOLE, Kind.SMOOTHED, Kind.VALIDATION)
          for line in panel.lines if line.kind is kind for part in _line(line, frame, len(drawing.runs))),
        *_crosses(frame.x(panel.non_finite), frame),
        *(f'<text x="{_LEFT + one.start:.1f}" y="{frame.top - 5 - _LANE * one.lane:.1f}">{escape(one.text)}</text>'
          for one in placed),
        *_legend(drawing),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def _band(pin: Pin, frame: _Frame, *, shaded: bool) -> str:
    start, end = frame.at(pin.first), frame.at(pin.last)
    colour = _LOOK.severity(pin.severity)
    width = max(end - start, 1.5) if shaded else 1.5
    told = escape(f"{pin.label} {pin.severity} {pin.pattern}: {pin.statement}")
    place = f'x="{start:.1f}" y="{frame.top:.1f}" height="{frame.bottom - frame.top:.1f}"'
    return (
        f'<g fill="{colour}"><title>{told}</title><rect {place} width="{width:.1f}" opacity="0.15"/>'
        f'<rect {place} width="1" opacity="0.9"/></g>'
    )


def _axes(drawing: Drawing, frame: _Frame) -> Iterator[str]:
    bottom = frame.bottom
    for tick in frame.y_scale.ticks(5):
        y = float(frame.y(np.array([tick]))[0])
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="currentColor" opacity="0.12"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
    yield f'<path d="M{_LEFT} {bottom:.1f}H{_WIDTH - _RIGHT}" stroke="currentColor" opacity="0.5"/>'
    for tick in frame.x_scale.ticks(7):
        x = frame.at(tick)
        if x < _WIDTH - 30:
            yield f'<text x="{x:.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{compact(tick)}</text>'
    label = escape(drawing.x_label)
    yield f'<text x="{_WIDTH - _RIGHT}" y="{bottom + 29:.1f}" text-anchor="end">{label}</text>'


def _line(line: Line, frame: _Frame, n_runs: int) -> Iterator[str]:
    validation = line.kind is Kind.VALIDATION
    colour = _LOOK.validation(line.run, n_runs) if validation else _LOOK.run(line.run)
    x, y = frame.x(line.x), frame.y(line.y)
    if line.low is not None and line.high is not None:
        for piece in _pieces(x, frame.y(line.low)):
            upper, lower = frame.y(line.high)[piece], frame.y(line.low)[piece]
            outline = _path(np.r_[x[piece], x[piece][::-1]], np.r_[upper, lower[::-1]])
            yield f'<path d="{outline}Z" fill="{colour}" stroke="{colour}" stroke-width="0.6" opacity="0.35"/>'
    style = 'stroke-width="0.8" opacity="0.5"' if line.kind is Kind.RAW else 'stroke-width="1.6"'
    path = "".join(_path(x[piece], y[piece]) for piece in _pieces(x, y))
    if path:
        yield f'<path d="{path}" fill="none" stroke="{colour}" {style}/>'
    if validation or int(np.isfinite(y).sum()) == 1:
        for i in np.flatnonzero(np.isfinite(x + y))[:: max(1, len(x) // _MOST_DOTS)].tolist():
            yield f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="2.4" fill="{colour}"/>'


def _pieces(x: Floats, y: Floats) -> Iterator["np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """The indices of each unbroken stretch."""
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    yield from (piece for piece in np.split(good, np.flatnonzero(np.diff(good) > 1) + 1) if len(piece))


def _path(x: Floats, y: Floats) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _crosses(x: Floats, frame: _Frame) -> Iterator[str]:
    """A cross on the axis wherever no number was logged, none over another."""
    for place in np.unique(np.rint(x / _CROSS)):
        yield f'<text x="{_CROSS * place:.1f}" y="{frame.bottom - 2:.1f}" text-anchor="middle">×</text>'


def _legend(drawing: Drawing) -> Iterator[str]:
    """What the colours mean, in one row; what has no room is left out."""
    x = _LEFT
    single = len(drawing.runs) == 1
    for line in drawing.panels[0].lines:
        if line.kind is Kind.RAW or (not single and line.kind is Kind.VALIDATION):
            continue
        name = clipped(line.name if single else drawing.runs[line.run], 30)
        colour = _LOOK.validation(line.run, 1) if line.kind is Kind.VALIDATION else _LOOK.run(line.run)
        if x + 24 + _CELL * len(name) > _WIDTH:
            return
        yield f'<rect x="{x:.1f}" y="8" width="14" height="3" fill="{colour}"/>'
        yield f'<text x="{x + 18:.1f}" y="14">{escape(name)}</text>'
        x += 32 + _CELL * len(name)
