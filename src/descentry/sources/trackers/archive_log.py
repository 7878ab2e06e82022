"""A member of a tracker's archive, line by line, to rows; one of hardly anything but empty lines is left."""

from collections.abc import Iterator
from typing import Protocol

from descentry.formats.zip_members import Archive
from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.sources.drive import Decoder
from descentry.sources.rows import bounded, with_events

MAX_EMPTY = 200_000
"""Lines that say nothing.  No tracker writes any; sixty million of them fit into an archive of 60 kB."""


class Lines(Decoder, Protocol):
    """A decoder that counts the lines in which it found nothing."""

    n_empty: int


def rows_of(archive: Archive, member: str, lines: Lines) -> Iterator[Chunk]:
    """The rows of a member, and what was odd about it.  Raises DamagedError."""
    for block in archive.blocks(member):
        yield from bounded(lines.feed(block))
        if lines.n_empty > MAX_EMPTY:
            message = f"{member} holds more than {MAX_EMPTY} lines that say nothing; the rest was left out"
            archive.events.append(Event("bad_line", message, f"{archive.path.name}/{member}"))
            break
    yield from bounded(with_events(lines.end(), archive.events))
