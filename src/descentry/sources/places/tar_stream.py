"""A tar archive as a stream: headers one after the other, each bounded and checked, each file once.

Python's `tarfile` keeps every header in memory, goes quiet where one is damaged, and needs for ever for headers made
to hurt; here a damaged header is told, and a header costs what it is long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from descentry.formats.blocks import Blocks
from descentry.sources.places.member import Member, nothing

BLOCK = 512
MAX_HEADER = 1 << 20
"""Bytes of a long name or of extended headers; both are held in memory."""
MAX_DIGITS = 18
"""Of a size."""
FILES, HARD_LINK = (b"0", b"\0", b"7"), b"1"
WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
"""Links, devices, folders and pipes: what their headers say of a size means nothing."""
LONG_NAME, LONG_LINK, PAX, PAX_SOLARIS, PAX_ALL, SPARSE = b"L", b"K", b"x", b"X", b"g", b"S"
BEFORE_MEMBER = (LONG_NAME, LONG_LINK, PAX, PAX_SOLARIS, PAX_ALL)
HOLES = "GNU.sparse."
"""How the names of settings begin that an extended header gives a file with holes."""


class TarDamage(ValueError):
    """The archive cannot be read any further."""


@dataclass(slots=True)
class _Next:
    """What extended headers say of the member that follows them."""

    name: str = ""
    size: int | None = None
    has_holes: bool = False


@dataclass(slots=True)
class _Header:
    """One header block; `is_extended`: of a file with holes, whether more of their list follows."""

    name: str
    size: int
    kind: bytes
    is_extended: bool


def entries(path: Path) -> Iterator[Member | None]:
    """The files of the archive, decompressed; None for a header that is of no file.

    Raises TarDamage: at once, or after the files that came before the damage.
    """
    content = _Content(path)
    following = _Next()
    while (header := _header(content)) is not None:
        if header.kind in BEFORE_MEMBER:
            _take(following, header, content)
            yield None
            continue
        if following.size is not None:
            header.size = following.size
        if header.kind == SPARSE and header.is_extended:
            _skip_map(content)
        start = content.at
        end = start + (0 if header.kind in WITHOUT_DATA else _whole_blocks(header.size))
        yield _member(following, header, partial(content.upto, start + header.size))
        content.skip(end)
        following = _Next()
    content.require_end()


def _whole_blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _member(following: _Next, header: _Header, read: Callable[[int], bytes]) -> Member | None:
    name = following.name or header.name
    if header.kind == HARD_LINK:
        return Member(name, nothing, "a second name (hard link) of another file in it")
    if header.kind == SPARSE or (header.kind in FILES and following.has_holes):
        return Member(name, nothing, "stored with holes (`tar -S`), which is not read here")
    # An empty file is no log, and to write a hundred thousand of them takes half a minute.
    is_file = header.kind in FILES and header.size and not name.endswith("/")
    return Member(name, read) if is_file else None


def _header(content: "_Content") -> _Header | None:
    """The next header; None for the block of zeros at the end."""
    block = content.exactly(BLOCK)
    if not block.strip(b"\0"):
        return None
    if sum(block) - sum(block[148:156]) + 8 * 32 != _number(block[148:156]):
        raise TarDamage(f"the header at byte {content.at - BLOCK} is damaged, or its end is missing")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    kind = block[156:157]
    return _Header(name, _number(block[124:136]), kind, is_extended=bool(block[482]))


def _number(digits: bytes) -> int:
    """A number as octal digits, or as bytes where the first bit is set.  Raises TarDamage for none."""
    if digits[0] == 0x80:
        return int.from_bytes(digits[1:])
    text = digits.partition(b"\0")[0].strip()
    if text.strip(b"01234567"):
        raise TarDamage(f"a header has the number {digits!r}")
    return int(text or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _take(following: _Next, header: _Header, content: "_Content") -> None:
    """Reads a header that says more of the next member, or of all."""
    if header.size > MAX_HEADER:
        raise TarDamage(f"a header of {header.size} bytes")
    data = content.exactly(_whole_blocks(header.size))[: header.size]
    if header.kind == LONG_NAME:
        following.name = _text(data)
    elif header.kind in (PAX, PAX_SOLARIS):
        _take_settings(following, data)


def _take_settings(following: _Next, data: bytes) -> None:
    """Settings of an extended header, each `LENGTH NAME=VALUE` and a line's end."""
    at = 0
    while at < len(data) and data[at]:
        digits, space, _ = data[at : at + MAX_DIGITS].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        name, _, value = data[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not space or length <= len(digits) + 1:
            raise TarDamage("an extended header is damaged")
        _set(following, name.decode("utf-8", "replace"), value)
        at += length


def _set(following: _Next, name: str, value: bytes) -> None:
    if name == "path" or name == f"{HOLES}name":
        following.name = value.decode("utf-8", "surrogateescape")
    elif name == "size":
        if not value.isdigit() or len(value) > MAX_DIGITS:
            raise TarDamage(f"an extended header has the size {value[:20]!r}")
        following.size = int(value)
    following.has_holes = following.has_holes or name.startswith(HOLES)


def _skip_map(content: "_Content") -> None:
    """Passes over the rest of the list of holes, which stands before the data."""
    while content.exactly(BLOCK)[504]:
        pass


class _Content:
    """The decompressed content, read once from front to back; `at` is how much of it was read."""

    def __init__(self, path: Path) -> None:
        self._blocks = Blocks(path)
        self._rest = memoryview(b"")
        self.at = 0

    def _some(self, n: int) -> memoryview:
        """At least one byte and at most `n`, none at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        piece, self._rest = self._rest[:n], self._rest[n:]
        self.at += len(piece)
        return piece

    def upto(self, end: int, n: int) -> bytes:
        """Up to `n` bytes that stand before byte `end`; b"" there.  Raises TarDamage when the archive ends first."""
        missing = min(n, end - self.at)
        if missing <= 0:
            return b""
        return bytes(self._some(missing)) or self._ended("unexpected end of data")

    def exactly(self, n: int) -> bytes:
        """So many bytes.  Raises TarDamage when the archive ends first."""
        parts = []
        while n:
            parts.append(bytes(self._some(n)))
            n -= len(parts[-1])
            if not parts[-1]:
                self._ended("its end is missing")
        return b"".join(parts)

    def skip(self, end: int) -> None:
        """Goes on at byte `end`."""
        while self.at < end:
            if not self._some(end - self.at):
                self._ended("unexpected end of data")

    def _ended(self, problem: str) -> bytes:
        events = self._blocks.events
        raise TarDamage(events[0].message.partition(";")[0] if events else problem)

    def require_end(self) -> None:
        """Raises TarDamage where more than zeros follow, or the packing is not whole."""
        stop = self.at + MAX_HEADER
        while self.at < stop and (piece := self._some(MAX_HEADER)):
            if bytes(piece).strip(b"\0"):
                raise TarDamage("other data stand behind its end")
        if self._blocks.events:
            self._ended("")
