"""A file that no reader knows yet, because hardly anything stands in it: followed until one does."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from descentry.formats.blocks import HEAD, head
from descentry.formats.lines import plain_head
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError, UnknownFormatError
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.places.walk import recognised
from descentry.sources.protocol import Reader

EMPTY = "is empty"
NO_LINE = "holds no whole line yet"
ADVICE = "wait until the run has logged, or name another file"


def too_little(start: bytes) -> str:
    """What is wrong with a file that begins so and is too short to be known; "" where it is not."""
    text = plain_head(start)
    if not text.strip():
        return EMPTY
    is_short = len(start) < HEAD and b"\n" not in text and b"\r" not in text and b"\0" not in text
    return NO_LINE if is_short and not _is_document(text) else ""


class Waiting:
    """The reader of such a file."""

    format = "waiting"

    def matches(self, path: Path, head: bytes) -> bool:
        """Whether the file may become a log: it is empty, or text."""
        return path.is_file() and b"\0" not in plain_head(head)

    def read(self, path: Path) -> Iterator[Chunk]:
        """What a reader makes of it now.  Raises InputError."""
        start = head(path)
        reader = recognised(path, start)
        if reader is None:
            raise UnknownFormatError(str(path), too_little(start) or "holds no logged row yet", ADVICE)
        yield from reader.read(path)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """An empty chunk until a reader takes the whole lines that are there; then what that one follows."""
        seen: object = None
        chunks: Iterator[Chunk] | None = None
        while chunks is None:
            now = _version(path)
            if now != seen:
                seen, reader = now, _reader_of(path)
                chunks = None if reader is None else _begun(reader, path)
            if chunks is None:
                yield empty()
        yield from chunks


def _begun(reader: Reader, path: Path) -> Iterator[Chunk] | None:
    """What the reader follows; None where it cannot begin, for too little of the file is written."""
    try:
        chunks = reader.follow(path)
        first = next(chunks)
    except InputError:
        return None
    return chain([first], chunks)


def _reader_of(path: Path) -> Reader | None:
    """What takes the file by its whole lines, which are the last that it takes back."""
    try:
        start = head(path)
        whole = start[: max(start.rfind(b"\n"), start.rfind(b"\r")) + 1]
        is_all = _is_document(start) or (len(start) >= HEAD and not whole)
        return recognised(path, start if is_all else whole) if start.strip() else None
    except InputError:
        return None


def _version(path: Path) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _is_document(text: bytes) -> bool:
    """Whether the text is JSON, from its start to its end."""
    if text.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        parsed(text)
    except BadJson:
        return False
    return True
