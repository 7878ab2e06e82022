"""Bytes of a CSV log to chunks: whole blocks as numbers where they are regular, else line by line."""

from collections.abc import Iterator, Mapping

import numpy as np

from descentry.formats.lines import Block, LineBlocks, Utf8
from descentry.record.chunk import Chunk, Column, Ints
from descentry.record.event import Event
from descentry.sources.labels import Labels, all_labelled
from descentry.sources.notes import Notes
from descentry.sources.numbers import wall_seconds
from descentry.sources.padding import Padding
from descentry.sources.rows import MAX_SERIES, Rows, joined, with_events
from descentry.sources.settings_columns import Settings
from descentry.sources.tables.csv_block import unquoted
from descentry.sources.tables.csv_cells import saw_number, value_of
from descentry.sources.tables.csv_grid import Grid, columns_of, grid_of, has_points, steps_of
from descentry.sources.tables.csv_labels import UNLABELLED, RowLabels
from descentry.sources.tables.csv_layout import (
    Layout,
    cells,
    delimiter_of,
    is_comment,
    is_header,
    with_header,
)
from descentry.sources.tables.csv_long import Long, point_of
from descentry.sources.tables.csv_long_block import every_row, long_block
from descentry.sources.tables.csv_nuls import Nuls
from descentry.sources.tables.csv_spelling import Spelling
from descentry.sources.tables.csv_start import Start
from descentry.sources.tables.csv_steps import RowSteps
from descentry.sources.tables.csv_tail import N_COMPARED, is_whole
from descentry.sources.tables.label_parts import sorted_columns

N_SHOWN = 8
"""Columns that are told by name."""


class CsvLines:
    """Bytes to chunks; see `drive.Decoder`.  `is_numbered`: the rows are counted, no column is the step."""

    def __init__(self, name: str, *, is_numbered: bool = False, labels: Labels = UNLABELLED) -> None:
        self._notes = Notes(name)
        self._labels = RowLabels(labels, self._notes)
        self._lines = LineBlocks(name, splits_at_cr=True)
        self._settings = Settings(name)
        self._padding = Padding(name)
        self._utf8 = Utf8(name)
        self._spelling = Spelling(self._notes)
        self._nuls = Nuls(self._notes)
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
        config = {**self._labels.config(), **self._ignored()}
        last = self._told([*pieces, Chunk(np.empty(0, np.int64), {}, None, (), config)])
        return with_events(last, self._padding.end())

    def _told(self, pieces: list[Chunk]) -> Chunk:
        events = (*self._lines.events, *self._utf8.events, *self._notes.take())
        self._lines.events, self._utf8.events = [], []
        return with_events(self._padding.feed(self._settings.without(joined(pieces))), events)

    def _ignored(self) -> dict[str, object]:
        columns = self._layout.columns if self._layout else []
        columns = [column for column in columns if column.n_texts and not column.is_numeric]
        names = [column.name for column in columns]
        flags = [column for column in columns if column.flag_at is not None]
        if flags:
            shown = ", ".join(f"`{column.name}`" for column in flags[:N_SHOWN])
            self._notes.add(
                "no_series", f"{shown} hold true or false: no series", flags[0].flag_at, warning=False
            )
        return {"ignored": sorted(names)} if names else {}

    def _last(self, block: Block) -> Chunk:
        """The rows of the last line, which has no newline."""
        block = Block(self._nuls.without(block.data, block.line, self._last_line()), block.line)
        if not block.data.strip():
            return self._rows.chunk()
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
            if b"\0" in block.data:
                block = Block(self._nuls.without(block.data, block.line, self._last_line()), block.line)
            self._previous = block.data[:-1].rsplit(b"\n", N_COMPARED)[-N_COMPARED:]
        while block.data and not (self._layout and self._layout.columns):
            end = block.data.index(b"\n") + 1
            line = self._utf8.decode(block.data[:end], block.line)
            pieces.append(self._known(self._start.take(line, block.line)))
            block = Block(block.data[end:], block.line + 1)
        if block.data:
            pieces.append(self._as_columns(block) or self._line_by_line(block))
        return joined(pieces) if pieces else self._rows.chunk()

    def _last_line(self) -> bytes:
        return self._previous[-1] if self._previous else b""

    def _known(self, layout: Layout | None) -> Chunk:
        """The rows among the first lines, once the layout is known."""
        if layout is None:
            return self._rows.chunk()
        for guess in layout.guesses:
            self._notes.add("derived", guess, 1)
        if len(layout) > MAX_SERIES:
            self._notes.add("too_many_series", f"more than {MAX_SERIES} columns: the rest is left out", 1)
        self._layout = layout
        self._labels.take_up(layout)
        self._steps.take_up(layout)
        for at, line in self._start.lines:
            self._row(line, at)
        return self._rows.chunk()

    # Rows: a whole block as numbers where it is regular, else line by line.

    def _as_columns(self, block: Block) -> Chunk | None:
        layout = self._layout
        if layout is None or self._spelling.must_be_read_by_row(block.data, layout.delimiter):
            return None
        parsed = grid_of(layout, unquoted(block.data, layout.delimiter, len(layout)))
        if parsed is None:
            return None
        if layout.long is not None:
            return self._long(layout.long, layout, parsed, block.line)
        columns = columns_of(layout, parsed.values)
        steps = steps_of(layout, parsed.values, self._steps.next_number)
        if steps is None or not has_points(columns, len(steps)):
            return None
        if layout.labels:
            return self._sorted(steps, columns, parsed, block.line)
        self._steps.saw_rows(steps)
        self._saw_numbers(columns)
        return Chunk(steps, columns, parsed.walls)

    def _long(self, long: Long, layout: Layout, grid: Grid, line: int) -> Chunk | None:
        """The points of a block of a long table; None where it is not regular."""
        steps = steps_of(layout, grid.values, self._steps.next_number)
        if steps is None:
            return None
        parts = (
            list(self._labels.parts(grid.texts, len(steps), line))
            if layout.labels
            else [("", every_row(steps))]
        )
        found = long_block(long, grid, steps, parts, self._rows.admits)
        if found is None:
            return None
        if found.n_refused:
            message = f"more than {MAX_SERIES} series: further names are left out"
            self._notes.put(Event("too_many_series", message, None, found.n_refused))
        self._steps.saw_rows(found.chunk.steps)
        return found.chunk

    def _sorted(self, steps: Ints, columns: Mapping[str, Column], grid: Grid, line: int) -> Chunk:
        """The rows of a block that are of this run, their series by their labels."""
        parts = list(self._labels.parts(grid.texts, len(steps), line))
        self._saw_numbers(columns)
        columns, kept = sorted_columns(columns, len(steps), parts)
        its_steps = steps[kept] if self._layout and self._layout.step is not None else steps[: len(kept)]
        self._steps.saw_rows(its_steps)
        return Chunk(its_steps, columns, None if grid.walls is None else grid.walls[kept])

    def _saw_numbers(self, columns: Mapping[str, Column]) -> None:
        for state in self._layout.columns if self._layout else ():
            if state.name in columns:
                saw_number(state, self._notes)

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
        row = self._spelling.row(cells(line, layout.delimiter), layout.delimiter, at)
        if is_header(row) and self._is_header_again(row, at):
            return
        prefix = self._labels.prefix(row, at) if layout.labels else ""
        if prefix is None:
            return
        self._tell_length(row, len(layout), at)
        self._steps.look(layout, row, at)
        points = list(self._points(layout, row, prefix, at))
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
            self._labels.take_up(self._layout)
            self._steps.take_up(self._layout)
        return True

    def _points(self, layout: Layout, row: list[str], prefix: str, at: int) -> Iterator[tuple[str, float]]:
        if layout.long is not None:
            yield from point_of(layout.long, row, prefix, at, self._notes)
            return
        if prefix:
            yield from self._prefixed(layout, row, prefix, at)
            return
        for i, (state, cell) in enumerate(zip(layout.columns[:MAX_SERIES], row, strict=False)):
            if not cell or i in (layout.step, layout.wall) or i in layout.labels or state.is_text:
                continue
            value = value_of(state, cell, at, self._notes)
            if value is not None:
                yield state.name, value

    def _prefixed(self, layout: Layout, row: list[str], prefix: str, at: int) -> Iterator[tuple[str, float]]:
        points = dict(self._points(layout, row, "", at))
        names = all_labelled(points, prefix)
        yield from ((names[name], value) for name, value in points.items())
