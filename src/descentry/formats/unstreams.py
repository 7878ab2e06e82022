"""bzip2 and xz as streams of pieces: streams in a row, torn tails and bombs included.

Python's own libraries are loaded when needed: a Python may be built without them.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from descentry.formats.gunzip import Unpacker

BZ2_MAGICS = tuple(
    b"BZh%d" % level + start for level in range(1, 10) for start in (b"1AY&SY", b"\x17rE8P\x90")
)
"""Level, then the first block's mark or, in an empty stream, the end's."""
XZ_MAGIC = b"\xfd7zXZ\0"
MAX_MEMORY = 128 << 20
"""Bytes that unpacking xz may take: `xz -9` needs 65 MiB."""


class _Stream(Protocol):
    """What both of Python's decompressors are."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class Streams(Unpacker):
    """Decompresses stream after stream.

    `kind`: the packer's name, for messages; `magics`: what a stream begins with; `opened`: starts one; `error`:
    what it raises for damage.
    """

    def __init__(
        self,
        size: int,
        kind: str,
        magics: tuple[bytes, ...],
        opened: Callable[[], _Stream],
        error: type[Exception],
    ) -> None:
        super().__init__(size)
        self._kind = kind
        self._magics = magics
        self._open = opened
        self._error = error
        self._stream: _Stream | None = None
        self._start = b""
        self._n_streams = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most `size` bytes.  After a problem: nothing."""
        self.n_in += len(data)
        while not self.problem:
            if self._stream is None:
                data = self._next_stream(data)
            if self._stream is None:
                return
            piece = self._unfolded(self._stream, data)
            yield from self._counted(piece)
            data = b""
            if self._stream.eof:
                data, self._stream = self._stream.unused_data, None
                self._n_streams += 1
            elif self._stream.needs_input:
                return

    def end(self) -> str:
        """What is wrong at the end of the file, in words; "" when it ends with a whole stream."""
        if not self.problem and (self._stream is not None or self._start):
            self.problem = f"the {self._kind} data is cut off after {self.n_out} decompressed bytes"
        return self.problem

    def _unfolded(self, stream: _Stream, data: bytes) -> bytes:
        try:
            return stream.decompress(data, self._size)
        except self._error as error:
            where = f"after {self.n_out} decompressed bytes"
            self.problem = f"the {self._kind} data is damaged {where} ({error})"
            return b""

    def _next_stream(self, data: bytes) -> bytes:
        """Drops the padding between streams and starts the next one; other bytes are a problem."""
        data = (self._start + data).lstrip(b"\0") if self._n_streams else self._start + data
        self._start = b""
        if data.startswith(self._magics):
            self._stream = self._open()
        elif any(magic.startswith(data) for magic in self._magics):
            self._start = data
        else:
            self.problem = f"{len(data)} bytes or more that are no {self._kind} follow the {self._kind} data"
        return data


def unbz2(size: int) -> Unpacker:
    """Decompresses bzip2.  Raises ImportError where Python has no bz2."""
    from bz2 import BZ2Decompressor

    return Streams(size, "bzip2", BZ2_MAGICS, BZ2Decompressor, OSError)


def unxz(size: int) -> Unpacker:
    """Decompresses xz.  Raises ImportError where Python has no lzma."""
    from lzma import FORMAT_XZ, LZMADecompressor, LZMAError

    return Streams(size, "xz", (XZ_MAGIC,), lambda: LZMADecompressor(FORMAT_XZ, MAX_MEMORY), LZMAError)
