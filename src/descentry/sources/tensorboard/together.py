"""The folders of one run, merged by step; while they are followed, folders that come later join."""

import os
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError, UnreadableError
from descentry.record.event import Event
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.rows import bounded, is_empty, joined
from descentry.sources.tensorboard.folder import SETTLED_NS, follow_folder, read_folder
from descentry.sources.tensorboard.parts import Naming, Part, Parts, parts_of

MAX_CHUNKS = 1000
"""Chunks of one folder that are taken at a visit: a writer that never rests must not keep the others waiting."""


def renamed(chunk: Chunk, name_of: Naming) -> Chunk:
    """The chunk with its series called as in the run."""
    if all(name == name_of(name) for name in chunk.columns):
        return chunk
    return replace(chunk, columns={name_of(name): column for name, column in chunk.columns.items()})


def read_together(run: Path, parts: list[Part], *, verify: bool = False) -> Iterator[Chunk]:
    """The whole run as chunks.  Raises UnreadableError."""
    gathered = Gathered(run)
    for part in parts:
        gathered.take(part, joined(read_folder(part.folder, verify=verify)))
    yield from bounded(gathered.chunk())


class Gathered:
    """Collects what the parts of a run hold until `chunk` takes it.  Two that call a series alike both keep it."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._names: dict[tuple[Path, str], str] = {}
        self._series: dict[str, Points] = {}
        self._events: list[Event] = []
        self._config: dict[str, object] = {}

    def take(self, part: Part, chunk: Chunk) -> None:
        """Takes up what one part holds."""
        folder = part.folder
        for name, (rows, values) in chunk.columns.items():
            walls = None if chunk.wall_times is None else chunk.wall_times[rows]
            self._series[self._name(part, name)] = points(chunk.steps[rows], values, walls)
        self._config.update(chunk.config)
        for event in chunk.events:
            inside = (
                event.where if folder == self._run or event.where is None else f"{folder.name}/{event.where}"
            )
            self._events.append(replace(event, where=inside))

    def _name(self, part: Part, name: str) -> str:
        known = self._names.get((part.folder, name))
        if known is None:
            known, taken = part.name_of(name), set(self._names.values())
            while known in taken:
                known = f"{part.folder.name}/{known}"
            self._names[part.folder, name] = known
        return known

    def chunk(self) -> Chunk:
        """Everything since the last call, merged by step."""
        merged = merged_by_step(self._series)
        told = Chunk(merged.steps, merged.columns, merged.wall_times, tuple(self._events), self._config)
        self._series, self._events, self._config = {}, [], {}
        return told


def follow_together(run: "Together") -> Iterator[Chunk]:
    """The run as it grows, its parts merged by step at each visit.  Raises UnreadableError."""
    try:
        while True:
            n_told = 0
            for chunk in run.news():
                n_told += 1
                yield chunk
            if not n_told:
                yield empty()
    finally:
        run.close()


class Together:
    """The parts of a run that are followed; `alone` is the run's own folder as a part."""

    def __init__(self, run: Path, alone: Part) -> None:
        self._run = run
        self._alone = alone
        self._gathered = Gathered(run)
        self._followed: dict[Path, tuple[Part, Generator[Chunk]]] = {}
        self._parts = Parts([], [run])
        self._seen: object = None
        self._join()
        if not self._followed:
            raise UnreadableError(str(run), "holds no event files any more", "check the path")

    def news(self) -> Iterator[Chunk]:
        """What came since the last visit."""
        if self._may_have_more():
            self._join()
        if list(self._followed) == [self._run]:
            yield from (renamed(chunk, self._alone.name_of) for chunk in self._fresh(self._run))
            return
        for folder, (part, _) in list(self._followed.items()):
            fresh = list(self._fresh(folder))
            if fresh:
                self._gathered.take(part, joined(fresh))
        yield from bounded(self._gathered.chunk())

    def _fresh(self, folder: Path) -> Iterator[Chunk]:
        """What one part has had since the last visit.  A part that is gone for the moment is taken up again."""
        source = self._followed[folder][1]
        try:
            for _, chunk in zip(range(MAX_CHUNKS), source, strict=False):
                if is_empty(chunk):
                    return
                yield chunk
        except InputError:
            if len(self._followed) == 1:
                raise
            del self._followed[folder]
            self._seen = None

    def _join(self) -> None:
        """Takes up the parts that are not followed yet."""
        self._parts = parts_of(self._run)
        for part in self._parts.found:
            if part.folder not in self._followed:
                known = self._alone if part.folder == self._run else part
                self._followed[part.folder] = known, _generator(part.folder)

    def _may_have_more(self) -> bool:
        """Whether a part may have come: folders change when files or folders come, once their tick is over."""
        seen = _versions(self._parts.watched)
        is_same = seen == self._seen
        newest = max((changed for changed, _ in seen), default=0)
        self._seen = seen if time.time_ns() - newest > SETTLED_NS else None
        return not is_same

    def close(self) -> None:
        """Lets the files go."""
        for _, source in self._followed.values():
            source.close()


def _generator(folder: Path) -> Generator[Chunk]:
    yield from follow_folder(folder)


def _versions(paths: list[Path]) -> list[tuple[int, int]]:
    found = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found.append((status.st_mtime_ns, status.st_size))
    return found
