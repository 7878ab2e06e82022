"""What a page draws, as plain JSON: schema `descentry/page/1`.

Numbers are made here, once; the page only draws them.  Arrays travel as little-endian float64 in base64, NaN a gap.
"""

import base64
from collections.abc import Iterator, Sequence

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Finding
from descentry.record.report import RunReport, Sketch
from descentry.record.roles import Role
from descentry.report.jsonable import Json, run_report, strict_object
from descentry.signal.robust import point_noise
from descentry.signal.smooth import Smoothing, smooth
from descentry.signal.words import grouped

PAGE_SCHEMA = "descentry/page/1"
SPANS = (0.01, 0.04, 0.15)
"""Steps that an average spans, as shares of the run: the first is how a page begins."""
LEAST_SPAN = 3.0
"""Steps between points that a span must hold: less is no average."""
MANY_MARKERS = 400
"""Evaluations from which they are drawn as a line without markers."""
DECADE = 10.0
"""Largest over smallest loss from which a log axis is suggested."""
NOISY = 0.01
"""Noise of a point, as a share of what the first curve spans, from which its average is shown in front: an average
lags, so where noise does not hide the curve there is none."""
MAX_VERTICALS = 200
_BESIDE = (Role.VAL_LOSS, Role.TEST_LOSS, Role.VAL_LOSS_PART)
_MAIN = (Role.TRAIN_LOSS, *_BESIDE, Role.LOSS_PART)
_MARKED = ("resume", "overlap", "restart", "data_version", "action")


def page(runs: Sequence[Json], version: str, made_at: str) -> Json:
    """The document that a page is given; `runs` from `run_page`, in the order in which they are shown."""
    return {"schema": PAGE_SCHEMA, "version": version, "made_at": made_at, "runs": list(runs)}


def run_page(run: RunReport) -> Json:
    """One entry of `runs`: the report, its curves by panel, what is marked on them."""
    spans = _spans(run.sketches)
    return {
        "report": run_report(run),
        "labels": [str(i + 1) for i in range(len(run.findings))],
        "panels": list(_panels(run.sketches, spans)),
        "verticals": _verticals(run),
        "known": [known_when(finding) for finding in run.findings],
        "smoothings": list(spans),
        "smoothing": next(iter(spans), "none") if _is_noisy(run.sketches) else "none",
    }


def known_when(finding: Finding) -> str:
    """When a running watch would have known it, and what acting then would have saved; empty for information."""
    if finding.severity == "info":
        return ""
    late = finding.detected_at_step - finding.onset_step
    when = f"known at step {grouped(finding.detected_at_step)}"
    after = f", {grouped(late)} steps after its onset" if late > 0 else ", at once"
    saved = finding.saved_steps
    return when + after + (f"; acting then would have saved {grouped(saved)} steps" if saved else "")


def packed(values: Floats | Ints) -> Json:
    """An array as text, float64 little-endian in base64."""
    return {"f64": base64.b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode("ascii")}


def _spans(sketches: Sequence[Sketch]) -> dict[str, Smoothing]:
    """The averages that a page offers, by what they are called."""
    long = max(sketches, key=lambda one: len(one.steps), default=None)
    if long is None or len(long.steps) < LEAST_SPAN:
        return {}
    steps = float(long.steps[-1] - long.steps[0])
    stride = steps / (len(long.steps) - 1)
    spans = [round(share * steps) for share in SPANS if share * steps >= LEAST_SPAN * stride]
    return {
        f"average of {grouped(span)} steps": Smoothing("ema", 1.0 - 1.0 / span) for span in spans if span > 1
    }


def _is_noisy(sketches: Sequence[Sketch]) -> bool:
    """Whether noise hides the first curve, its outermost twentieths aside."""
    values = sketches[0].values if sketches else np.empty(0)
    known = values[np.isfinite(values)]
    if len(known) < 8:
        return False
    low, high = np.quantile(known, [0.05, 0.95])
    return bool(point_noise(known) > NOISY * (high - low))


def _panels(sketches: Sequence[Sketch], spans: dict[str, Smoothing]) -> Iterator[Json]:
    main = [one for one in sketches if one.role in _MAIN]
    if main:
        lines = [_line(one, spans) for one in main]
        yield strict_object(
            {
                "id": "loss",
                "title": "loss",
                "is_main": True,
                "suggests_log": _spans_a_decade(main),
                "lines": lines,
            }
        )
    for i, one in enumerate(sketches):
        if one not in main:
            lines = [_line(one, spans)]
            head = {"id": f"strip-{i}", "title": one.name, "is_main": not main and i == 0}
            yield strict_object({**head, "suggests_log": False, "lines": lines})


def _line(sketch: Sketch, spans: dict[str, Smoothing]) -> Json:
    is_raw = bool(np.array_equal(sketch.low, sketch.high, equal_nan=True))
    is_sparse = sketch.role in _BESIDE and len(sketch.steps) <= MANY_MARKERS
    finite = sketch.values[np.isfinite(sketch.values)]
    is_smoothed = not is_sparse and sketch.role is not Role.LEARNING_RATE
    return {
        "name": sketch.name,
        "role": None if sketch.role is None else str(sketch.role),
        "is_sparse": is_sparse,
        "noise": point_noise(finite) if len(finite) > 4 else 0.0,
        "steps": packed(sketch.steps),
        "values": packed(sketch.values),
        "low": None if is_raw else packed(sketch.low),
        "high": None if is_raw else packed(sketch.high),
        "smooth": {
            name: packed(smooth(how, sketch.steps, sketch.values))
            for name, how in spans.items()
            if is_smoothed
        },
    }


def _spans_a_decade(sketches: Sequence[Sketch]) -> bool:
    """Whether all losses are above 0 and the highest level is ten times the lowest, strays aside."""
    levels = np.concatenate([one.values[np.isfinite(one.values)] for one in sketches])
    if not len(levels) or levels.min() <= 0.0:
        return False
    low, high = np.quantile(levels, [0.01, 0.99])
    return bool(high > DECADE * low)


def _verticals(run: RunReport) -> list[Json]:
    marked = [one for one in run.events if one.step is not None and one.kind in _MARKED]
    return [
        strict_object({"step": one.step, "kind": one.kind, "label": one.kind.replace("_", " ")})
        for one in marked[:MAX_VERTICALS]
    ]
