"""From a decoder to a reader: `read` and `follow` of a format that arrives as a stream of bytes.

A decoder gives the same rows however its bytes are split; so both drivers share it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from descentry.formats.blocks import blocks, growing
from descentry.record.chunk import Chunk, empty
from descentry.record.event import Event
from descentry.sources.rows import bounded, is_empty, with_events


class Decoder(Protocol):
    """Bytes in, chunks out.  `end` gives what the last, unfinished piece holds.

    A decoder that keeps whole rows back until more comes may have `pause() -> Chunk`: a follower calls it when
    nothing has come, and the decoder hands out what needs no more bytes.
    """

    def feed(self, data: bytes) -> Chunk: ...

    def end(self) -> Chunk: ...


class Source(Protocol):
    """Blocks of a log that grows; b"" says that nothing has come since.

    `n_restarts` has grown by one when the next block is from the start of other content; `events` tells it.
    """

    events: list[Event]
    n_restarts: int

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


Factory = Callable[[str], Decoder]
"""Makes a decoder for a log of that name."""


def read_stream(path: Path, factory: Factory) -> Iterator[Chunk]:
    """The whole log.  Raises UnreadableError."""
    source = blocks(path)
    decoder = factory(path.name)
    for block in source:
        yield from bounded(decoder.feed(block))
    yield from bounded(with_events(decoder.end(), source.events))


def follow_stream(path: Path, factory: Factory) -> Iterator[Chunk]:
    """The log as it grows, for ever; an empty chunk when nothing whole has come.  Raises UnreadableError."""
    yield from followed(growing(path), path.name, factory)


def followed(source: Source, name: str, factory: Factory) -> Iterator[Chunk]:
    """The same of any source of bytes, which is closed at the end."""
    decoder = factory(name)
    n_restarts = 0
    try:
        for block in source:
            if source.n_restarts != n_restarts:
                n_restarts = source.n_restarts
                decoder = factory(name)
            chunk = with_events(decoder.feed(block) if block else _paused(decoder), source.events)
            source.events.clear()
            yield from bounded(chunk)
            if not block and is_empty(chunk):
                yield empty()
    finally:
        source.close()


def _paused(decoder: Decoder) -> Chunk:
    pause: Callable[[], Chunk] | None = getattr(decoder, "pause", None)
    return empty() if pause is None else pause()
