"""Gzip as a stream of pieces: members in a row, torn tails and bombs included."""

import zlib
from collections.abc import Iterator

MAGIC = b"\x1f\x8b"
MAX_BYTES = 256 << 20
"""Decompressed size that any file may have, however small it is packed."""
MAX_RATIO = 50
"""Beyond `MAX_BYTES` a log may be so many times its packed size."""
DENSE_BYTES = 24 << 20
DENSE_RATIO = 200
"""A log that packs better than this is no log: told beyond `DENSE_BYTES`, where repetition has evened out."""


class Unpacker:
    """Decompresses what is fed.  `problem` says in words why nothing more will come; "" while all is well.

    The base of `Gunzip` and `Unzstd`: counts bytes and stops where no log would unfold to so much.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.n_in = 0
        self.n_out = 0
        self.problem = ""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most `size` bytes.  After a problem: nothing."""
        yield from self._counted(data)

    def end(self) -> str:
        """What is wrong at the end of the file, in words; "" when all is whole."""
        return self.problem

    def flush(self) -> bytes:
        """What a torn piece still held back."""
        return b""

    def _counted(self, piece: bytes) -> Iterator[bytes]:
        self.n_out += len(piece)
        is_dense = self.n_out > DENSE_BYTES and self.n_out > DENSE_RATIO * self.n_in
        if is_dense or self.n_out > max(MAX_BYTES, MAX_RATIO * self.n_in):
            self.problem = f"decompresses to more than {self.n_out} bytes from {self.n_in}: stopped there"
        elif piece:
            yield piece


class Gunzip(Unpacker):
    """Decompresses gzip, member after member."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._inflate = zlib.decompressobj(wbits=31)
        self._between = True
        self.n_members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most `size` bytes.  After a problem: nothing."""
        self.n_in += len(data)
        while data and not self.problem:
            if self._inflate.eof or (self._between and self.n_members):
                data = self._next_member(data)
                continue
            self._between = False
            try:
                piece = self._inflate.decompress(data, self._size)
            except zlib.error as error:
                self.problem = f"the gzip data is damaged after {self.n_out} decompressed bytes ({error})"
                return
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if self._inflate.eof:
                self.n_members += 1
                self._between = True
            yield from self._counted(piece)

    def end(self) -> str:
        """What is wrong at the end of the file, in words; "" when it ends with a whole member."""
        if not self.problem and not self._between and not self._inflate.eof:
            self.problem = f"the gzip data is cut off after {self.n_out} decompressed bytes"
        return self.problem

    def flush(self) -> bytes:
        """What a torn member still held back."""
        if self._between or self.problem:
            return b""
        try:
            return self._inflate.flush()[: self._size]
        except zlib.error:
            return b""

    def _next_member(self, data: bytes) -> bytes:
        """Drops the zero padding between members and starts the next one; other bytes are a problem."""
        data = data.lstrip(b"\0")
        if data and not MAGIC.startswith(data[:2]):
            self.problem = f"{len(data)} bytes or more that are no gzip follow the gzip data"
            return b""
        if data:
            self._inflate = zlib.decompressobj(wbits=31)
            self._between = False
        return data
