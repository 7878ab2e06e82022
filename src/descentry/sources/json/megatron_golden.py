"""Megatron-LM golden values: per metric the steps and values of a functional test's run.

Written by Megatron-core's test scripts (`golden_values_*.json`) from TensorBoard logs:
`{"lm loss": {"start_step": 1, "end_step": 100, "step_interval": 5, "values": {"1": 10.5, …}}, …}`; until
2025 `values` was a list, one entry per interval.  The string "nan" stands for "no value at that step".
After the last step at which any metric has a number it is padding up to `end_step`: left out, told once.
Before that it is kept as NaN: a loss that vanishes while other metrics go on is a NaN loss.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import number, step_of
from descentry.sources.whole_file import follow_whole, read_whole

format = "megatron_golden"

_START = re.compile(rb'\{\s*"[^"\n]{1,200}"\s*:\s*\{\s*"(?:start_step|end_step|step_interval|values)"\s*:')


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for an object whose first member has steps and values."""
    return _START.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def read(path: Path) -> Iterator[Chunk]:
    """All rows as chunks.  Raises UnreadableError, DamagedError."""
    return read_whole(path, rows_of)


def follow(path: Path) -> Iterator[Chunk]:
    """The rows that each new version of the file adds.  Raises UnreadableError."""
    return follow_whole(path, rows_of)


def rows_of(content: bytes, name: str) -> Chunk:
    """All rows of the document, metrics merged by step.  Raises DamagedError."""
    try:
        document = parsed(content)
    except BadJson as error:
        raise DamagedError(name, f"is damaged ({error})", "fetch it again") from error
    notes = Notes(name)
    metrics = document.items() if isinstance(document, dict) else ()
    series = {
        clean_name(key): _points(metric, key, notes)
        for key, metric in metrics
        if isinstance(metric, dict) and isinstance(metric.get("values"), dict | list)
    }
    chunk = merged_by_step(_unpadded(series, notes))
    return Chunk(chunk.steps, chunk.columns, None, notes.take())


def _points(metric: Mapping[str, Any], key: str, notes: Notes) -> Points:
    values = metric["values"]
    if isinstance(values, list):
        start, interval = (
            _whole(metric.get(field), i) for i, field in enumerate(("start_step", "step_interval"))
        )
        values = {str(start + i * interval): value for i, value in enumerate(values)}
    steps, numbers = [], []
    for spelled, raw in values.items():
        at = number(spelled)
        step = None if at is None else step_of(at)
        value = as_number(raw)
        if step is None or value is None:
            found = f"{quoted(str(spelled))}: {quoted(str(raw))}"
            notes.add("bad_value", f"`{clean_name(key)}` has {found}, expected step and number; left out")
            continue
        steps.append(step)
        numbers.append(value)
    return points(np.array(steps, np.int64), np.array(numbers, np.float64))


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and abs(value) < 1 << 40 else default


def _unpadded(series: Mapping[str, Points], notes: Notes) -> dict[str, Points]:
    """The series without what comes after the last number of any."""
    reached = [
        steps[~np.isnan(values)].max() for steps, values, _ in series.values() if not np.isnan(values).all()
    ]
    if not reached:
        return dict(series)
    last = max(reached)
    n_padded = sum(int((steps > last).sum()) for steps, _, _ in series.values())
    if n_padded:
        message = f'"nan" after step {last} pads steps that were never reached; left out'
        notes.add("padding", message, count=n_padded, warning=False)
    return {
        name: points(steps[steps <= last], values[steps <= last])
        for name, (steps, values, _) in series.items()
    }
