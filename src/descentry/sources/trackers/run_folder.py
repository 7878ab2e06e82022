"""The run folder of `descentry.Log`: `metrics.jsonl`, JSON lines that begin with `{"log":"descentry/log/1"`.

Written by Descentry itself; `formats.run_folder` tells its lines.  Rows come as they were written: a resume that
logs steps again leaves both.  Second writers' files (`metrics.2.jsonl`, …) are runs of their own; the event files
of a mirror are passed over, as the log holds the same values in full.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from descentry.formats.blocks import opened, read_some
from descentry.formats.lines import LineBlocks
from descentry.formats.packed import MAGICS
from descentry.formats.run_folder import MAX_LINE, ROW, is_log
from descentry.formats.run_folder_tail import WholeLines
from descentry.record.chunk import Chunk, empty
from descentry.sources.drive import follow_stream, followed, read_stream
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes, quoted
from descentry.sources.rows import joined
from descentry.sources.trackers.run_folder_rows import FolderRows

format = "descentry"

_NAME = re.compile(r"metrics(\.\d+)?\.jsonl")
N_MAGIC = max(map(len, MAGICS))
N_LINES = 100
"""Lines after zeros that are looked at."""
ZEROS = "zero bytes stand in place of what was written, as a power failure leaves them"
MAX_CONFIG = 1000
MAX_KIND = 40
MIN_TABLE = 16
"""Rows that stand together; fewer are read faster one by one."""
MAX_MESSAGE = 400


def matches(path: Path, head: bytes) -> bool:
    """True when the first line is the one that the writer begins every log with, or zeros stand in its place."""
    return is_log(head) or (head.startswith(b"\0") and _may_follow_zeros(path.name, head.lstrip(b"\0")))


def _may_follow_zeros(name: str, rest: bytes) -> bool:
    """Whether a log of this name goes on so where a power failure left zeros for its start."""
    if not rest:
        return bool(_NAME.match(name))
    lines = rest.split(b"\n")[:N_LINES]
    return any(is_log(line) or (line.startswith(ROW) and b',"wall_time":' in line) for line in lines)


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks.  Raises UnreadableError."""
    return read_stream(path, FolderLines)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn tail waits, and its repair is not noticed.  Raises UnreadableError."""
    with opened(path) as file:
        is_packed = read_some(file, N_MAGIC, path).startswith(MAGICS)
    return (
        follow_stream(path, FolderLines) if is_packed else followed(WholeLines(path), path.name, FolderLines)
    )


class FolderLines:
    """Bytes to chunks; see `drive.Decoder`."""

    def __init__(self, name: str) -> None:
        self._notes = Notes(name)
        self._lines = LineBlocks(name)
        self._rows = FolderRows(self._notes)
        self._config: dict[str, object] = {}
        self._writer: str | None = None

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now."""
        block = self._lines.feed(data)
        return self._told(self._decoded(block.data, block.line) if block.data else [])

    def end(self) -> Chunk:
        """The row of a last line without newline, if it is whole."""
        block = self._lines.end()
        text = self._without_zeros(block.data, block.line)
        if not text:
            return self._told([])
        try:
            content = parsed(text)
        except BadJson:
            self._torn(block.line)
            return self._told([])
        self._take(content, text, block.line)
        return self._told([self._rows.chunk()])

    def _without_zeros(self, text: bytes, line: int) -> bytes:
        """The line without the zeros around it, which are told."""
        if b"\0" not in text:
            return text
        self._notes.add("bad_line", ZEROS, line)
        return text.strip(b"\0")

    def _torn(self, line: int) -> None:
        self._notes.add("torn_tail", "the last line is cut off and was left out", line)

    def _told(self, chunks: list[Chunk]) -> Chunk:
        """One chunk of all, with what was noticed and the settings."""
        whole = joined(chunks) if chunks else empty()
        events = (*self._lines.events, *self._notes.take())
        self._lines.events = []
        config, self._config = self._config, {}
        return Chunk(whole.steps, whole.columns, whole.wall_times, events, config)

    def _decoded(self, data: bytes, line: int) -> list[Chunk]:
        """The rows between other lines, each stretch of them at once where that can be."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        chunks: list[Chunk] = []
        at = 0
        while at < len(lines):
            stop = at
            while stop < len(lines) and lines[stop].startswith(ROW) and len(lines[stop]) <= MAX_LINE:
                stop += 1
            if stop - at < MIN_TABLE:
                for i in range(at, stop):
                    self._one(lines[i], line + i)
            else:
                chunks += self._stretch(lines[at:stop], line + at)
            if stop < len(lines):
                self._one(lines[stop], line + stop)
            at = stop + 1
        return [*chunks, self._rows.chunk()]

    def _stretch(self, lines: list[bytes], line: int) -> list[Chunk]:
        """Rows that stand together."""
        try:
            rows = parsed(b"[" + b",".join(lines) + b"]")
        except BadJson:
            rows = None
        if rows is None or len(rows) != len(lines) or set(map(type, rows)) != {dict}:
            for at, text in enumerate(lines, line):
                self._one(text, at)
            return []
        before = self._rows.chunk()
        table = self._rows.table(rows)
        if table is not None:
            return [before, table]
        for at, row in enumerate(rows, line):
            self._rows.add(row, at)
        return [before]

    def _one(self, text: bytes, line: int) -> None:
        text = self._without_zeros(text, line)
        if not text.strip(b" \t\r"):
            return
        if len(text) > MAX_LINE:
            self._notes.add("bad_line", f"a line of more than {MAX_LINE >> 20} MiB was left out", line)
            return
        try:
            content = parsed(text)
        except BadJson:
            content = None
        self._take(content, text, line)

    def _take(self, content: Any, text: bytes, line: int) -> None:
        """One line of any kind."""
        if not isinstance(content, dict):
            shown = quoted(text[:80].decode("utf-8", "replace").strip())
            self._notes.add("bad_line", f"is no line of this log and was left out: {shown}", line)
        elif "step" in content:
            self._rows.add(content, line)
        elif "log" in content:
            self._session(content, line)
        elif isinstance(content.get("config"), dict):
            self._configure(content["config"])
        elif "event" in content or "notice" in content:
            self._event(content, line)
        else:
            shown = quoted(text[:80].decode("utf-8", "replace").strip())
            self._notes.add("bad_line", f"is no line of this log and was left out: {shown}", line)

    def _session(self, content: Mapping[str, Any], line: int) -> None:
        session = content.get("session")
        is_resume = self._writer is not None and session != self._writer
        self._writer = session if isinstance(session, str) else ""
        if "why" in content:
            message = f"a second file beside another log: {quoted(str(content['why'])[:200], 200)}"
            self._notes.add("second_writer", message, line)
        if is_resume:
            self._rows.resumed_at = line

    def _configure(self, settings: Mapping[str, Any]) -> None:
        for name, value in settings.items():
            if len(self._config) < MAX_CONFIG and not isinstance(value, dict | list):
                self._config[clean_name(name)] = value

    def _event(self, content: Mapping[str, Any], line: int) -> None:
        is_notice = "notice" in content
        kind = str(content["notice" if is_notice else "event"])[:MAX_KIND]
        message = clean_name(str(content.get("message", "")))[:MAX_MESSAGE]
        step = content.get("at_step")
        self._notes.add(
            clean_name(kind) or "event", message, line, step if type(step) is int else None, warning=is_notice
        )
