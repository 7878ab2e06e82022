"""JSON that other programs rely on: `descentry/report/1`, `descentry/read/1` and parts of `descentry/event/1`, strict.

Non-finite numbers are the strings "nan", "inf" and "-inf"; lone surrogates are written as escapes.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict

import numpy as np
import orjson

from descentry.record.chunk import Floats
from descentry.record.event import Event
from descentry.record.finding import Evidence, Finding
from descentry.record.report import Cause, CurveSummary, RunReport
from descentry.record.run import Curve, Run

Json = dict[str, object]

REPORT_SCHEMA = "descentry/report/1"
READ_SCHEMA = "descentry/read/1"
EVENT_SCHEMA = "descentry/event/1"
_INT64 = 2**63


def report(runs: Iterable[RunReport], version: str) -> Json:
    """The document of `diagnose --json`."""
    return report_of([run_report(run) for run in runs], version)


def report_of(runs: list[Json], version: str) -> Json:
    """The same from runs that `run_report` has already turned."""
    return {"schema": REPORT_SCHEMA, "version": version, "runs": runs}


def run_report(run: RunReport) -> Json:
    """One entry of `runs` in `descentry/report/1`."""
    return strict_object(
        {
            "run": run.run,
            "format": run.format,
            "path": run.path,
            "verdict": run.verdict,
            "summary": run.summary,
            "phases": [asdict(phase) for phase in run.phases],
            "schedule": None if run.schedule is None else dict(run.schedule),
            "curves": [_curve_summary(curve) for curve in run.curves],
            "findings": [finding(item) for item in run.findings],
            "causes": [cause(item) for item in run.causes],
            "notes": list(run.notes),
            "warnings": _warnings(run.events),
        }
    )


def _curve_summary(curve: CurveSummary) -> Json:
    return {
        "name": curve.name,
        "role": _role(curve.role),
        "n_points": curve.n_points,
        "first_step": curve.first_step,
        "last_step": curve.last_step,
        "n_nonfinite": curve.n_nonfinite,
        "first": curve.first,
        "last": curve.last,
        "min": curve.min,
    }


def finding(item: Finding) -> Json:
    """One finding, as in `report/1` and `event/1`."""
    return {
        "pattern": item.pattern,
        "severity": str(item.severity),
        "confidence": item.confidence,
        "curve": item.curve,
        "onset_step": item.onset_step,
        "end_step": item.end_step,
        "detected_at_step": item.detected_at_step,
        "resolved_at_step": item.resolved_at_step,
        "steps": list(item.steps),
        "statement": item.statement,
        "evidence": [_evidence(fact) for fact in item.evidence],
        "explained_by": item.explained_by,
        "saved_steps": item.saved_steps,
    }


def _evidence(fact: Evidence) -> Json:
    return asdict(fact)


def cause(item: Cause) -> Json:
    """One cause, as in `report/1`; `findings` are indices into the report's list."""
    return {
        "cause": item.cause,
        "title": item.title,
        "probability": item.probability,
        "findings": list(item.findings),
        "for": list(item.evidence_for),
        "against": list(item.evidence_against),
        "next_test": item.next_test,
        "remedies": [asdict(remedy) for remedy in item.remedies],
    }


def _warnings(events: Iterable[Event]) -> list[Json]:
    return [
        {"kind": event.kind, "message": event.message, "where": event.where, "count": event.count}
        for event in events
        if event.warning
    ]


def _role(role: object) -> str | None:
    return None if role is None else str(role)


def read(runs: Iterable[Run]) -> Json:
    """The document of `read --json`: every series as logged, order and duplicates kept."""
    return {"schema": READ_SCHEMA, "runs": [read_run(run) for run in runs]}


def read_run(run: Run) -> Json:
    """One entry of `runs` in `descentry/read/1`."""
    head = strict_object({"run": run.run, "format": run.format})
    series = {_string(name): _series(curve) for name, curve in run.curves.items()}
    return {**head, "series": series, "warnings": strict(_warnings(run.events))}


def _series(curve: Curve) -> Json:
    return {"role": _role(curve.role), "steps": curve.steps.tolist(), "values": values(curve.values)}


def values(array: Floats) -> list[object]:
    """Floats as a list whose non-finite members are the strings of the contract."""
    spelled: list[object] = list(array.tolist())
    for index in np.flatnonzero(~np.isfinite(array)).tolist():
        spelled[index] = _number(float(array[index]))
    return spelled


def dumps(document: Json, *, indent: bool = False) -> bytes:
    """A document of this module as UTF-8 JSON, with a newline at the end."""
    options = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(document, option=options)


def strict_object(value: Mapping[str, object]) -> Json:
    """`strict` for an object, key by key."""
    return {_string(str(key)): strict(item) for key, item in value.items()}


def strict(value: object) -> object:
    """`value` with plain JSON types only, however odd the input: the last gate before the wire."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, int | np.integer):
        return int(value) if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, Mapping):
        return strict_object(value)
    if isinstance(value, np.ndarray):
        return strict(value.tolist())
    if isinstance(value, Iterable):
        return [strict(item) for item in value]
    return _string(str(value))


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _string(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
