"""The labels of the rows of a CSV log: which rows are of its run, and what goes in front of their names."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from descentry.formats.blocks import blocks, head
from descentry.formats.lines import Block, LineBlocks
from descentry.record.chunk import Ints
from descentry.sources.labels import Labels, Sorter, spelled
from descentry.sources.notes import Notes
from descentry.sources.numbers import number
from descentry.sources.survey import Found, Survey
from descentry.sources.tables.csv_layout import Layout, cells, is_comment
from descentry.sources.tables.csv_start import Start
from descentry.sources.tables.csv_tail import N_COMPARED, is_whole

N_LOOKED_AT = 1 << 14
"""Bytes in which a header is looked for."""
UNLABELLED = Labels()
_NOTHING: Found = [("", UNLABELLED)]


def survey(path: Path) -> Found:
    """The runs of the log with their labels.  Only a log with columns of labels is read for that.

    Raises UnreadableError.
    """
    start = _Cells(path.name)
    start.feed(head(path, N_LOOKED_AT))
    if not start.end() or not start.names:
        return _NOTHING
    whole = _Cells(path.name)
    for block in blocks(path):
        whole.feed(block)
    whole.end()
    return _NOTHING if whole.survey is None else whole.survey.runs(str(path))


class _Cells:
    """Bytes to cells of the columns that a survey wants."""

    def __init__(self, name: str) -> None:
        self._lines = LineBlocks(name, splits_at_cr=True)
        self._start = Start(Notes(name))
        self._layout: Layout | None = None
        self._last: list[str] = []
        self.survey: Survey | None = None
        self.names: list[str] = []

    def feed(self, data: bytes) -> None:
        self._take(self._lines.feed(data))

    def end(self) -> bool:
        """The input has ended; whether its layout is known."""
        last = self._lines.end()
        # A label that is cut off names no run: such a line is not read, either.
        if self._layout is None or self._is_whole(last.data):
            self._take(last)
        if self._layout is None:
            self._known(self._start.finish())
        return self._layout is not None

    def _take(self, block: Block) -> None:
        lines = block.data.decode("utf-8", "replace").removesuffix("\n").split("\n") if block.data else []
        self._last = lines[-N_COMPARED:] or self._last
        at = 0
        while self._layout is None and at < len(lines):
            self._known(self._start.take(lines[at], at))
            at += 1
        if self.names:
            self._look(lines[at:])

    def _is_whole(self, last: bytes) -> bool:
        layout = self._layout
        if layout is None or self.survey is None or not last.strip() or last.endswith(b"\r"):
            return True
        row = cells(last.decode("utf-8", "replace"), layout.delimiter)
        if not row[-1] and layout.columns[-1].name in self.survey.labels:
            return False
        return is_whole(row, [cells(line, layout.delimiter) for line in self._last])

    def _known(self, layout: Layout | None) -> None:
        if layout is None:
            return
        self._layout = layout
        if layout.header is not None:
            self.survey = Survey([column.name for column in layout.columns])
            self.names = self.survey.names
        self._look([line for _, line in self._start.lines])

    def _look(self, lines: Sequence[str]) -> None:
        layout = self._layout
        if layout is None or self.survey is None or not self.names:
            return
        indices = {name: index_of(layout, name) for name in self.names}
        rows = [
            row
            for line in lines
            if line.strip(" \t\r") and "\0" not in line and not is_comment(line)
            for row in (cells(line, layout.delimiter),)
            if tuple(row) != layout.header
        ]
        self.survey.add({name: [label_at(row, i) for row in rows] for name, i in indices.items()})


def index_of(layout: Layout, name: str) -> int:
    """Where the column of that name stands, -1 where there is none."""
    return next((i for i, column in enumerate(layout.columns) if column.name == name), -1)


def label_at(row: Sequence[str], i: int) -> str:
    """The label in a cell; "" where there is none."""
    return label(row[i]) if 0 <= i < len(row) else ""


def label(cell: str) -> str:
    """A cell as a label: `2.0` is `2`."""
    value = number(cell) if "." in cell else None
    return cell[:400] if value is None else spelled(value)


class RowLabels:
    """Sorts the rows of one layout."""

    def __init__(self, labels: Labels, notes: Notes) -> None:
        self._sorter = Sorter(labels, notes)
        self.labels = labels
        self._notes = notes
        self.indices: tuple[int, ...] = ()

    def take_up(self, layout: Layout) -> None:
        """Finds the columns of labels in a layout, which then hold no series."""
        self.indices = tuple(index_of(layout, name) for name in self._sorter.names)
        layout.labels = frozenset(i for i in self.indices if i >= 0)
        step = index_of(layout, self.labels.step) if self.labels.step else -1
        if step >= 0:
            layout.step = step
            self._notes.add("derived", self.labels.step_event)

    def config(self) -> dict[str, object]:
        """What the run is called by its columns."""
        return self._sorter.config()

    def prefix(self, row: Sequence[str], at: int) -> str | None:
        """What goes in front of the names of a row's series; None for a row of another run."""
        prefix = (
            self._sorter.prefix(tuple(label_at(row, i) for i in self.indices), at) if self.indices else ""
        )
        if prefix is None:
            self._sorter.tell_others(at, 1)
        return prefix

    def parts(self, texts: Mapping[int, list[bytes]], n: int, line: int) -> Iterator[tuple[str, Ints]]:
        """(prefix, rows) of the rows of this run in a block, by the cells of its columns of labels."""
        columns = [[_decoded(cell) for cell in texts[i]] if i >= 0 else [""] * n for i in self.indices]
        rows: dict[tuple[str, ...], list[int]] = {}
        for at, key in enumerate(zip(*columns, strict=True)):
            rows.setdefault(key, []).append(at)
        merged: dict[str, list[int]] = {}
        for key, its in rows.items():
            prefix = self._sorter.prefix(key, line + its[0])
            if prefix is None:
                self._sorter.tell_others(line + its[0], len(its))
            else:
                merged.setdefault(prefix, []).extend(its)
        for prefix, its in merged.items():
            yield prefix, np.array(sorted(its), np.int64)


def _decoded(cell: bytes) -> str:
    return label(cell.decode("utf-8", "replace").strip())
