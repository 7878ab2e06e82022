"""TensorBoard event files beside a log: one event a row, all values in it, as float32.

Each session writes a file of its own, as TensorFlow's writers do.  TensorBoard reads them as they grow; Descentry
passes their folder over, since the log holds the same values in full.
"""

import os
import secrets
import struct
from collections.abc import Mapping
from pathlib import Path
from time import time

from descentry.formats.crc32c import masked
from descentry.log.appender import Appender, Opened
from descentry.log.wall import Told

MAX_TAGS = 20_000
"""Names whose spelling is kept."""
_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_WALL = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


class Mirror:
    """Writes rows as event files.  `append` never raises."""

    def __init__(self, folder: Path, told: Told) -> None:
        self.folder = folder
        self.appender = Appender(self._open_file, lambda _kind, _message: b"", told)
        self._tags: dict[str, bytes] = {}

    def _open_file(self) -> Opened:
        self.folder.mkdir(parents=True, exist_ok=True)
        now = time()
        name = f"events.out.tfevents.{int(now)}.descentry.{os.getpid()}.{secrets.token_hex(4)}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        fd = os.open(self.folder / name, flags | getattr(os, "O_BINARY", 0), 0o666)
        return Opened(fd, (record(b"\x09" + _WALL.pack(now) + sized(0x1A, b"brain.Event:2")),))

    def append(self, step: int, values: Mapping[str, float], wall_time: float) -> None:
        """One row as one event."""
        summary = b"".join(self._value(name, value) for name, value in values.items())
        head = b"\x09" + _WALL.pack(wall_time) + b"\x10" + varint(step)
        self.appender.append(record(head + sized(0x2A, summary)))

    def _value(self, name: str, value: float) -> bytes:
        start = self._tags.get(name)
        if start is None:
            tag = sized(0x0A, name.encode("utf-8", "replace"))
            start = b"\x0a" + varint(len(tag) + 5) + tag + b"\x15"
            if len(self._tags) < MAX_TAGS:
                self._tags[name] = start
        return start + single(value)


def single(value: float) -> bytes:
    """The value as float32: what is too large becomes infinite."""
    try:
        return _FLOAT.pack(value)
    except OverflowError:
        return _FLOAT.pack(float("inf") if value > 0 else float("-inf"))


def record(payload: bytes) -> bytes:
    """The payload as a TFRecord."""
    length = _LENGTH.pack(len(payload))
    return b"".join((length, _CRC.pack(masked(length)), payload, _CRC.pack(masked(payload))))


def varint(value: int) -> bytes:
    """The number as protocol buffers spell an int64."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sized(key: int, body: bytes) -> bytes:
    """A field of bytes."""
    return bytes((key,)) + varint(len(body)) + body
