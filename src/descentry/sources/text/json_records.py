"""Console lines inside JSON: `{"level": "info", "time": "…", "message": "step 10 loss 2.5"}`, one object a line.

Written by structlog, python-json-logger, loguru (`serialize=True`), bunyan and pino, Docker (`json-file`) and cloud
agents.  The messages are read as a console log is; the time of a record is that of its line.  Lines that are no
objects are read as they stand.  Records whose numbers have names of their own are rows of JSON lines.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from descentry.formats.lines import Block, LineBlocks, plain_head
from descentry.record.chunk import Chunk
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.notes import Notes
from descentry.sources.numbers import TIME_NAMES, wall_seconds
from descentry.sources.rows import joined, with_events
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.text.recognising import is_log
from descentry.sources.text.tokens import first_moment

format = "json_log"

MESSAGES = ("message", "msg", "log", "event", "text", "line", "textPayload", "MESSAGE")
"""What the field of the message is called, best first."""
TIMES = (*sorted(TIME_NAMES), "@timestamp", "asctime", "datetime", "t")
N_SNIFFED = 200
MAX_NESTED = 10_000
"""Lists and objects in one line; one with more is no record."""


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for lines of JSON whose messages look like a console log."""
    text = plain_head(head).lstrip()
    if not text.startswith(b"{"):
        return False
    lines = [_line_of(line) for line in text.split(b"\n", N_SNIFFED)[:N_SNIFFED]]
    messages = [line for line in lines if line is not None]
    return bool(messages) and is_log("\n".join(messages).encode("utf-8", "replace") + b"\n")


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks.  Raises UnreadableError."""
    return read_stream(path, JsonRecords)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn last line waits.  Raises UnreadableError."""
    return follow_stream(path, JsonRecords)


class JsonRecords:
    """Bytes to chunks; see `drive.Decoder`."""

    def __init__(self, name: str) -> None:
        self._notes = Notes(name)
        self._lines = LineBlocks(name)
        self._text = TextDecoder(name)

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now."""
        return self._read(self._lines.feed(data))

    def pause(self) -> Chunk:
        """The newest row, when nothing has been added for a while."""
        return self._text.pause()

    def end(self) -> Chunk:
        """The rows that were waiting, and that of a last line without newline, if it is whole."""
        block = self._lines.end()
        if block.data.strip() and _line_of(block.data) is None:
            self._notes.add("torn_tail", "the last line is cut off and was left out", block.line)
            return self._told(self._text.end())
        last = self._read(Block(block.data + b"\n", block.line)) if block.data.strip() else None
        rest = self._text.end()
        return self._told(rest if last is None else joined([last, rest]))

    def _read(self, block: Block) -> Chunk:
        lines = block.data.split(b"\n")[:-1]
        found = [_line_of(line) for line in lines]
        text = "\n".join(
            line.decode("utf-8", "replace") if its is None else its
            for line, its in zip(lines, found, strict=True)
        )
        return self._told(self._text.feed(text.encode("utf-8", "replace") + b"\n" if lines else b""))

    def _told(self, chunk: Chunk) -> Chunk:
        events = (*self._lines.events, *self._notes.take())
        self._lines.events = []
        return with_events(chunk, events) if events else chunk


def _line_of(line: bytes) -> str | None:
    """The message of a record with its time in front; "" where it has none, None for what is no record."""
    if line.count(b"[") + line.count(b"{") > MAX_NESTED:
        return None
    try:
        record = parsed(line) if line.lstrip().startswith(b"{") else None
    except BadJson:
        return None
    if not isinstance(record, dict):
        return None
    message = next((its for name in MESSAGES if isinstance(its := record.get(name), str)), "").strip()
    if not message or first_moment(message)[1] is not None:
        return message
    return _moment(record) + message


def _moment(record: dict[str, Any]) -> str:
    """The time of a record as a console log spells it; "" where there is none."""
    seconds = next((at for name in TIMES if (at := wall_seconds(record.get(name))) is not None), None)
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S.%f} "
