"""Whole curves with the places at which the log goes back: `read` tells them as `diagnose` does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.record.event import merged
from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.protocol import Log, OneRun
from descentry.stream.segments import Segmenter, restart_events


@dataclass(slots=True)
class Heard:
    """A reader whose chunks are watched on their way; what it yields is untouched."""

    inner: OneRun
    steps: list[int] = field(default_factory=list)

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The reader's chunks; `steps` grows by those to which the log goes back."""
        segments = Segmenter()
        for chunk in self.inner.read(path, **options):
            self.steps += [int(piece.steps[0]) for piece, opens in segments.split(chunk) if opens]
            yield chunk

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The reader's own."""
        return self.inner.follow(path)


def collected(log: Log, roles: Mapping[str, Role] | None, *, verify: bool = False) -> Run:
    """The run that a log holds, with an event for each place at which it goes back.  Raises InputError."""
    heard = Heard(log.reader)
    run = collect(replace(log, reader=heard), roles, verify=verify)
    return replace(run, events=tuple(merged([*run.events, *restart_events(heard.steps, run.events)])))
