"""JSON lines: one object per logging step, any names.

Written by detectron2 (`metrics.json`), LLaMA-Factory (`trainer_log.jsonl`), mmdetection and mmengine, Ray Tune
(`result.json`: its `config` is no series), wandb history exports, nanoGPT-like loops, and everybody's own
`f.write(json.dumps(row) + "\\n")`.

The step is the best of the names in `naming.STEP_NAMES`; a row without one takes the step of the row before
it (told as `missing_step` unless the row holds validation values only).  Lines that are no JSON object are
left out and told.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from descentry.formats.lines import LineBlocks, plain_head
from descentry.record.chunk import Chunk
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.json.rows import JsonRows, is_log_row
from descentry.sources.json.table import as_table
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbered import SecondLook
from descentry.sources.padding import Padding
from descentry.sources.rows import with_events
from descentry.sources.settings_columns import Settings

format = "jsonl"

N_SNIFFED = 40
MIN_TORN = 4096
"""A head of this size that is one line is the start of a long row."""


def matches(path: Path, head: bytes) -> bool:
    """True when the first lines are JSON objects and one has a step, a loss or another known number."""
    lines = plain_head(head, splits_at_cr=True).lstrip().split(b"\n")
    first = lines[0].strip()
    if not first.startswith(b"{") or first == b"{":
        return False
    if len(lines) == 1 and len(head) >= MIN_TORN:
        return first.startswith((b'{"', b"{ "))
    rows = [row for row in map(_object, lines[:N_SNIFFED]) if row is not None]
    is_first = _object(first) is not None or path.suffix == ".jsonl"
    return is_first and any(is_log_row(row) for row in rows)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = parsed(line)
    except BadJson:
        return None
    return row if isinstance(row, dict) else None


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks.  Raises UnreadableError."""
    return read_stream(path, _decoder)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn last line waits.  Raises UnreadableError."""
    return follow_stream(path, _decoder)


def _decoder(name: str) -> SecondLook:
    return SecondLook(lambda is_numbered: JsonLines(name, is_numbered=is_numbered))


class JsonLines:
    """Bytes to chunks; see `drive.Decoder`.  `is_numbered`: the rows are counted, no field is the step."""

    def __init__(self, name: str, *, is_numbered: bool = False) -> None:
        self._notes = Notes(name)
        self._lines = LineBlocks(name, splits_at_cr=True)
        self._settings = Settings(name)
        self._padding = Padding(name)
        self._rows = JsonRows(self._notes, is_numbered=is_numbered)

    @property
    def is_fractional(self) -> bool:
        """Whether what was taken for the step holds fractions."""
        return self._rows.is_fractional

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now."""
        block = self._lines.feed(data)
        return self._told(self._decoded(block.data, block.line))

    def end(self) -> Chunk:
        """The row of a last line without newline, if it is whole."""
        block = self._lines.end()
        if block.data.strip():
            self._last(block.data, block.line)
        self._rows.finish()
        chunk = self._rows.chunk()
        last = self._told(Chunk(chunk.steps, chunk.columns, chunk.wall_times, chunk.events, {
            **chunk.config, **self._rows.ignored(),
        }))  # fmt: skip
        return with_events(last, self._padding.end())

    def _told(self, chunk: Chunk) -> Chunk:
        events, self._lines.events = self._lines.events, []
        chunk = self._padding.feed(self._settings.without(chunk))
        return with_events(chunk, events) if events else chunk

    def _last(self, data: bytes, line: int) -> None:
        try:
            row = parsed(data)
        except BadJson:
            self._notes.add("torn_tail", "the last line is cut off and was left out", line)
            return
        self._add(row, data, line)

    def _decoded(self, data: bytes, line: int) -> Chunk:
        if not data:
            return self._rows.chunk()
        rows = _all_at_once(data)
        if rows is not None:
            columns = as_table(rows, self._rows, line)
            if columns is not None:
                return columns
            for row in rows:
                self._rows.add(row, line)
                line += 1
            return self._rows.chunk()
        self._line_by_line(data, line)
        return self._rows.chunk()

    def _line_by_line(self, data: bytes, line: int) -> None:
        for text in data.split(b"\n"):
            if text.strip(b" \t\r\0"):
                try:
                    self._add(parsed(text), text, line)
                except BadJson:
                    self._bad(text, line)
            line += 1

    def _add(self, row: Any, text: bytes, line: int) -> None:
        if isinstance(row, dict):
            self._rows.add(row, line)
        else:
            self._bad(text, line)

    def _bad(self, text: bytes, line: int) -> None:
        shown = quoted(text[:80].decode("utf-8", "replace").strip())
        self._notes.add("bad_line", f"is no JSON object and was left out: {shown}", line)


def _all_at_once(data: bytes) -> list[dict[str, Any]] | None:
    """Every line's object, from one call to the parser; None when a line is anything else."""
    text = data.rstrip()
    n_lines = text.count(b"\n") + 1
    try:
        rows = parsed(b"[" + text.replace(b"\n", b",") + b"]")
    except BadJson:
        return None
    if len(rows) != n_lines or set(map(type, rows)) != {dict}:
        return None
    return rows  # type: ignore[no-any-return]
