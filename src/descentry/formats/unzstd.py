"""Zstandard as a stream of pieces: frames in a row, torn tails and bombs included.  Needs the extra `zst`."""

from collections.abc import Iterator
from typing import Any

from descentry.formats.gunzip import Unpacker

MAGIC = b"\x28\xb5\x2f\xfd"
SLICE = 1 << 10
"""Input is fed in slices so small that no slice can unfold to more than some 32 MiB."""


class Unzstd(Unpacker):
    """Decompresses zstd, frame after frame.  Raises ImportError where the library is missing."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        import zstandard

        self._library: Any = zstandard
        self._frame: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most `size` bytes.  After a problem: nothing."""
        self.n_in += len(data)
        for start in range(0, len(data), SLICE):
            rest = data[start : start + SLICE]
            while rest and not self.problem:
                piece, rest = self._unfolded(rest)
                for at in range(0, len(piece), self._size):
                    yield from self._counted(piece[at : at + self._size])

    def end(self) -> str:
        """What is wrong at the end of the file, in words; "" when it ends with a whole frame."""
        if not self.problem and self._frame is not None:
            self.problem = f"the zstd data is cut off after {self.n_out} decompressed bytes"
        return self.problem

    def flush(self) -> bytes:
        """Nothing: a frame hands out whole blocks as they come."""
        return b""

    def _unfolded(self, data: bytes) -> tuple[bytes, bytes]:
        """What these bytes of one frame unfold to, and the bytes after the frame."""
        if self._frame is None:
            self._frame = self._library.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        try:
            piece: bytes = self._frame.decompress(data)
        except self._library.ZstdError as error:
            self.problem = f"the zstd data is damaged after {self.n_out} decompressed bytes ({error})"
            return b"", b""
        rest = b""
        if self._frame.eof:
            rest = self._frame.unused_data
            self._frame = None
        return piece, rest
