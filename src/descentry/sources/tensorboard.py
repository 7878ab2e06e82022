"""TensorBoard event files: one file, or a folder whose `events.out.tfevents.*` are one run.

Written by torch's SummaryWriter, tensorboardX, TensorFlow 1 and 2, and what stands on them (accelerate,
Lightning, detectron2).  Consecutive scalars of one step form one row; values are float32 on disk.  A record
that cannot be decoded is skipped and told with its byte; the rest goes on.  A SessionLog START is a `resume`.
The files of a folder are read in the order of their names, which is that of their times.
"""

import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from descentry.formats.blocks import Growing, blocks, growing
from descentry.formats.proto import BadMessage, signed
from descentry.formats.tfevents import event_of
from descentry.formats.tfrecord import Records, is_head, is_intact
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError, UnreadableError
from descentry.record.event import Event
from descentry.sources.json_values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.rows import Rows, bounded, is_empty, with_events

format = "tensorboard"
can_verify = True

MARK = ".tfevents."
_PARTS = re.compile(r"([0-9]{1,18})")
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
MAX_TEMPLATES = 4096


def matches(path: Path, head: bytes) -> bool:
    """True for an event file, and for a folder that holds one."""
    if head:
        return is_head(head) and (MARK in path.name or b"brain.Event:" in head[:64])
    return bool(event_files(path))


def event_files(folder: Path) -> list[Path]:
    """The event files right inside a folder, in the order of their names; [] when it is none."""
    try:
        found = [path for path in folder.iterdir() if MARK in path.name and not path.is_symlink()]
        return sorted((path for path in found if path.is_file()), key=_in_time)
    except OSError:
        return []


def _in_time(path: Path) -> list[tuple[int, str]]:
    """Sort key: the name with its numbers as numbers (time, process, counter)."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part)
        for part in _PARTS.split(path.name)
    ]


def read(path: Path, *, verify: bool = False) -> Iterator[Chunk]:
    """The whole log as chunks.  `verify` checks the checksum of every record.  Raises UnreadableError."""
    for file in event_files(path) or [path]:
        source = blocks(file)
        decoder = EventFile(file.name, verify=verify)
        for block in source:
            yield from bounded(decoder.feed(block))
        yield from bounded(with_events(decoder.end(), source.events))


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; in a folder, files that come later are taken up.  Raises UnreadableError."""
    open_files: dict[Path, tuple[Growing, EventFile]] = {}
    is_folder = path.is_dir()
    try:
        while True:
            _take_up(open_files, event_files(path) if is_folder else [path], is_first=not open_files)
            n_told = 0
            for source, decoder in open_files.values():
                for chunk in _news(source, decoder):
                    n_told += 1
                    yield chunk
            if not n_told:
                yield empty()
    finally:
        for source, _ in open_files.values():
            source.close()


def _take_up(
    open_files: "dict[Path, tuple[Growing, EventFile]]", files: list[Path], *, is_first: bool
) -> None:
    for file in files:
        if file not in open_files:
            try:
                open_files[file] = growing(file), EventFile(file.name)
            except InputError:
                if is_first and len(files) == 1:
                    raise
    if is_first and not files:
        raise UnreadableError("folder", "holds no event files any more", "check the path")


def _news(source: Growing, decoder: "EventFile") -> Iterator[Chunk]:
    """What one file has had since the last visit."""
    for block in source:
        if source.n_restarts != decoder.n_restarts:
            decoder.restart(source.n_restarts)
        chunk = with_events(decoder.feed(block), source.events)
        source.events.clear()
        if not is_empty(chunk):
            yield from bounded(chunk)
        if not block:
            return


class EventFile:
    """Bytes of one file to chunks; see `drive.Decoder`.

    The newest row stays open, since more values of its step may follow: it goes out with the next step, at
    `end`, or when `feed` is called with nothing (a follower that sees no more does so).
    """

    def __init__(self, name: str, *, verify: bool = False) -> None:
        self._name = name
        self._verify = verify
        self.restart(0)

    def restart(self, n_restarts: int) -> None:
        """Forgets everything: the file begins anew."""
        self.n_restarts = n_restarts
        self._records = Records()
        self._rows = Rows()
        self._notes = Notes(self._name)
        self._plugins: dict[str, str] = {}
        self._templates: dict[bytes, str] = {}
        self._step = 0
        self._wall = math.nan
        self._row: dict[str, float] = {}
        self._told_problem = False

    def feed(self, data: bytes) -> Chunk:
        """The rows of the records that are whole now."""
        for offset, payload, checksum in self._records.feed(data):
            if self._verify and not is_intact(payload, checksum):
                self._bad(offset, "its checksum is wrong")
            elif not self._regular(payload):
                self._general(offset, payload, checksum)
        if self._records.problem and not self._told_problem:
            self._told_problem = True
            self._notes.put(Event("bad_record", self._records.problem, self._at(self._records.offset)))
        if not data:
            self._close_row()
        return self._rows.chunk(self._notes.take())

    def end(self) -> Chunk:
        """The last row, and what is to tell at the end of the file."""
        self._close_row()
        if self._records.n_waiting:
            message = "the last record is cut off and was left out"
            self._notes.put(Event("torn_tail", message, self._at(self._records.offset)))
        return self._rows.chunk(self._notes.take())

    def _at(self, offset: int) -> str:
        return f"{self._name}@byte {offset}"

    def _bad(self, offset: int, reason: str) -> None:
        self._notes.put(Event("bad_record", f"a record was left out: {reason}", self._at(offset)))

    def _regular(self, payload: bytes) -> bool:
        """Reads an event with one `simple_value` at its end, of a shape that was seen before."""
        if len(payload) < 24 or payload[0] != 0x09 or payload[9] != 0x10:
            return False
        at, step, shift = 10, payload[10] & 0x7F, 0
        while payload[at] >= 0x80 and at < 19:
            at += 1
            shift += 7
            step |= (payload[at] & 0x7F) << shift
        tag = self._templates.get(payload[at + 1 : -4])
        if tag is None:
            return False
        value = _FLOAT.unpack_from(payload, len(payload) - 4)[0]
        self._put(_DOUBLE.unpack_from(payload, 1)[0], signed(step), tag, value)
        return True

    def _general(self, offset: int, payload: bytes, checksum: int) -> None:
        """Reads any event, field by field."""
        try:
            event = event_of(payload, self._plugins)
        except BadMessage as error:
            intact = "" if is_intact(payload, checksum) else ", and its checksum is wrong"
            self._bad(offset, f"{error}{intact}")
            return
        if event.is_start:
            message = "a session starts here: the run was begun or resumed"
            resume = Event("resume", message, self._at(offset), step=event.step, warning=False)
            self._notes.put(resume)
        for scalar in event.scalars:
            tag = clean_name(scalar.tag)
            self._put(event.wall_time, event.step, tag, scalar.value)
            if len(event.scalars) == 1 and len(self._templates) < MAX_TEMPLATES:
                self._learn(payload, tag)

    def _learn(self, payload: bytes, tag: str) -> None:
        """Remembers the shape of a regular event: all but its wall time, step and value."""
        name = tag.encode()
        shape = b"\x0a" + bytes([len(name)]) + name + b"\x15" if len(name) < 100 else b""
        shape = b"\x2a" + bytes([len(shape) + 6]) + b"\x0a" + bytes([len(shape) + 4]) + shape
        if payload[:-4].endswith(shape) and payload[:1] == b"\x09" and payload[9:10] == b"\x10":
            self._templates[shape] = tag

    def _put(self, wall: float, step: int, tag: str, value: float) -> None:
        """Adds a point to the row of its step, or begins one."""
        if step != self._step or tag in self._row:
            self._close_row()
            self._step = step
        if not self._row:
            self._wall = wall
        self._row[tag] = value

    def _close_row(self) -> None:
        if self._row:
            wall = None if math.isnan(self._wall) else self._wall
            self._rows.add(self._step, self._row.items(), wall)
            self._row = {}
