"""Lines of JSON that are no rows but messages of a tracker: each whole line's value with its number."""

from collections.abc import Iterator
from typing import Any

from descentry.formats.lines import LineBlocks
from descentry.record.event import Event
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.notes import Notes, quoted

MAX_BAD = 10_000
"""After so many lines that are no JSON, blocks with more of them are left out unread: this is no such log."""

Message = tuple[int, Any]


class JsonMessages:
    """Bytes to messages; what is no JSON is noted and left out.  Any split of the bytes gives the same."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._lines = LineBlocks(notes.name)
        self._n_bad = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """(line, value) of each line that is whole now."""
        block = self._lines.feed(data)
        yield from self._messages(block.data, block.line)
        for event in self._lines.events:
            self._notes.put(event)
        self._lines.events.clear()

    def end(self) -> Iterator[Message]:
        """The message of a last line without newline, if it is whole."""
        block = self._lines.end()
        if not block.data.strip():
            return
        try:
            yield block.line, parsed(block.data)
        except BadJson:
            where = f"{self._notes.name}:{block.line}"
            self._notes.put(Event("torn_tail", "the last line is cut off and was left out", where))

    def _messages(self, data: bytes, line: int) -> Iterator[Message]:
        if not data.strip():
            return
        texts = data.split(b"\n")[:-1]
        try:
            values = parsed(b"[" + b",".join(texts) + b"]")
        except BadJson:
            values = ()
        if len(values) == len(texts):
            yield from enumerate(values, line)
        elif self._n_bad <= MAX_BAD:
            yield from self._one_by_one(texts, line)
        else:
            self._bad(data[:80], line, len(texts))

    def _one_by_one(self, texts: list[bytes], line: int) -> Iterator[Message]:
        for at, text in enumerate(texts, line):
            if text.strip():
                try:
                    yield at, parsed(text)
                except BadJson:
                    self._bad(text, at)

    def _bad(self, text: bytes, line: int, count: int = 1) -> None:
        self._n_bad += count
        shown = quoted(text[:80].decode("utf-8", "replace").strip())
        self._notes.add("bad_line", f"is no JSON and was left out: {shown}", line, count=count)
