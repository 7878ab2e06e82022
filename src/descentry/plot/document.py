"""A drawing as a document of plain types: what `descentry plot --json` prints, `descentry/plot/1`."""

import numpy as np

from descentry.plot.drawing import Drawing, Line, Panel, Pin
from descentry.record.chunk import Floats

PLOT_SCHEMA = "descentry/plot/1"
Json = dict[str, object]


def document(drawing: Drawing) -> Json:
    """All that a renderer would draw; null where a line breaks, steps already in the unit of the x axis."""
    return {
        "schema": PLOT_SCHEMA,
        "title": drawing.title,
        "summary": drawing.summary,
        "runs": list(drawing.runs),
        "x": {"label": drawing.x_label, "log": drawing.x_log},
        "smoothing": drawing.smoothing or None,
        "panels": [_panel(panel) for panel in drawing.panels],
        "findings": [_pin(pin) for pin in drawing.pins],
        "verticals": [
            {"kind": one.kind, "label": one.label, "x": one.x, "run": one.run} for one in drawing.verticals
        ],
        "notes": list(drawing.notes),
    }


def _panel(panel: Panel) -> Json:
    return {
        "title": panel.title,
        "log": panel.log,
        "lines": [_line(line) for line in panel.lines],
        "non_finite": panel.non_finite.tolist(),
    }


def _line(line: Line) -> Json:
    return {
        "name": line.name,
        "run": line.run,
        "kind": str(line.kind),
        "x": _numbers(line.x),
        "y": _numbers(line.y),
        "low": None if line.low is None else _numbers(line.low),
        "high": None if line.high is None else _numbers(line.high),
    }


def _numbers(values: Floats) -> list[float | None]:
    return [
        value if known else None for value, known in zip(values.tolist(), np.isfinite(values), strict=True)
    ]


def _pin(pin: Pin) -> Json:
    return {
        "label": pin.label,
        "pattern": pin.pattern,
        "severity": str(pin.severity),
        "statement": pin.statement,
        "run": pin.run,
        "first": pin.first,
        "last": pin.last,
        "events": list(pin.events),
    }
