"""A drawing as a matplotlib figure, never by pyplot: nothing global is touched, and no window is opened.

Sizes are inches.  From the top: title and summary, legend, labels of the findings, the leading panel, its strips,
the findings in words.  Nothing but lines and shades stands over the data.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from descentry.plot.drawing import Drawing, Panel
from descentry.plot.lanes import Label, labels, n_lanes
from descentry.plot.look import Look
from descentry.plot.picture_axes import dress, x_range, x_ticks, y_ticks
from descentry.plot.picture_lines import entries, paint
from descentry.plot.picture_marks import bands, pins, verticals
from descentry.record.legible import clipped, wrapped

FORMATS = ("png", "svg", "pdf")
_FURTHER_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "WenQuanYi Zen Hei",
    "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
"""For letters that DejaVu Sans lacks, where one of them is there."""


def _installed() -> set[str]:
    return {font.name for font in fontManager.ttflist}


_PLAIN = {
    "text.parse_math": False,  # a name with $ is a name
    "text.usetex": False,
    "font.family": ["DejaVu Sans", *(name for name in _FURTHER_FONTS if name in _installed())],
    "svg.fonttype": "none",
    "svg.hashsalt": "descentry",
    "axes.unicode_minus": True,
    "path.simplify": False,  # points are as many as the picture has places, and extremes are to stay
    "agg.path.chunksize": 0,
}
_METADATA: dict[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.85, 0.25, 0.12, 0.5
_CELL, _WIDE_CELL = 0.56, 0.68
"""Mean width of a letter of DejaVu Sans, and one that few words exceed, as shares of its size."""
_TITLE, _TEXT, _SMALL = 12.0, 9.0, 8.0
_TITLE_LINE, _LINE = 0.27, 0.175
_STRIP, _GAP, _LEAST_MAIN = 0.85, 0.1, 1.6
_MOST_SUMMARY, _MOST_LEGEND, _MOST_SAID = 2, 4, 8


class Picture(Figure):
    """A figure that a notebook shows as PNG, whatever its backend."""

    def _repr_png_(self) -> bytes:
        return saved(self, "png")


@dataclass(frozen=True, slots=True)
class _Head:
    summary: list[str]
    legend: list[tuple[Any, str]]
    n_columns: int
    labels: list[Label]
    said: list[str]

    @property
    def n_rows(self) -> int:
        return -(-len(self.legend) // self.n_columns)


def picture(drawing: Drawing, look: Look | None = None) -> Picture:
    """The figure of a drawing; its first axes are those of the leading panel."""
    look = look or Look()
    with matplotlib.rc_context(_PLAIN):
        figure = Picture(figsize=(look.width, look.height), dpi=look.dpi, facecolor=look.paper)
        FigureCanvasAgg(figure)
        span = x_range(drawing)
        head = _head(drawing, look, span)
        axes = _axes(figure, drawing, look, head)
        for panel, one in zip(drawing.panels, axes, strict=True):
            _panel(drawing, panel, one, look, span)
        _below(drawing, axes, look)
        pins(drawing, head.labels, axes[0], look, _inside(look), _SMALL)
        _write(figure, drawing, look, head)
    return figure


def saved(figure: Figure, format_: str, dpi: float | None = None) -> bytes:
    """The figure as `png`, `svg` or `pdf`; the same bytes for the same drawing."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(_PLAIN), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box; SVG keeps it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(
            buffer,
            format=format_,
            dpi=dpi or figure.dpi,
            facecolor=figure.get_facecolor(),
            metadata=_METADATA[format_],
        )
    return buffer.getvalue()


def _inside(look: Look) -> float:
    return look.width - _LEFT - _RIGHT


def _n_cells(width: float, size: float) -> int:
    """Characters of a font size (points) that stand in a width."""
    return max(20, int(width / (_CELL * size / 72)))


def _head(drawing: Drawing, look: Look, span: tuple[float, float]) -> _Head:
    width = _inside(look)
    text = _n_cells(width, _TEXT)
    legend = entries(drawing, look)
    longest = max(len(name) for _, name in legend) + 6
    n_columns = max(1, min(len(legend), text // longest))
    shown = legend[: _MOST_LEGEND * n_columns]
    place = _place(drawing, span, width)
    cell = 0.62 * _SMALL / 72
    return _Head(
        wrapped(drawing.summary, text, _MOST_SUMMARY) if drawing.summary else [],
        shown,
        n_columns,
        labels(drawing.pins, place, cell, width),
        _said(drawing, _n_cells(width, _SMALL)),
    )


def _place(drawing: Drawing, span: tuple[float, float], width: float) -> Any:
    """Where an x stands in inches from the left of the panels."""
    first, last = np.log10(span) if drawing.x_log else np.array(span)

    def place(x: float) -> float:
        bent = np.log10(max(x, 10.0**first)) if drawing.x_log else x
        return float(np.clip((bent - first) / (last - first), 0, 1)) * width

    return place


def _said(drawing: Drawing, width: int) -> list[str]:
    """The findings in words, then the notes, a line each."""
    found = [
        wrapped(f"{pin.label} {pin.severity} {pin.pattern}: {pin.statement}", width, 1)[0]
        for pin in drawing.pins
    ]
    told = [wrapped(f"Note: {note}", width, 1)[0] for note in drawing.notes]
    n_found = _MOST_SAID - len(told)
    more = [f"and {len(found) - n_found + 1} more findings"] if len(found) > n_found else []
    return [*(found[: n_found - 1] + more if more else found), *told]


def _axes(figure: Picture, drawing: Drawing, look: Look, head: _Head) -> list[Any]:
    """Axes for all panels; the leading one takes what the others leave, and no less than its due."""
    top = _TOP + _TITLE_LINE + _LINE * (len(head.summary) + head.n_rows + n_lanes(head.labels)) + 0.16
    n_strips = len(drawing.panels) - 1
    room = look.height - top - _BOTTOM
    said = _LINE * len(head.said) + (0.1 if head.said else 0)
    if room - said - n_strips * (_STRIP + _GAP) < _LEAST_MAIN:
        said = 0.0
        head.said.clear()
    strip = min(_STRIP, max(0.25, (room - said - min(_LEAST_MAIN, room / 2)) / max(n_strips, 1) - _GAP))
    main = max(0.3, room - said - n_strips * (strip + _GAP))
    bottom = look.height - top - main
    axes = [_add(figure, look, bottom, main)]
    for _ in range(n_strips):
        bottom -= strip + _GAP
        axes.append(_add(figure, look, bottom, strip, axes[0]))
    return axes


def _add(figure: Picture, look: Look, bottom: float, height: float, shared: Any = None) -> Any:
    rectangle = (
        _LEFT / look.width,
        max(bottom, 0.0) / look.height,
        max(_inside(look), 0.3) / look.width,
        height / look.height,
    )
    return figure.add_axes(rectangle, sharex=shared)


def _panel(drawing: Drawing, panel: Panel, axes: Any, look: Look, span: tuple[float, float]) -> None:
    dress(axes, look)
    x_ticks(axes, span, log=drawing.x_log)
    y_ticks(panel, axes, n=5 if panel is drawing.panels[0] else 2)
    axes.set_autoscale_on(False)
    bands(drawing, axes, look)
    verticals(drawing, axes, look, named=panel is drawing.panels[0])
    paint(panel, axes, look, len(drawing.runs))
    size = _TEXT if panel is drawing.panels[0] else _SMALL
    room = int(axes.get_position().height * look.height / (_WIDE_CELL * size / 72))
    title = f"{panel.title} (log)" if panel.log else panel.title
    axes.set_ylabel(clipped(title, max(room, 4)), color=look.ink, fontsize=size)


def _below(drawing: Drawing, axes: Sequence[Any], look: Look) -> None:
    """Ticks and title of the x axis, under the lowest panel alone."""
    for one in axes[:-1]:
        one.tick_params(axis="x", labelbottom=False)
    axes[-1].set_xlabel(drawing.x_label, color=look.ink, fontsize=_TEXT)


def _write(figure: Picture, drawing: Drawing, look: Look, head: _Head) -> None:
    """Title, summary and legend above; the findings in words below."""
    left, y = _LEFT / look.width, look.height - _TOP
    figure.text(
        left, y / look.height, drawing.title, va="top", fontsize=_TITLE, fontweight="bold", color=look.ink
    )
    y -= _TITLE_LINE
    for line in head.summary:
        figure.text(left, y / look.height, line, va="top", fontsize=_TEXT, color=look.ink)
        y -= _LINE
    legend = figure.legend(
        [handle for handle, _ in head.legend],
        [f"entry {i}" for i in range(len(head.legend))],
        loc="upper left",
        bbox_to_anchor=(left, (y - 0.02) / look.height),
        ncols=head.n_columns,
        frameon=False,
        fontsize=_TEXT,
        labelcolor=look.ink,
        borderpad=0,
        borderaxespad=0,
        labelspacing=0.25,
        handlelength=1.8,
        columnspacing=1.6,
    )
    # Set afterwards: a label that begins with an underscore would be left out.
    for text, (_, name) in zip(legend.get_texts(), head.legend, strict=True):
        text.set_text(name)
    y = _LINE * len(head.said) + 0.05
    for line in head.said:
        colour = look.faint if line.startswith("Note: ") else look.ink
        figure.text(left, y / look.height, line, va="top", fontsize=_SMALL, color=colour)
        y -= _LINE
