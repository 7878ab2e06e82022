"""JSON lines: one object per logging step, any names.

Written by detectron2 (`metrics.json`), LLaMA-Factory (`trainer_log.jsonl`), mmdetection and mmengine, Ray Tune
(`result.json`: its `config` is no series), wandb history exports, nanoGPT-like loops, and everybody's own
`f.write(json.dumps(row) + "\\n")`.

The step is the best of the names in `naming.STEP_NAMES`; a row without one takes the step of the row before
it (told as `missing_step` unless the row holds validation values only).  A better name that starts anew gives way
to one that goes on.  Rows may hold one point each, by `name` and `value`; fields of runs, splits and processes are
those of `labels`.  Objects that stand on one line are read one by one; lines that are no JSON object are left out
and told.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from descentry.formats.lines import LineBlocks, plain_head
from descentry.record.chunk import Chunk
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.epoch_steps import CountedOn
from descentry.sources.json.duplicates import Duplicates
from descentry.sources.json.glued import objects, without_nuls
from descentry.sources.json.label_survey import survey
from descentry.sources.json.labelled import UNLABELLED, JsonLabels
from descentry.sources.json.row_kinds import is_log_row, is_result
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.scattered import scattered
from descentry.sources.json.table import as_table
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.labels import Labels
from descentry.sources.long import merged
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbered import SecondLook
from descentry.sources.padding import Padding
from descentry.sources.protocol import OneRun
from descentry.sources.rows import with_events
from descentry.sources.settings_columns import Settings
from descentry.sources.survey import only

format = "jsonl"

N_SNIFFED = 40
_GLUED = re.compile(rb"\}\s*\{")
MAX_MENDED = 10_000
"""Lines that are torn; in a log with more, no object is looked for behind a torn one."""
MIN_TORN = 4096
"""A head of this size that is one line is the start of a long row."""


def matches(path: Path, head: bytes) -> bool:
    """True when the first lines are JSON objects and one has a step, a loss or another known number.

    A single object is a log with a loss or the like in it; else it may as well be settings.
    """
    lines = plain_head(head, splits_at_cr=True).lstrip().split(b"\n")
    first = lines[0].strip()
    if not first.startswith(b"{") or first == b"{":
        return False
    if len(lines) == 1 and len(head) >= MIN_TORN:
        return first.startswith((b'{"', b"{ "))
    firsts = _objects(first)
    rows = [row for line in lines[1:N_SNIFFED] for row in _objects(line)]
    if not firsts and path.suffix != ".jsonl":
        return False
    if len(firsts) == 1 and not rows and ".jsonl" not in path.suffixes:
        return is_result(firsts[0])
    return any(is_log_row(row) for row in (*firsts, *rows))


def _objects(line: bytes) -> list[dict[str, Any]]:
    """The objects that stand on a line."""
    try:
        row = parsed(line)
    except BadJson:
        return objects(line.replace(b"\0", b""))[0] if b"\0" in line or _GLUED.search(line) else []
    return [row] if isinstance(row, dict) else []


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the log by their fields; one where it has none.  Raises UnreadableError."""
    return [(run, JsonlRun(labels)) for run, labels in survey(path)]


def read(path: Path) -> Iterator[Chunk]:
    """The only run as chunks; rows of one point merged by step.  Raises UnreadableError; UsageError for several."""
    return only(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run as it grows; a torn last line waits.  Raises as `read`."""
    return only(path, runs(path)).follow(path)


@dataclass(frozen=True, slots=True)
class JsonlRun:
    """One run of a log."""

    labels: Labels

    def read(self, path: Path) -> Iterator[Chunk]:
        """The run as chunks; rows of one point merged by step.  Raises UnreadableError."""
        lines: list[JsonLines] = []

        def looked_at(name: str) -> CountedOn:
            return CountedOn(SecondLook(lambda is_numbered: opened(name, is_numbered)), name)

        def opened(name: str, is_numbered: bool) -> JsonLines:
            lines.append(JsonLines(name, is_numbered=is_numbered, labels=self.labels))
            return lines[-1]

        return merged(read_stream(path, looked_at), lambda: bool(lines) and lines[-1].is_long)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run as it grows; a torn last line waits.  Raises UnreadableError."""
        return follow_stream(path, self._decoder)

    def _decoder(self, name: str) -> CountedOn:
        look = SecondLook(lambda is_numbered: JsonLines(name, is_numbered=is_numbered, labels=self.labels))
        return CountedOn(look, name)


class JsonLines:
    """Bytes to chunks; see `drive.Decoder`.  `is_numbered`: the rows are counted, no field is the step."""

    def __init__(self, name: str, *, is_numbered: bool = False, labels: Labels = UNLABELLED) -> None:
        self._notes = Notes(name)
        self._labels = JsonLabels(labels, self._notes)
        self._duplicates = Duplicates(self._notes)
        self._n_torn = 0
        self._lines = LineBlocks(name, splits_at_cr=True)
        self._settings = Settings(name)
        self._padding = Padding(name)
        self._rows = JsonRows(self._notes, labels.step, is_numbered=is_numbered)
        if labels.step is not None:
            self._notes.add("derived", labels.step_event)

    @property
    def is_long(self) -> bool:
        """Whether rows hold one point each and say its series' name."""
        return self._labels.is_long

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
            **chunk.config, **self._labels.config(), **self._rows.ignored(),
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
            rows, rest = objects(data.replace(b"\0", b""))
            for whole in rows if not rest.strip() else ():
                self._put(whole, line)
            if rest.strip() or not rows:
                self._notes.add("torn_tail", "the last line is cut off and was left out", line)
            return
        self._add(row, data, line)

    def _decoded(self, data: bytes, line: int) -> Chunk:
        if not data:
            return self._rows.chunk()
        rows = _all_at_once(data)
        if rows is not None:
            self._duplicates.look(data, rows, line)
            columns = as_table(rows, self._rows, line, self._labels.sort)
            self._labels.sorted(is_taken=columns is not None)
            if columns is not None:
                events = self._notes.take()
                return with_events(columns, events) if events else columns
            return scattered(*self._labels.rows(rows, line), self._rows)
        self._line_by_line(data, line)
        return self._rows.chunk()

    def _line_by_line(self, data: bytes, line: int) -> None:
        for text in data.split(b"\n"):
            if b"\0" in text:
                message = "NUL bytes, where a write was lost, were left out"
                self._notes.add("nul_bytes", message, line, count=text.count(b"\0"))
            for piece in without_nuls(text) if b"\0" in text else (text,):
                if piece.strip(b" \t\r"):
                    self._piece(piece, line)
            line += 1

    def _piece(self, text: bytes, line: int) -> None:
        try:
            row = parsed(text)
        except BadJson:
            self._several(text, line)
            return
        self._duplicates.look_at(text, line)
        self._add(row, text, line)

    def _several(self, text: bytes, line: int) -> None:
        """What can be read of a line that is no JSON: objects in a row, or one behind a torn one."""
        rows, rest = objects(text) if self._n_torn < MAX_MENDED else ([], text)
        self._n_torn += bool(rest)
        if len(rows) > 1 or (rows and rest):
            self._notes.add(
                "glued", "several objects stand on one line: each was read", line, warning=bool(rest)
            )
        if rest.strip() or not rows:
            self._bad(rest, line)
        for row in rows:
            self._put(row, line)

    def _add(self, row: Any, text: bytes, line: int) -> None:
        if isinstance(row, dict):
            self._put(row, line)
        else:
            self._bad(text, line)

    def _put(self, row: dict[str, Any], line: int) -> None:
        its = self._labels.row(row, line)
        if its is not None:
            self._rows.add(its, line)

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
