"""What a reader is, and what it hands out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from descentry.record.chunk import Chunk
from descentry.sources.one_step import told_of_one_step


class Reader(Protocol):
    """A module (or object) that reads one format.  Third parties register one under `descentry.readers`.

    `format` is the word of the JSON.  `matches` looks at the name and the first 64 KiB (decompressed),
    never at more.  `read` yields the whole log as chunks of bounded size, in the log's own order; a torn
    tail becomes an event, never an error.  `follow` yields what is there, then goes on for ever: an empty
    chunk says that nothing whole has been added since; the caller decides when to ask again and when to
    stop.  A torn tail waits until it is whole.

    A reader of folders may say more of them: `owns_folder = True` where nothing else in one is a log,
    `owns_file(path)`, the files in it that are read with it, `parts(path)`, the folders below that are, and
    `hidden(path)`, why one is not listed among others ("" where it is).
    """

    format: str

    def matches(self, path: Path, head: bytes) -> bool: ...

    def read(self, path: Path) -> Iterator[Chunk]: ...

    def follow(self, path: Path) -> Iterator[Chunk]: ...


class OneRun(Protocol):
    """How one run is read from its path: as by a Reader, which is one."""

    def read(self, path: Path) -> Iterator[Chunk]: ...

    def follow(self, path: Path) -> Iterator[Chunk]: ...


class Store(Reader, Protocol):
    """A reader of files or folders that may hold several runs (a database, a long table, an archive of logs).

    `runs` gives the id of each run with what reads that run alone, in a stable order, and raises InputError as
    `read` does; an empty list says that there is no run yet.  `read` and `follow` serve the only run of a place
    that has but one, and raise UsageError for more.
    """

    def runs(self, path: Path) -> Sequence[tuple[str, OneRun]]: ...


@dataclass(frozen=True, slots=True)
class Log:
    """One run's log, found and recognised but not yet read.  `run` is its id, unique within one call.

    `where` is how a user would name the log, where `path` is but a copy of it or no path at all (an address).
    """

    run: str
    format: str
    path: Path
    reader: OneRun
    where: str = ""

    @property
    def place(self) -> str:
        """What to call the log in a message."""
        return self.where or str(self.path)

    def chunks(self, *, verify: bool = False) -> Iterator[Chunk]:
        """The whole log, as chunks of bounded size.

        `verify` checks every checksum that the format has, which else happens only where a record does not
        decode; a reader of such a format says `can_verify = True` and takes the option.
        """
        read: Callable[..., Iterator[Chunk]] = self.reader.read
        if verify and getattr(self.reader, "can_verify", False):
            return told_of_one_step(read(self.path, verify=True), self.place)
        return told_of_one_step(read(self.path), self.place)

    def follow(self) -> Iterator[Chunk]:
        """The log as it grows: an empty chunk means that nothing whole was added since the last one."""
        return self.reader.follow(self.path)
