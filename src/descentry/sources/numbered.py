"""A second look at the start of a log whose step turned out to hold fractions: its rows are counted instead."""

from collections.abc import Callable
from typing import Protocol

from descentry.record.chunk import Chunk
from descentry.sources.rows import joined

MAX_HELD = 4 << 20
"""Bytes at the start that are kept for a second look."""


class StepDecoder(Protocol):
    """A decoder of `drive` that says whether what it took for the step holds fractions."""

    @property
    def is_fractional(self) -> bool: ...

    def feed(self, data: bytes) -> Chunk: ...

    def end(self) -> Chunk: ...


class SecondLook:
    """Feeds a decoder; where its first rows show fractional steps, they are read anew with counted rows.

    `make`: the decoder, with its rows counted or not.  Later fractions are the decoder's own affair.
    """

    def __init__(self, make: Callable[[bool], StepDecoder]) -> None:
        self._make = make
        self._decoder = make(False)
        self._held: list[bytes] | None = []

    def feed(self, data: bytes) -> Chunk:
        """The decoder's rows."""
        chunk = self._decoder.feed(data)
        if self._held is None:
            return chunk
        self._held.append(data)
        if self._decoder.is_fractional:
            chunk = self._anew()
        if chunk.n_rows or sum(map(len, self._held)) > MAX_HELD:
            self._held = None
        return chunk

    def end(self) -> Chunk:
        """The decoder's last rows."""
        chunk = self._decoder.end()
        if self._held is not None and self._decoder.is_fractional:
            return joined([self._anew(), self._decoder.end()])
        return chunk

    def _anew(self) -> Chunk:
        self._decoder = self._make(True)
        return self._decoder.feed(b"".join(self._held or ()))
