"""How many bytes the messages of an Arrow stream or file say that they hold once they are unpacked.

Arrow takes that room before it unpacks anything.  A message is FF FF FF FF, the length of its metadata, a flatbuffer
(Message: 1 header type, 2 header, 3 body length; RecordBatch: 2 buffers, 3 compression; DictionaryBatch: 1 data) and
its body; a packed buffer begins with its length unpacked, -1 where it is not packed after all.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

MARK = b"\xff\xff\xff\xff"
DICTIONARY, BATCH = 2, 3
MAX_METADATA = 16 << 20
MAX_MESSAGES = 1_000_000
MAX_BUFFERS = 100_000
IMPOSSIBLE = 1 << 62
"""What a message claims that has more buffers than any table has columns."""
TAIL = b"ARROW1"


def claims(file: BinaryIO) -> Iterator[int]:
    """Bytes that each packed message claims to hold unpacked, those that the index of a file names among them.

    What is no message ends it: the file is damaged, which its reader tells.
    """
    try:
        yield from _claims(file)
    except (struct.error, ValueError, OverflowError, OSError):
        return


def _claims(file: BinaryIO) -> Iterator[int]:
    end = file.seek(0, 2)
    file.seek(0)
    is_file = file.read(8) == TAIL + bytes(2)
    at = 8 if is_file else 0
    seen: set[int] = set()
    for _ in range(MAX_MESSAGES):
        head = _read(file, at, 8)
        if len(head) < 8 or not head.startswith(MARK):
            break
        (size,) = struct.unpack_from("<i", head, 4)
        if not 0 < size <= MAX_METADATA:
            break
        claim, body = _claim(file, at + 8, size)
        seen.add(at)
        yield claim
        at += 8 + size + body
        if body < 0 or at > end:
            break
    if is_file:
        for at, size in dict.fromkeys(_index(file, end)):
            if at not in seen:
                yield _claim(file, at + 8, size - 8)[0]


def _read(file: BinaryIO, at: int, n: int) -> bytes:
    file.seek(at)
    return file.read(n)


def _claim(file: BinaryIO, at: int, size: int) -> tuple[int, int]:
    """The claim of the message whose metadata stands at `at`, and the bytes of its body."""
    if at < 0 or not 0 < size <= MAX_METADATA:
        raise ValueError("no message")
    flat = _read(file, at, size)
    message = _target(flat, 0)
    kind, header, length = (_field(flat, message, i) for i in (1, 2, 3))
    body = _number(flat, "<q", length) if length else 0
    what = _number(flat, "<B", kind) if kind and header else 0
    if what not in (DICTIONARY, BATCH):
        return 0, body
    batch = _target(flat, header)
    if what == DICTIONARY:
        batch = _target(flat, _field(flat, batch, 1))
    buffers = _field(flat, batch, 2)
    if not buffers or not _field(flat, batch, 3):
        return 0, body
    total, vector = 0, _target(flat, buffers)
    n_buffers = _number(flat, "<I", vector)
    if n_buffers > MAX_BUFFERS:
        return IMPOSSIBLE, body
    for i in range(n_buffers):
        offset, n_bytes = _number(flat, "<q", vector + 4 + 16 * i), _number(flat, "<q", vector + 12 + 16 * i)
        if n_bytes > 8 and offset >= 0:
            total += max(0, _number(_read(file, at + size + offset, 8), "<q", 0))
    return total, body


def _index(file: BinaryIO, end: int) -> list[tuple[int, int]]:
    """Where the index at the end of a file says that messages stand: (position, bytes of mark and metadata)."""
    size = _number(_read(file, max(0, end - 10), 4), "<i", 0)
    if not 0 < size <= min(MAX_METADATA, end - 10):
        return []
    flat = _read(file, end - 10 - size, size)
    footer = _target(flat, 0)
    found: list[tuple[int, int]] = []
    for field in (2, 3):
        place = _field(flat, footer, field)
        vector = _target(flat, place) if place else 0
        n = _number(flat, "<I", vector) if place else 0
        blocks = [vector + 4 + 24 * i for i in range(min(n, size // 24 + 1))]
        found += [(_number(flat, "<q", at), _number(flat, "<i", at + 8)) for at in blocks]
    return found


def _number(flat: bytes, form: str, at: int) -> int:
    if at < 0:
        raise ValueError("a place before the start")
    return int(struct.unpack_from(form, flat, at)[0])


def _target(flat: bytes, at: int) -> int:
    """Where a reference leads."""
    return at + _number(flat, "<I", at)


def _field(flat: bytes, table: int, i: int) -> int:
    """Where the field of a table stands, 0 where it is left out."""
    layout = table - _number(flat, "<i", table)
    slot = 4 + 2 * i
    if slot >= _number(flat, "<H", layout):
        return 0
    offset = _number(flat, "<H", layout + slot)
    return table + offset if offset else 0
