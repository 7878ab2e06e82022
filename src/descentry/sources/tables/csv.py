"""CSV, TSV and the like: one row per logging step, columns by header.

Written by Lightning's and Keras's CSVLogger, ultralytics (`results.csv`), pandas, AlgoPerf, Ray Tune
(`progress.csv`), ColossalAI's reward trainer (no header) and everybody's own `csv.writer`.

An empty cell was not logged; `nan` and `inf` in any spelling were.  Between semicolons `3,5` is 3.5.
The step is the best of the names in
`naming.STEP_NAMES`, else the row's number (told as `missing_step`).  A header that comes again marks a
restart.  Comment lines and titles above the header are passed over and told.  A last line without newline is kept
when its last cell is as long as the one above it.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from descentry.formats.lines import Block, LineBlocks, Utf8
from descentry.record.chunk import Chunk
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.notes import Notes
from descentry.sources.numbered import SecondLook
from descentry.sources.numbers import wall_seconds
from descentry.sources.padding import Padding
from descentry.sources.rows import MAX_SERIES, Rows, joined, with_events
from descentry.sources.settings_columns import Settings
from descentry.sources.tables.csv_cells import saw_number, value_of
from descentry.sources.tables.csv_grid import columns_of, grid_of, has_points, steps_of
from descentry.sources.tables.csv_layout import (
    Layout,
    cells,
    delimiter_of,
    is_comment,
    is_header,
    row_cells,
    with_header,
)
from descentry.sources.tables.csv_long import merged, point_of
from descentry.sources.tables.csv_sniff import is_csv
from descentry.sources.tables.csv_start import Start
from descentry.sources.tables.csv_steps import RowSteps
from descentry.sources.tables.csv_tail import N_COMPARED, is_whole

format = "csv"


def matches(path: Path, head: bytes) -> bool:
    """True when the first lines have the same number of cells, and numbers in them."""
    return is_csv(path.name, head)


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks; a long table merged by step.  Raises UnreadableError."""
    lines: list[CsvLines] = []

    def looked_at(name: str) -> SecondLook:
        return SecondLook(lambda is_numbered: opened(name, is_numbered))

    def opened(name: str, is_numbered: bool) -> CsvLines:
        lines.append(CsvLines(name, is_numbered=is_numbered))
        return lines[-1]

    return merged(read_stream(path, looked_at), lambda: bool(lines) and lines[-1].is_long)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn last line waits.  Raises UnreadableError."""
    return follow_stream(path, _decoder)


def _decoder(name: str) -> SecondLook:
    return SecondLook(lambda is_numbered: CsvLines(name, is_numbered=is_numbered))


class CsvLines:
    """Bytes to chunks; see `drive.Decoder`.  `is_numbered`: the rows are counted, no column is the step."""

    def __init__(self, name: str, *, is_numbered: bool = False) -> None:
        self._notes = Notes(name)
        self._lines = LineBlocks(name, splits_at_cr=True)
        self._settings = Settings(name)
        self._padding = Padding(name)
        self._utf8 = Utf8(name)
        self._rows = Rows()
        self._start = Start(self._notes)
        self._layout: Layout | None = None
        self._steps = RowSteps(self._notes, is_numbered=is_numbered)
        self._previous: list[bytes] = []

    @property
    def is_long(self) -> bool:
        """Whether each row holds one point and says its series' name."""
        return self._layout is not None and self._layout.long is not None

    @property
    def is_fractional(self) -> bool:
        """Whether what was taken for the step holds fractions."""
        return self._steps.is_fractional and not self.is_long

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now."""
        return self._told([self._decoded(self._lines.feed(data))])

    def end(self) -> Chunk:
        """The row of a last line without newline, if it looks whole."""
        block = self._lines.end()
        pieces = [self._last(block)] if block.data.strip() else []
        if self._layout is None:
            pieces.append(self._known(self._start.finish()))
        last = self._told([*pieces, Chunk(np.empty(0, np.int64), {}, None, (), self._ignored())])
        return with_events(last, self._padding.end())

    def _told(self, pieces: list[Chunk]) -> Chunk:
        events = (*self._lines.events, *self._utf8.events, *self._notes.take())
        self._lines.events, self._utf8.events = [], []
        return with_events(self._padding.feed(self._settings.without(joined(pieces))), events)

    def _ignored(self) -> dict[str, object]:
        columns = self._layout.columns if self._layout else []
        names = [column.name for column in columns if column.n_texts and not column.is_numeric]
        return {"ignored": sorted(names)} if names else {}

    def _last(self, block: Block) -> Chunk:
        """The rows of the last line, which has no newline."""
        line = self._utf8.decode(block.data, block.line)
        delimiter = self._layout.delimiter if self._layout else delimiter_of(line)
        before = [cells(text.decode("utf-8", "replace"), delimiter) for text in self._previous]
        if block.data.endswith(b"\r"):
            return self._decoded(Block(block.data + b"\n", block.line))
        if is_whole(cells(line, delimiter), before):
            message = "the last line has no newline, but looks whole and was kept"
            self._notes.add("torn_tail", message, block.line, warning=False)
            return self._decoded(Block(block.data + b"\n", block.line))
        self._notes.add("torn_tail", "the last line is cut off and was left out", block.line)
        return self._rows.chunk()

    def _decoded(self, block: Block) -> Chunk:
        pieces: list[Chunk] = []
        if block.data:
            self._previous = block.data[:-1].rsplit(b"\n", N_COMPARED)[-N_COMPARED:]
        while block.data and not (self._layout and self._layout.columns):
            end = block.data.index(b"\n") + 1
            line = self._utf8.decode(block.data[:end], block.line)
            pieces.append(self._known(self._start.take(line, block.line)))
            block = Block(block.data[end:], block.line + 1)
        if block.data:
            pieces.append(self._as_columns(block.data) or self._line_by_line(block))
        return joined(pieces) if pieces else self._rows.chunk()

    def _known(self, layout: Layout | None) -> Chunk:
        """The rows among the first lines, once the layout is known."""
        if layout is None:
            return self._rows.chunk()
        for guess in layout.guesses:
            self._notes.add("derived", guess, 1)
        if len(layout) > MAX_SERIES:
            self._notes.add("too_many_series", f"more than {MAX_SERIES} columns: the rest is left out", 1)
        self._layout = layout
        self._steps.take_up(layout)
        for at, line in self._start.lines:
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
        steps = steps_of(layout, grid, self._steps.next_number)
        if steps is None or not has_points(columns, len(grid)):
            return None
        self._steps.saw_rows(steps)
        for state in layout.columns:
            if state.name in columns:
                saw_number(state, self._notes)
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
        if is_comment(line):
            self._notes.add("bad_line", "comment lines were left out", at, warning=False)
            return
        row = row_cells(line, layout.delimiter)
        if is_header(row) and self._is_header_again(row, at):
            return
        self._tell_length(row, len(layout), at)
        self._steps.look(layout, row, at)
        points = list(self._points(layout, row, at))
        if points:
            has_wall = layout.wall is not None and layout.wall < len(row)
            wall = wall_seconds(row[layout.wall]) if has_wall and layout.wall is not None else None
            self._rows.add(self._steps.of(layout, row, at), points, wall)
            self._steps.n_rows += 1

    def _tell_length(self, row: list[str], n: int, at: int) -> None:
        if len(row) == n + 1 and not row[-1]:
            self._notes.add("bad_line", "rows end with a delimiter", at, warning=False)
        elif len(row) != n:
            self._notes.add("bad_line", f"has {len(row)} cells, expected {n}; read as far as it goes", at)

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
            self._steps.take_up(self._layout)
        return True

    def _points(self, layout: Layout, row: list[str], at: int) -> Iterator[tuple[str, float]]:
        if layout.long is not None:
            yield from point_of(layout.long, row, at, self._notes)
            return
        for i, (state, cell) in enumerate(zip(layout.columns[:MAX_SERIES], row, strict=False)):
            if not cell or i in (layout.step, layout.wall) or state.is_text:
                continue
            value = value_of(state, cell, at, self._notes)
            if value is not None:
                yield state.name, value
