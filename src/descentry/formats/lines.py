"""Whole lines out of blocks of bytes, as UTF-8: byte-order marks and UTF-16 are seen through.

`LineBlocks` holds a torn line back until its end comes; `text` decodes and counts what is no UTF-8.
"""

import re
from typing import NamedTuple

import numpy as np

from descentry.formats.encodings import AsUtf8
from descentry.record.event import Event

MAX_LINE = 8 << 20
"""Bytes of one line that are kept waiting for its end; no log line is longer, and memory stays bounded."""

NEWLINE = 10
_LINE_END = re.compile(rb"\n|\r(?=[^\r\n])")


class Block(NamedTuple):
    """`data`: whole lines, with their newlines (the log's last may lack it); `line`: number of the first."""

    data: bytes
    line: int


class LineBlocks:
    """Cuts a stream of bytes at newlines.  Any split of the bytes gives the same lines.

    `splits_at_cr`: where a carriage return ends the first line, it ends every line.
    """

    def __init__(self, name: str, *, splits_at_cr: bool = False) -> None:
        self._name = name
        self._ends_at_cr: bool | None = None if splits_at_cr else False
        self._utf8 = AsUtf8()
        self._parts: list[bytes] = []
        self._n_held = 0
        self._skipping = False
        self._line = 1
        self.events: list[Event] = []

    def feed(self, data: bytes) -> Block:
        """The lines that are whole now; `data` is empty when there is none."""
        data = self._with_newlines(self._utf8.feed(data))
        cut = data.rfind(b"\n") + 1
        if not cut:
            self._hold(data)
            return Block(b"", self._line)
        whole = b"".join((*self._parts, data[:cut]))
        self._parts, self._n_held = [], 0
        whole = self._unskipped(whole)
        block = Block(whole, self._line)
        self._line += n_lines(whole)
        self._hold(data[cut:])
        return block

    def end(self) -> Block:
        """The last line, when it has no newline."""
        self._hold(self._utf8.feed(b"", final=True))
        block = Block(b"" if self._skipping else b"".join(self._parts), self._line)
        self._parts, self._n_held = [], 0
        return block

    def _with_newlines(self, data: bytes) -> bytes:
        """`data` with newlines for carriage returns, once the first end of a line shows that these are meant."""
        if self._ends_at_cr is None:
            # A carriage return tells its meaning by the byte after it: the last one held may wait for that.
            last = self._parts[-1][-1:] if self._parts else b""
            end = _LINE_END.search(last + data)
            if end is not None:
                self._ends_at_cr = end[0] != b"\n"
            if self._ends_at_cr:
                data = b"".join((*self._parts, data))
                self._parts, self._n_held = [], 0
        return data.replace(b"\r", b"\n") if self._ends_at_cr else data

    def _hold(self, data: bytes) -> None:
        if not data or self._skipping:
            return
        self._parts.append(data)
        self._n_held += len(data)
        if self._n_held > MAX_LINE:
            self._skipping = True
            self._parts, self._n_held = [], 0
            message = f"a line of more than {MAX_LINE >> 20} MiB was left out"
            self.events.append(Event("bad_line", message, f"{self._name}:{self._line}"))

    def _unskipped(self, whole: bytes) -> bytes:
        """`whole` without the rest of a line that was given up."""
        if not self._skipping:
            return whole
        self._skipping = False
        self._line += 1
        return whole[whole.index(b"\n") + 1 :]


def n_lines(data: bytes) -> int:
    """How many newlines there are; where they are dense, numpy counts five times as fast as `bytes` does."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == NEWLINE))


def plain_head(head: bytes, *, splits_at_cr: bool = False) -> bytes:
    """`head` as UTF-8 without a byte-order mark, for `matches`."""
    lines = LineBlocks("", splits_at_cr=splits_at_cr)
    return lines.feed(head).data + lines.end().data


class Utf8:
    """Decodes UTF-8; bytes that are none become U+FFFD, and that is told once per log."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told = False
        self.events: list[Event] = []

    def decode(self, data: bytes, line: int) -> str:
        """`data` as text.  `line`: where it stands, for the event."""
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            if not self._told:
                message = "bytes that are no UTF-8 were replaced"
                self.events.append(Event("encoding", message, f"{self._name}:{line}"))
                self._told = True
            return data.decode("utf-8", "replace")
