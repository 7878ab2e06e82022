"""Bytes of a console log to chunks: lines are cut, understood, placed and gathered."""

from descentry.formats.lines import Utf8
from descentry.record.chunk import Chunk
from descentry.sources.notes import Notes
from descentry.sources.rows import with_events
from descentry.sources.text.console import Console
from descentry.sources.text.nuls import NUL, good_pieces
from descentry.sources.text.pieces import Pieces
from descentry.sources.text.tail import Tail


class TextDecoder:
    """Any split of the bytes gives the same rows.  See `drive.Decoder`."""

    def __init__(self, name: str) -> None:
        self._notes = Notes(name)
        self._lines = Pieces(name)
        self._utf8 = Utf8(name)
        self._console = Console(self._notes)

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now, but the newest row, which the next line may add to."""
        block = self._lines.feed(data)
        if block.data:
            text = self._utf8.decode(block.data, block.line).replace("\r\n", "\n")
            lines = text.split("\n")
            state = lines.pop()
            if state:
                lines.append(state.removesuffix("\r"))
            self._read(lines, block.line, has_parts="\r" in text or NUL in text)
        return self._told(self._console.take())

    def pause(self) -> Chunk:
        """The newest row and the states of bars that are done, when nothing has been added for a while."""
        self._console.pause(is_line_done=self._lines.is_at_start)
        return self._told(self._console.take())

    def end(self) -> Chunk:
        """The rows that were waiting, and that of a last line without newline, if it is whole."""
        block = self._lines.end()
        if block.data:
            text = self._utf8.decode(block.data, block.line)
            *whole, last = text.split("\r")
            self._read(["\r".join(whole)] if whole else [], block.line, has_parts=True)
            self._last(last, block.line)
        self._console.end(block.line)
        return self._told(self._console.take())

    def _read(self, lines: list[str], number: int, *, has_parts: bool) -> None:
        if not has_parts:
            self._console.main.lines(lines, number)
            return
        start = 0
        for i, line in enumerate(lines):
            if "\r" in line or NUL in line:
                self._console.main.lines(lines[start:i], number + start)
                self._one(line, number + i)
                start = i + 1
        self._console.main.lines(lines[start:], number + start)

    def _one(self, line: str, number: int) -> None:
        """Reads a line that carriage returns or NULs part."""
        if NUL not in line:
            self._console.main.lines(line.split("\r"), number, is_one=True)
            return
        for part in line.split("\r"):
            whole = good_pieces(part, self._console, self._notes, number) if NUL in part else [part]
            self._console.main.lines(whole, number, is_one=True)

    def _last(self, text: str, number: int) -> None:
        if NUL in text:
            before, _, text = text.rpartition(NUL)
            self._one(before + NUL, number)
        if not text.strip():
            return
        if Tail(self._console).is_torn(text):
            message = "the last line is cut off (it has no newline, and its numbers may go on): left out"
            self._notes.add("torn_tail", message, number)
            return
        self._console.main.lines([text], number)

    def _told(self, chunk: Chunk) -> Chunk:
        events = [*self._lines.events, *self._utf8.events]
        self._lines.events, self._utf8.events = [], []
        return with_events(chunk, events) if events else chunk
