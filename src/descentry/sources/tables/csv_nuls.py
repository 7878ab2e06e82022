"""Lines of a table that hold NULs: what a file system leaves of a write that a power loss cut off.

A run of NULs stands for text that is lost, so the rest of its line may be a piece of a row.  It is kept where it
is the end of the line, has as many cells as the line before, and a first cell that is not shorter; else it is
left out and told.
"""

import re

from descentry.sources.notes import Notes

NUL = b"\0"
_RUN = re.compile(rb"\0+")
_FIRST = re.compile(rb"[,;\t|]")
_MARKS = (b",", b";", b"\t", b"|")
MAX_SHARE = 0.5
"""Lines with NULs in the first lines of a file; one with more is no text."""


class Nuls:
    """Blanks what NULs have made of lines; the number of lines stays."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def without(self, data: bytes, line: int, before: bytes) -> bytes:
        """The lines of `data`, from `line` on, without NULs.  `before`: the line before them."""
        if NUL not in data:
            return data
        lines = data.split(b"\n")
        for at, text in enumerate(lines):
            if NUL in text:
                message = "NUL bytes, where a write was lost, were left out"
                self._notes.add("nul_bytes", message, line + at, count=text.count(NUL))
                lines[at] = self._kept(text, before, line + at)
            before = lines[at] or before
        return b"\n".join(lines)

    def _kept(self, text: bytes, before: bytes, line: int) -> bytes:
        *pieces, last = _RUN.split(text)
        is_whole = _is_like(last, before)
        if any(piece.strip() for piece in pieces) or (last.strip() and not is_whole):
            self._notes.add("bad_line", "the rest of a line beside NUL bytes was left out", line)
        return last if is_whole else b""


def _is_like(row: bytes, before: bytes) -> bool:
    """Whether a row has the cells of the one before, the first of them not shorter."""
    first, other = (_FIRST.split(text, maxsplit=1)[0] for text in (row, before))
    has_its_cells = all(row.count(mark) == before.count(mark) for mark in _MARKS)
    return bool(row.strip()) and has_its_cells and len(first) >= len(other)


def without_nul_lines(head: bytes) -> bytes:
    """The first lines of a file without those that hold NULs; as they are where these are many."""
    if NUL not in head:
        return head
    lines = head.split(b"\n")
    kept = [line for line in lines if NUL not in line]
    return b"\n".join(kept) if len(lines) - len(kept) <= MAX_SHARE * len(lines) + 1 else head
