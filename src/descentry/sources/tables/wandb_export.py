"""The CSV that W&B's pages export from a chart: a column for each run, the name of the run in front of the metric.

Written by wandb.ai (2020 to 2026): `"Step","run1 - loss","run1 - loss__MIN","run1 - loss__MAX","run2 - loss", …`.
The columns `__MIN` and `__MAX` are the envelope of what the page drew; where they are the same as the value, or
empty, they are left aside and told, else they are series that play no role.  Where the chart was drawn over
something else than steps, those of the run (`run1 - _step`) are taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from descentry.formats.blocks import head
from descentry.formats.lines import plain_head
from descentry.record.chunk import Chunk, Column, Ints
from descentry.record.event import Event
from descentry.sources.labels import Labels
from descentry.sources.protocol import OneRun
from descentry.sources.rows import bounded, joined
from descentry.sources.settled import follow_settled
from descentry.sources.survey import only
from descentry.sources.tables.csv import CsvRun
from descentry.sources.tables.csv_block import whole_steps
from descentry.sources.tables.csv_layout import cells, column_names

format = "wandb_csv"

MARK = " - "
ENVELOPE = ("__MIN", "__MAX")
STEP = "_step"
MAX_HEADER = 1 << 20


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for a header of columns with a run's name and a metric each, an envelope among them."""
    start = head[:4096]
    return b"__MIN" in head and MARK.encode() in start and _is_export(_header(head))


def _header(start: bytes) -> list[str]:
    text = plain_head(start).split(b"\n", 1)[0].decode("utf-8", "replace")
    return column_names(cells(text, ","))


def _is_export(names: Sequence[str]) -> bool:
    known = set(names)
    pairs = [name for name in names if name.endswith(ENVELOPE[0]) and name[:-5] + ENVELOPE[1] in known]
    return (
        bool(pairs) and len(names) > 1 and all(MARK in name for name in names[1:-1]) and MARK not in names[0]
    )


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the export by their names.  Raises UnreadableError."""
    found: dict[str, dict[str, str]] = {}
    for name in _header(head(path, MAX_HEADER)):
        run, mark, metric = name.rpartition(MARK)
        if mark:
            found.setdefault(run, {})[name] = metric
    parsed = _Parsed()
    return [(run, ExportedRun(columns, parsed)) for run, columns in found.items()]


def read(path: Path) -> Iterator[Chunk]:
    """The only run as chunks.  Raises UnreadableError; UsageError where there are several."""
    return only(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run, read again when the file was written again.  Raises as `read`."""
    return only(path, runs(path)).follow(path)


@dataclass(slots=True)
class _Parsed:
    """All columns of the file, parsed once for all of its runs."""

    chunk: Chunk | None = None
    n_left: int = 0


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """One run.  `columns`: the names of its columns and what they mean without the run."""

    columns: Mapping[str, str]
    parsed: _Parsed = field(repr=False)

    def read(self, path: Path) -> Iterator[Chunk]:
        """The run as chunks of bounded size.  Raises UnreadableError."""
        if self.parsed.chunk is None:
            self.parsed.chunk = joined(CsvRun(Labels()).read(path))
        yield from bounded(_of_run(self.parsed.chunk, self.columns, path.name))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run, read again when the file was written again.  Raises UnreadableError."""
        return follow_settled(lambda: [path], lambda: ExportedRun(self.columns, _Parsed()).read(path))


def _of_run(whole: Chunk, names: Mapping[str, str], place: str) -> Chunk:
    """The rows in which the run has a value, with the columns of the chart that no run owns."""
    its = {metric: whole.columns[name] for name, metric in names.items() if name in whole.columns}
    own = [column.rows for column in its.values()]
    kept = np.unique(np.concatenate(own)) if own else np.empty(0, np.int64)
    events = list(whole.events)
    series, aside = _without_envelopes(its)
    if aside:
        message = "the columns __MIN and __MAX are the same as the values: left aside"
        events.append(Event("derived", message, place, len(aside), warning=False))
    shared = {name: _within(column, kept) for name, column in whole.columns.items() if MARK not in name}
    placed = {name: _within(column, kept) for name, column in series.items()}
    steps = whole.steps[kept]
    own_steps = _own_steps(placed.get(STEP), len(steps)) if _is_counted(events) else None
    if own_steps is not None:
        steps = own_steps
        del placed[STEP]
        events = [event for event in events if event.kind != "missing_step"]
    columns = {name: column for name, column in {**shared, **placed}.items() if len(column.rows)}
    return Chunk(steps, columns, None, tuple(events))


def _without_envelopes(its: Mapping[str, Column]) -> tuple[dict[str, Column], list[str]]:
    """The series, and the names of the envelopes that say nothing more."""
    aside = [
        name
        for name, column in its.items()
        if name.endswith(ENVELOPE) and name[:-5] in its and _is_same(column, its[name[:-5]])
    ]
    return {name: column for name, column in its.items() if name not in aside}, aside


def _is_same(envelope: Column, column: Column) -> bool:
    """Whether every point of the envelope is that of the series."""
    at = np.searchsorted(column.rows, envelope.rows)
    inside = at < len(column.rows)
    if not inside.all() or not (column.rows[at] == envelope.rows).all():
        return False
    return np.array_equal(column.values[at], envelope.values, equal_nan=True)


def _within(column: Column, kept: Ints) -> Column:
    at = np.searchsorted(kept, column.rows)
    is_kept = (at < len(kept)) & (kept[np.minimum(at, len(kept) - 1)] == column.rows) if len(kept) else at < 0
    return Column(at[is_kept], column.values[is_kept])


def _is_counted(events: Sequence[Event]) -> bool:
    return any(event.kind == "missing_step" for event in events)


def _own_steps(column: Column | None, n_rows: int) -> Ints | None:
    return whole_steps(column.values) if column is not None and len(column.rows) == n_rows else None
