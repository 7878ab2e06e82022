"""Pieces of text out of blocks of bytes: lines, and the states of bars that carriage returns part.

A log of bars alone may have no newline for hours, so a carriage return ends a piece as soon as the byte after
it shows that it is half of no newline.  Any split of the bytes gives the same pieces.
"""

import re

from descentry.formats.encodings import AsUtf8
from descentry.formats.lines import MAX_LINE, Block, n_lines
from descentry.record.event import Event

_END = re.compile(rb"\r?\n|\r")


class Pieces:
    """Cuts a stream of bytes behind newlines and behind carriage returns that stand alone."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._utf8 = AsUtf8()
        self._held: list[bytes] = []
        self._n_held = 0
        self._is_skipping = False
        self._return = False
        self._line = 1
        self.events: list[Event] = []

    @property
    def is_at_start(self) -> bool:
        """Whether a newline was the last that came."""
        return not (self._held or self._is_skipping or self._return)

    def feed(self, data: bytes) -> Block:
        """The pieces that are whole now, with what ends them; `line`: the number of the line they begin in."""
        data = self._utf8.feed(data)
        if self._return and data:
            data, self._return = b"\r" + data, False
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
        if not cut:
            self._hold(data)
            return Block(b"", self._line)
        whole = self._unskipped(b"".join((*self._held, data[:cut])))
        self._held, self._n_held = [], 0
        self._hold(data[cut:])
        block = Block(whole, self._line)
        self._line += n_lines(whole)
        return block

    def end(self) -> Block:
        """The last piece, when nothing ends it."""
        self._hold(self._utf8.feed(b"", final=True))
        last = [b"\r"] if self._return else []
        block = Block(b"" if self._is_skipping else b"".join((*self._held, *last)), self._line)
        self._held, self._n_held, self._return = [], 0, False
        return block

    def _hold(self, data: bytes) -> None:
        """Keeps the start of a piece; a carriage return at its end waits for the byte that tells what it is."""
        if not data:
            return
        self._return = data.endswith(b"\r")
        data = data[:-1] if self._return else data
        if self._is_skipping or not data:
            return
        self._held.append(data)
        self._n_held += len(data)
        if self._n_held > MAX_LINE:
            self._is_skipping = True
            self._held, self._n_held = [], 0
            message = f"a line of more than {MAX_LINE >> 20} MiB was left out"
            self.events.append(Event("bad_line", message, f"{self._name}:{self._line}"))

    def _unskipped(self, whole: bytes) -> bytes:
        """`whole` without the rest of a piece that was given up."""
        end = _END.search(whole) if self._is_skipping else None
        if end is None:
            return whole
        self._is_skipping = False
        self._line += end[0].endswith(b"\n")
        return whole[end.end() :]
