"""The first lines of a CSV log: comments and titles are passed over until the layout is known."""

from descentry.sources.notes import Notes, quoted
from descentry.sources.tables.csv_layout import (
    Layout,
    delimiter_of,
    is_comment,
    is_good_header,
    is_header,
    row_cells,
    with_header,
    without_header,
)

N_GUESSED = 8
"""Rows of bare numbers that are looked at before their columns are named."""


class Start:
    """Takes lines until they give a layout; `lines` are then the rows among them, with their numbers."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._comment: tuple[int, str] | None = None
        self.lines: list[tuple[int, str]] = []

    @property
    def n_cells(self) -> int:
        """The number of cells of the first line that waits, 0 when none does."""
        return len(_cells(self.lines[0][1])) if self.lines else 0

    def take(self, line: str, at: int) -> Layout | None:
        """The layout, if it is known with this line."""
        if not line.strip():
            return None
        if is_comment(line):
            self._pass_comment(line, at)
            return None
        self.lines.append((at, line))
        self._drop_titles()
        first, last = _cells(self.lines[0][1]), _cells(line)
        is_full = len(self.lines) >= N_GUESSED
        if is_header(first):
            may_be_title = len(first) == 1 and is_header(last) and not is_full
            return self._named() if len(self.lines) > 1 and not may_be_title else None
        if self._takes_comment_as_header(first):
            return self._named()
        return self.finish() if is_full else None

    def finish(self) -> Layout | None:
        """The layout that the lines so far give, None when there are none."""
        if not self.lines:
            return None
        if is_header(_cells(self.lines[0][1])):
            return self._named()
        delimiter = delimiter_of(self.lines[0][1])
        return without_header([row_cells(line, delimiter) for _, line in self.lines], delimiter)

    def _named(self) -> Layout:
        delimiter = delimiter_of(self.lines[0][1])
        header, *rows = (row_cells(line, delimiter) for _, line in self.lines[:2])
        del self.lines[0]
        return with_header(header, rows[0] if rows else [], delimiter)

    def _pass_comment(self, line: str, at: int) -> None:
        if not self.lines:
            self._comment = (at, line.lstrip().lstrip("#"))
        self._notes.add("bad_line", "comment lines were left out", at, warning=False)

    def _takes_comment_as_header(self, first: list[str]) -> bool:
        """Whether the comment above the first row names its columns, as numpy's `savetxt` writes it."""
        if self._comment is None:
            return False
        names = row_cells(self._comment[1], delimiter_of(self.lines[0][1]))
        if len(names) != len(first) or not is_header(names):
            return False
        self.lines.insert(0, self._comment)
        return True

    def _drop_titles(self) -> None:
        """Leaves out lines above a header that names a step or a loss, and tells of each."""
        if len(self.lines) < 2 or not is_good_header(_cells(self.lines[-1][1])):
            return
        if is_good_header(_cells(self.lines[0][1])):
            return
        for at, line in self.lines[:-1]:
            shown = quoted(line.strip())
            self._notes.add("bad_line", f"stands above the header and was left out: {shown}", at)
        del self.lines[:-1]


def _cells(line: str) -> list[str]:
    return row_cells(line, delimiter_of(line))
