"""What `descentry read --json` writes: `{"schema": "descentry/read/1", "runs": [{"run": …, "series": {…}}, …]}`.

A run's series are merged by step; the strings "nan", "inf" and "-inf" are those numbers.  The warnings of the
reader that made the document are told again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.record.event import Event
from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.notes import Notes
from descentry.sources.numbers import MAX_STEP
from descentry.sources.protocol import OneRun
from descentry.sources.rows import bounded
from descentry.sources.survey import only
from descentry.sources.whole_file import content_of, follow_whole, read_whole

format = "descentry_json"

_START = re.compile(rb'\{\s*"schema"\s*:\s*"descentry/read/1"')
_ADVICE = "write it anew with: descentry read --json"


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for a document that says so first."""
    return _START.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the document by their ids.  Raises UnreadableError, DamagedError."""
    entries = _entries(content_of(path), str(path))
    held = dict(enumerate(entries))
    return [(_id(entry, at), ExportedRun(at, held)) for at, entry in enumerate(entries)]


def read(path: Path) -> Iterator[Chunk]:
    """The only run as chunks.  Raises as `runs`; UsageError where there are several."""
    return only(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run, with the rows that each new version of the file adds.  Raises as `read`."""
    return only(path, runs(path)).follow(path)


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """The run at place `at` of the document.  `held`: the entries that are parsed already and were not read yet."""

    at: int
    held: dict[int, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    def read(self, path: Path) -> Iterator[Chunk]:
        """The run as chunks.  Raises UnreadableError, DamagedError."""
        entry = self.held.pop(self.at, None)
        if entry is None:
            return read_whole(path, self._rows)
        return bounded(_rows_of(entry, path.name))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The rows that each new version of the file adds.  Raises UnreadableError."""
        return follow_whole(path, self._rows)

    def _rows(self, content: bytes, name: str) -> Chunk:
        entries = _entries(content, name)
        if self.at >= len(entries):
            raise DamagedError(name, f"holds {len(entries)} runs, expected more than {self.at}", _ADVICE)
        return _rows_of(entries[self.at], name)


def _entries(content: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        document = parsed(content)
    except BadJson as error:
        raise DamagedError(name, f"is damaged ({error})", _ADVICE) from error
    entries = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DamagedError(name, "has no list of `runs`", _ADVICE)
    return entries


def _id(entry: Mapping[str, Any], at: int) -> str:
    run = entry.get("run")
    return clean_name(run) if isinstance(run, str) and run else str(at)


def _rows_of(entry: Mapping[str, Any], name: str) -> Chunk:
    notes = Notes(name)
    series = entry.get("series")
    its: dict[str, Points] = {}
    for key, one in series.items() if isinstance(series, dict) else ():
        found = _points(one)
        if found is None:
            message = f"`{clean_name(key)}` has no lists of steps and values of one length; left out"
            notes.add("bad_value", message)
        else:
            its[clean_name(key)] = found
    for event in _told(entry.get("warnings"), name):
        notes.put(event)
    chunk = merged_by_step(its)
    return Chunk(chunk.steps, chunk.columns, None, notes.take())


def _points(series: object) -> Points | None:
    if not isinstance(series, dict):
        return None
    steps, values = series.get("steps"), series.get("values")
    if not isinstance(steps, list) or not isinstance(values, list) or len(steps) != len(values):
        return None
    numbers = [as_number(value) for value in values]
    if None in numbers or not all(type(step) is int and abs(step) <= MAX_STEP for step in steps):
        return None
    return points(np.array(steps, np.int64), np.array(numbers, np.float64))


def _told(warnings: object, name: str) -> Iterator[Event]:
    """The warnings of the document as events."""
    for warning in warnings if isinstance(warnings, list) else ():
        if isinstance(warning, dict):
            kind, message, where, count = (warning.get(key) for key in ("kind", "message", "where", "count"))
            if isinstance(kind, str) and isinstance(message, str):
                place = where if isinstance(where, str) else name
                times = count if type(count) is int and 0 < count < MAX_STEP else 1
                yield Event(clean_name(kind), clean_name(message), clean_name(place), times)
