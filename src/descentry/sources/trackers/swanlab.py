"""SwanLab's local run file `run-<id>.swanlab`: every scalar of a run, offline or mirrored.

Written by swanlab 0.10 (`mode="offline"`): a LevelDB log of protocol buffers, framed as
W&B's is.  Of each record only the scalar (field 13: key, step, time, number) and the start (field 10: names) are
read; what is 0 is not stored.  Backups of the first format, which 0.10 does not read itself, are refused.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from descentry.formats.leveldb_log import LogRecords
from descentry.formats.proto import BYTES, FIXED64, VARINT, BadMessage, fields, signed
from descentry.record.chunk import Chunk
from descentry.record.errors import UnknownFormatError
from descentry.record.event import Event
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.numbers import seconds
from descentry.sources.point_rows import PointRows
from descentry.sources.rows import Rows

format = "swanlab"

HEAD = b":SWL\xd6\xe1"
VERSION = 2
START, SCALAR = 10, 13
KEY, STEP, TIME, VALUE = 1, 2, 4, 5
NUMBER = 1
_NAMES = {1: "project", 4: "name", 10: "id"}
_DOUBLE = struct.Struct("<d")


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for the six bytes that such a file starts with."""
    return head.startswith(HEAD)


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks.  Raises UnreadableError, UnknownFormatError."""
    return _of_this_version(path, read_stream(path, SwanlabFile))


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn record waits.  Raises UnreadableError, UnknownFormatError."""
    return _of_this_version(path, follow_stream(path, SwanlabFile))


def _of_this_version(path: Path, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    try:
        yield from chunks
    except _OtherVersion as error:
        advice = "convert it with the SwanLab that wrote it, or export the run as CSV"
        raise UnknownFormatError(str(path), f"is a SwanLab file of version {error}", advice) from error


class _OtherVersion(ValueError):
    """The file says that it has another layout; the message is its version."""


class SwanlabFile:
    """Bytes to chunks; see `drive.Decoder`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = b""
        self._records = LogRecords()
        self._notes = Notes(name)
        self._points = PointRows(Rows())
        self._config: dict[str, object] = {}

    def feed(self, data: bytes) -> Chunk:
        """The rows of the records that are whole now."""
        if len(self._head) <= len(HEAD):
            self._head = (self._head + data)[: len(HEAD) + 1]
            if len(self._head) > len(HEAD) and self._head[-1] != VERSION:
                raise _OtherVersion(str(self._head[-1]))
        for record in self._records.feed(data):
            try:
                self._take(record)
            except BadMessage as error:
                self._bad(f"a record was left out: {error}", self._records.offset)
        for offset, reason in self._records.damages:
            self._bad(f"the rest of a 32 KiB block was left out: {reason}", offset)
        self._records.damages.clear()
        return self._chunk()

    def pause(self) -> Chunk:
        """The newest row: nothing more of it has come."""
        self._points.close()
        return self._chunk()

    def end(self) -> Chunk:
        """The last row, and what is to tell at the end of the file."""
        self._points.close()
        if self._records.n_waiting:
            where = f"{self._name}@byte {self._records.offset}"
            self._notes.put(Event("torn_tail", "the last record is cut off and was left out", where))
        return self._chunk()

    def _chunk(self) -> Chunk:
        config, self._config = self._config, {}
        return self._points.rows.chunk(self._notes.take(), config)

    def _bad(self, message: str, offset: int) -> None:
        self._notes.put(Event("bad_record", message, f"{self._name}@byte {offset}"))

    def _take(self, record: bytes) -> None:
        for number, kind, value in fields(record):
            if kind != BYTES or isinstance(value, int):
                continue
            if number == SCALAR:
                self._scalar(value)
            elif number == START:
                for inner, _, its in fields(value):
                    if inner in _NAMES and isinstance(its, bytes):
                        self._config[_NAMES[inner]] = clean_name(its.decode("utf-8", "replace"))

    def _scalar(self, data: bytes) -> None:
        name, step, wall = "", 0, None
        value: float | None = None
        for number, kind, its in fields(data):
            if number == STEP and kind == VARINT and isinstance(its, int):
                step = signed(its)
            elif isinstance(its, int) or kind != BYTES:
                continue
            elif number == KEY:
                name = clean_name(its.decode("utf-8", "replace"))
            elif number == TIME:
                wall = _moment(its)
            elif number == VALUE:
                value = _number(its)
        if name and value is not None:
            self._points.put(step, name, value, wall)


def _moment(data: bytes) -> float | None:
    """Seconds since the epoch: whole ones in field 1, billionths in field 2."""
    parts = {number: its for number, kind, its in fields(data) if kind == VARINT}
    whole, fraction = parts.get(1, 0), parts.get(2, 0)
    return seconds(whole + fraction / 1e9) if isinstance(whole, int) and isinstance(fraction, int) else None


def _number(data: bytes) -> float:
    """The number in field 1; none stands there for 0."""
    for number, kind, its in fields(data):
        if number == NUMBER and kind == FIXED64 and isinstance(its, bytes):
            return float(_DOUBLE.unpack(its)[0])
    return 0.0
