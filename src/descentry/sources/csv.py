"""CSV, TSV and the like: one row per logging step, columns by header.

Written by Lightning's and Keras's CSVLogger, ultralytics (`results.csv`), pandas, AlgoPerf, ColossalAI's
reward trainer (no header) and everybody's own `csv.writer`.

An empty cell was not logged; `nan` and `inf` in any spelling were.  Between semicolons `3,5` is 3.5.
The step is the best of the names in
`naming.STEP_NAMES`, else the row's number (told as `missing_step`).  A header that comes again marks a
restart.  A last line without newline is kept when it has all its cells.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from descentry.formats.lines import Block, LineBlocks, Utf8
from descentry.record.chunk import Chunk
from descentry.sources.csv_grid import columns_of, grid_of, has_points, steps_of
from descentry.sources.csv_layout import (
    ColumnState,
    Layout,
    cells,
    delimiter_of,
    is_header,
    with_header,
    with_points,
    without_header,
)
from descentry.sources.csv_long import merged, point_of
from descentry.sources.csv_sniff import is_csv
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_unlogged, number, step_of, wall_seconds
from descentry.sources.rows import MAX_SERIES, Rows, joined, with_events

format = "csv"

N_GUESSED = 8
"""Rows of bare numbers that are looked at before their columns are named."""


def matches(path: Path, head: bytes) -> bool:
    """True when the first lines have the same number of cells, and numbers in them."""
    return is_csv(path.name, head)


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks; a long table merged by step.  Raises UnreadableError."""
    lines: list[CsvLines] = []

    def opened(name: str) -> CsvLines:
        lines.append(CsvLines(name))
        return lines[-1]

    return merged(read_stream(path, opened), lambda: bool(lines) and lines[-1].is_long)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn last line waits.  Raises UnreadableError."""
    return follow_stream(path, CsvLines)


class CsvLines:
    """Bytes to chunks; see `drive.Decoder`."""

    def __init__(self, name: str) -> None:
        self._notes = Notes(name)
        self._lines = LineBlocks(name)
        self._utf8 = Utf8(name)
        self._rows = Rows()
        self._layout: Layout | None = None
        self._waiting: list[tuple[int, str]] = []
        self._last_step: int | None = None
        self._n_rows = 0

    @property
    def is_long(self) -> bool:
        """Whether each row holds one point and says its series' name."""
        return self._layout is not None and self._layout.long is not None

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now."""
        return self._told([self._decoded(self._lines.feed(data))])

    def end(self) -> Chunk:
        """The row of a last line without newline, if it has all its cells."""
        block = self._lines.end()
        pieces = [self._last(block)] if block.data.strip() else []
        if self._waiting:
            pieces.append(self._guess_layout())
        return self._told([*pieces, Chunk(np.empty(0, np.int64), {}, None, (), self._ignored())])

    def _told(self, pieces: list[Chunk]) -> Chunk:
        events = (*self._lines.events, *self._utf8.events, *self._notes.take())
        self._lines.events, self._utf8.events = [], []
        return with_events(joined(pieces), events)

    def _ignored(self) -> dict[str, object]:
        columns = self._layout.columns if self._layout else []
        names = [column.name for column in columns if column.n_texts and not column.is_numeric]
        return {"ignored": sorted(names)} if names else {}

    def _last(self, block: Block) -> Chunk:
        row = cells(self._utf8.decode(block.data, block.line), self._layout.delimiter) if self._layout else []
        if self._layout is None or len(row) == len(self._layout):
            return self._decoded(Block(block.data + b"\n", block.line))
        self._notes.add("torn_tail", "the last line is cut off and was left out", block.line)
        return self._rows.chunk()

    def _decoded(self, block: Block) -> Chunk:
        pieces: list[Chunk] = []
        while block.data and not (self._layout and self._layout.columns):
            end = block.data.index(b"\n") + 1
            pieces.append(self._first_lines(self._utf8.decode(block.data[:end], block.line), block.line))
            block = Block(block.data[end:], block.line + 1)
        if block.data:
            pieces.append(self._body(block))
        return joined(pieces) if pieces else self._rows.chunk()

    def _body(self, block: Block) -> Chunk:
        return self._as_columns(block.data) or self._line_by_line(block)

    # The layout: from the header and the first row, or from the first rows of bare numbers.

    def _first_lines(self, line: str, at: int) -> Chunk:
        """Takes a line in while the layout is unknown; yields rows once it is known."""
        if not line.strip() or (line.startswith("#") and not self._waiting):
            return self._rows.chunk()
        self._waiting.append((at, line))
        first = self._waiting[0][1]
        if is_header(cells(first, delimiter_of(first))):
            return self._named_layout() if len(self._waiting) > 1 else self._rows.chunk()
        return self._guess_layout() if len(self._waiting) >= N_GUESSED else self._rows.chunk()

    def _named_layout(self) -> Chunk:
        delimiter = delimiter_of(self._waiting[0][1])
        header, first = (cells(line, delimiter) for _, line in self._waiting[:2])
        self._set_layout(with_header(header, with_points(first, delimiter), delimiter))
        return self._replay(1)

    def _guess_layout(self) -> Chunk:
        delimiter = delimiter_of(self._waiting[0][1])
        rows = [cells(line, delimiter) for _, line in self._waiting]
        if is_header(rows[0]):
            self._set_layout(with_header(rows[0], [], delimiter))
            return self._replay(1)
        self._set_layout(without_header(rows, delimiter))
        return self._replay(0)

    def _set_layout(self, layout: Layout) -> None:
        self._layout = layout
        for guess in layout.guesses:
            self._notes.add("derived", guess, 1)
        if len(layout) > MAX_SERIES:
            self._notes.add("too_many_series", f"more than {MAX_SERIES} columns: the rest is left out", 1)
        if layout.step is None:
            self._notes.add("missing_step", "no step is logged: the number of the row stands for it", 1)

    def _replay(self, start: int) -> Chunk:
        waiting, self._waiting = self._waiting[start:], []
        for at, line in waiting:
            self._row(line, at)
        return self._rows.chunk()

    # Rows: a whole block as numbers where it is regular, else line by line.

    def _as_columns(self, data: bytes) -> Chunk | None:
        layout = self._layout
        parsed = None if layout is None else grid_of(layout, data)
        if layout is None or parsed is None:
            return None
        grid, walls = parsed
        columns = columns_of(layout, grid)
        steps = steps_of(layout, grid, self._n_rows)
        if steps is None or not has_points(columns, len(grid)):
            return None
        self._n_rows += len(grid)
        self._last_step = int(steps[-1])
        for state in layout.columns:
            if state.name in columns:
                self._saw_number(state, None)
        return Chunk(steps, columns, walls)

    def _line_by_line(self, block: Block) -> Chunk:
        text = self._utf8.decode(block.data, block.line)
        for at, line in enumerate(text.removesuffix("\n").split("\n"), block.line):
            self._row(line, at)
        return self._rows.chunk()

    def _row(self, line: str, at: int) -> None:
        layout = self._layout
        if layout is None or not line.strip(" \t\r\0"):
            return
        row = with_points(cells(line, layout.delimiter), layout.delimiter)
        if is_header(row) and self._is_header_again(row, at):
            return
        if len(row) != len(layout):
            self._notes.add(
                "bad_line", f"has {len(row)} cells, expected {len(layout)}; read as far as it goes", at
            )
        points = list(self._points(layout, row, at))
        if points:
            wall = (
                wall_seconds(row[layout.wall]) if layout.wall is not None and layout.wall < len(row) else None
            )
            self._rows.add(self._step(layout, row, at), points, wall)
            self._n_rows += 1

    def _is_header_again(self, row: list[str], at: int) -> bool:
        """Whether a row without numbers is the header once more, or a new one."""
        layout = self._layout
        if layout is None or layout.header is None or not set(row) & {cell for cell in layout.header if cell}:
            return False
        self._notes.add("resume", "the header comes again: the log was taken up anew", at, warning=False)
        if tuple(row) != layout.header:
            self._notes.add("new_header", "the columns change here", at)
            known = {column.name: column for column in layout.columns}
            self._layout = with_header(row, [], layout.delimiter)
            self._layout.columns = [known.get(column.name, column) for column in self._layout.columns]
        return True

    def _step(self, layout: Layout, row: list[str], at: int) -> int:
        """The step of a row; the one before where it has none."""
        if layout.step is None:
            return self._n_rows
        value = number(row[layout.step]) if layout.step < len(row) else None
        step = None if value is None else step_of(value)
        if step is None:
            self._notes.add("missing_step", "rows without a step take the step of the row before them", at)
            step = self._n_rows if self._last_step is None else self._last_step
        self._last_step = step
        return step

    def _points(self, layout: Layout, row: list[str], at: int) -> Iterator[tuple[str, float]]:
        if layout.long is not None:
            yield from point_of(layout.long, row, at, self._notes)
            return
        for i, (state, cell) in enumerate(zip(layout.columns[:MAX_SERIES], row, strict=False)):
            if i in (layout.step, layout.wall) or state.is_text or is_unlogged(cell):
                continue
            value = number(cell)
            if value is not None:
                self._saw_number(state, at)
                yield state.name, value
            elif state.is_numeric:
                message = f"`{state.name}` is {quoted(cell)}, expected a number; kept as NaN"
                self._notes.add("bad_value", message, at)
                yield state.name, math.nan
            else:
                state.n_texts += 1

    def _saw_number(self, state: ColumnState, at: int | None) -> None:
        if not state.is_numeric and state.n_texts:
            message = f"`{state.name}` held text before its first number; left out"
            self._notes.add("bad_value", message, at, count=state.n_texts)
        state.is_numeric = True
