"""A line of progress for long work: on a terminal only, after the first second."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from descentry.cli.output import progress, shows_progress
from descentry.report.text import steps

if TYPE_CHECKING:
    from descentry.record.chunk import Chunk
    from descentry.sources.protocol import Log, OneRun

_QUIET_S = 1.0
_EVERY_S = 0.2


@dataclass(slots=True)
class Watched:
    """A reader that tells how far it has come; what it yields is untouched."""

    name: str
    inner: "OneRun"

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> "Iterator[Chunk]":
        """The reader's chunks; the line is removed at the end, however it comes."""
        next_s, n_rows, shown = time.monotonic() + _QUIET_S, 0, False
        try:
            for chunk in self.inner.read(path, **options):
                n_rows += chunk.n_rows
                if time.monotonic() > next_s:
                    next_s = time.monotonic() + _EVERY_S
                    shown = True
                    progress(f"{self.name}: {steps(n_rows)} rows read")
                yield chunk
        finally:
            if shown:
                progress("")

    def follow(self, path: Path) -> "Iterator[Chunk]":
        """The reader's own."""
        return self.inner.follow(path)


def watched(log: "Log") -> "Log":
    """`log` with progress shown while it is read, where a terminal would show it."""
    return replace(log, reader=Watched(log.run, log.reader)) if shows_progress() else log
