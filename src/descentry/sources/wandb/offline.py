"""W&B's local run file `run-<id>.wandb`: every `wandb.log` of a run, online or offline.

Written by wandb 0.10 to 0.31: a LevelDB log of protocol buffers.  Of each record only the history (field 2:
items with a name, or nested names, and a JSON value), the run (field 17: its config) and later settings (field 5)
are read.  The step is `_step`, the wall time `_timestamp`.  Histograms, images and tables are no points.
"""

from collections.abc import Iterator
from pathlib import Path

from descentry.formats.leveldb_log import HEAD, LogRecords, Records
from descentry.formats.proto import BYTES, BadMessage, fields
from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.table import tabled
from descentry.sources.notes import Notes, quoted
from descentry.sources.wandb import records
from descentry.sources.wandb.columns import groups_of
from descentry.sources.wandb.records import Items
from descentry.sources.wandb.scattered import Beside, scattered
from descentry.sources.wandb.walk import Irregular

format = "wandb"

HISTORY, CONFIG_CHANGE, RUN = 2, 5, 17
ITEM, CONFIG, UPDATE = 1, 4, 1

OWN_SETTINGS = "_wandb"
"""What W&B notes of itself among a run's settings."""

LEAST_RECORD = 11
"""Bytes of the shortest record with an item that has a name and a value."""
MAX_NAMES = 20_000
"""Heads of items that are kept in mind."""
MAX_VAIN, SHARE_VAIN = 200_000, 20
"""Records that were taken one by one and held no number: that many, and that many for each that held one."""
MAX_JSON = 64 << 10
"""Bytes of one value's JSON; a longer one is a table or a text, and no point."""
MAX_CONFIG_JSON = 1 << 20
MAX_NESTED = 20_000
"""Lists and objects in one record's values: parsed, they take some hundred times the bytes of their text."""


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for the seven bytes that such a file starts with."""
    return head.startswith(HEAD)


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks.  Raises UnreadableError."""
    return read_stream(path, WandbFile)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn record waits.  Raises UnreadableError."""
    return follow_stream(path, WandbFile)


class WandbFile:
    """Bytes to chunks; see `drive.Decoder`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._records = LogRecords()
        self._notes = Notes(name)
        self._rows = JsonRows(self._notes, "_step")
        self._names: dict[bytes, str] = {}
        self._config: dict[str, object] = {}
        self._n_won = self._n_vain = 0

    def feed(self, data: bytes) -> Chunk:
        """The rows of the records that are whole now."""
        found = _worth_a_look(self._records.feed_all(data))
        chunk = self._together(found) if found.ends else None
        if chunk is None:
            self._one_by_one(found)
        for offset, reason in self._records.damages:
            self._bad(f"the rest of a 32 KiB block was left out: {reason}", offset)
        self._records.damages.clear()
        return self._told(self._rows.chunk() if chunk is None else chunk)

    def end(self) -> Chunk:
        """What is to tell at the end of the file."""
        if self._records.n_waiting:
            where = f"{self._name}@byte {self._records.offset}"
            self._notes.put(Event("torn_tail", "the last record is cut off and was left out", where))
        return self._told(self._rows.chunk())

    def _told(self, chunk: Chunk) -> Chunk:
        config, self._config = {**chunk.config, **self._config}, {}
        events = (*chunk.events, *self._notes.take())
        return Chunk(chunk.steps, chunk.columns, chunk.wall_times, events, config)

    def _one_by_one(self, found: Records) -> None:
        """Records that are built in no known way; when almost none of them ever held a number, no more of them."""
        if self._n_vain > max(MAX_VAIN, SHARE_VAIN * self._n_won):
            message = "no number stands in records that are built so: further ones were left out"
            self._notes.put(Event("left_out", message, f"{self._name}@byte {found.ends[0]}", len(found.ends)))
            return
        n_known = len(self._rows.rows)
        for record, end in zip(*found, strict=True):
            self._taken(record, end)
        n_won = len(self._rows.rows) - n_known
        self._n_won += n_won
        self._n_vain += len(found.ends) - n_won

    def _together(self, found: Records) -> Chunk | None:
        """All records at once, where they are regular; None, and nothing known, where one is not."""
        for way in (self._as_tables, self._as_points):
            try:
                chunk, others = way(found.payloads)
            except Irregular:
                continue
            for at in others:
                self._taken(found.payloads[at], found.ends[at])
            return chunk
        return None

    def _as_tables(self, payloads: list[bytes]) -> tuple[Chunk, list[int]]:
        groups, n_rows, others = groups_of(payloads, self._name_of)
        chunk = None
        if not any(_may_be_history(payloads[at]) for at in others):
            chunk = tabled(groups, n_rows, self._rows, None) if n_rows else self._rows.chunk()
        if chunk is None:
            raise Irregular
        return chunk, others

    def _as_points(self, payloads: list[bytes]) -> tuple[Chunk, list[int]]:
        return scattered(payloads, self._name_of, self._rows, Beside(records.sound_step, _may_be_history))

    def _name_of(self, head: bytes) -> str:
        """The name that an item's head spells, worked out once."""
        name = self._names.get(head)
        if name is None:
            if len(self._names) >= MAX_NAMES:
                self._names.clear()
            name = self._names[head] = records.item(head)[0]
        return name

    def _taken(self, record: bytes, offset: int) -> None:
        try:
            self._take(record)
        except BadMessage as error:
            self._bad(f"a record was left out: {error}", offset)

    def _bad(self, message: str, offset: int) -> None:
        self._notes.put(Event("bad_record", message, f"{self._name}@byte {offset}"))

    def _take(self, record: bytes) -> None:
        for number, kind, value in fields(record):
            if kind != BYTES or isinstance(value, int):
                continue
            if number == HISTORY:
                self._history(value)
            elif number == CONFIG_CHANGE:
                self._configure(value)
            elif number == RUN:
                for inner, inner_kind, config in fields(value):
                    if inner == CONFIG and inner_kind == BYTES and isinstance(config, bytes):
                        self._configure(config)

    def _configure(self, data: bytes) -> None:
        settings = records.values(self._short(records.items(data, UPDATE), MAX_CONFIG_JSON))
        self._config.update((name, value) for name, value in settings.items() if name != OWN_SETTINGS)

    def _short(self, items: Items, most: int) -> Items:
        """The items without values that are too long, or nested too much, to be numbers or settings."""
        kept = {name: text for name, text in items.items() if len(text) <= most}
        n_nested = sum(text.count(b"[") + text.count(b"{") for text in kept.values())
        if n_nested > MAX_NESTED:
            kept = {name: text for name, text in kept.items() if not text.startswith((b"[", b"{"))}
        for name in items.keys() - kept.keys():
            message = f"{quoted(name)} is too long for a number: such values were left out"
            self._notes.add("bad_value", message, warning=not items[name].startswith(b'{"_type"'))
        return kept

    def _history(self, data: bytes) -> None:
        row = records.values(self._short(records.items(data, ITEM), MAX_JSON))
        if "_step" not in row:
            step = records.step(data)
            if step is not None:
                row["_step"] = step
        self._rows.add({name: row[name] for name in sorted(row) if not _is_media(row[name])}, None)


def _worth_a_look(found: Records) -> Records:
    """The records that are long enough to tell anything."""
    if not found.payloads or min(map(len, found.payloads)) >= LEAST_RECORD:
        return found
    kept = [pair for pair in zip(*found, strict=True) if len(pair[0]) >= LEAST_RECORD]
    return Records([payload for payload, _ in kept], [end for _, end in kept])


def _may_be_history(record: bytes) -> bool:
    """Whether a record holds a history, whatever else, and whatever damage behind it."""
    try:
        return any(number == HISTORY for number, _, _ in fields(record))
    except BadMessage:
        return False


def _is_media(value: object) -> bool:
    """Whether a value is W&B's description of a histogram, image, table, …"""
    return isinstance(value, dict) and "_type" in value
