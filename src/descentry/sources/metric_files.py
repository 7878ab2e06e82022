"""Runs that are a folder with a small table for each metric: read and followed together, merged by step."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from descentry.formats.blocks import Growing, blocks, growing
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError
from descentry.sources.changes import Changes
from descentry.sources.drive import Decoder
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.notes import Notes
from descentry.sources.rows import bounded, is_empty, joined

MetricFile = tuple[str, Path]
"""The name of a metric and its file."""


MAX_DEPTH = 50
"""Folders in one another; a metric has one for each "/" in its name."""
Factory = Callable[[str, Path], Decoder]
"""From the name of a metric and its file to what decodes the bytes."""


class Tree(NamedTuple):
    """What lies below a folder: (name, path) of each file, and the paths of the folders, itself the first."""

    files: list[tuple[str, str]]
    folders: list[str]


def below(root: Path) -> Tree:
    """What lies below a folder.  Links are not followed, hidden files left out; a folder that cannot be opened is
    empty, and so is one in more than `MAX_DEPTH` others."""
    found = Tree([], [])
    waiting = [("", str(root))]
    while waiting:
        start, folder = waiting.pop()
        found.folders.append(folder)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                if start.count("/") < MAX_DEPTH:
                    waiting.append((f"{start}{entry.name}/", entry.path))
            elif entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                found.files.append((start + entry.name, entry.path))
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


class MetricFiles:
    """The metrics of one run.  `files` finds them; `places` are the files and folders of which one changes when
    there is another metric; `factory` decodes the bytes of one."""

    def __init__(
        self,
        files: Callable[[], Sequence[MetricFile]],
        places: Callable[[], Sequence[str]],
        factory: Factory,
        notes: Notes,
    ) -> None:
        self._files = files
        self._places = places
        self._factory = factory
        self._notes = notes
        self._watched: list[str] = []
        self._changes = Changes()
        self._open: dict[str, tuple[Growing, Decoder]] = {}
        self._waiting: dict[str, Points] = {}

    def read(self) -> Chunk:
        """All rows.  Raises UnreadableError."""
        series: dict[str, Points] = {}
        for name, file in self._files():
            source = blocks(file)
            decoder = self._factory(name, file)
            pieces = [*(decoder.feed(block) for block in source), decoder.end()]
            series |= self._series(name, joined(piece for piece in pieces if not is_empty(piece)))
            for event in source.events:
                self._notes.put(event)
        return self._told(merged_by_step(series))

    def follow(self) -> Iterator[Chunk]:
        """The rows as they come, for ever.  The newest step waits until a later one comes, or nothing."""
        try:
            while True:
                chunk = self._poll()
                yield from bounded(chunk)
                if is_empty(chunk):
                    yield empty()
        finally:
            for source, _ in self._open.values():
                source.close()

    def _poll(self) -> Chunk:
        """What came since the last call, as far as its step is surely whole."""
        fresh = self._fresh()
        for name, its in fresh.items():
            known = self._waiting.get(name, _NONE)
            self._waiting[name] = _joined(known, its)
        newest = max((int(its.steps[-1]) for its in self._waiting.values() if len(its.steps)), default=0)
        ready, self._waiting = self._waiting, {}
        if fresh:
            for name, its in ready.items():
                n = _n_before(its, newest)
                ready[name], self._waiting[name] = _part(its, 0, n), _part(its, n, len(its.steps))
        return self._told(merged_by_step(ready))

    def _fresh(self) -> dict[str, Points]:
        """The points that each file has had since the last visit."""
        self._open_new()
        fresh: dict[str, Points] = {}
        for name, (source, _) in self._open.items():
            if not self._changes.has_changed(str(source.path)):
                continue
            pieces: list[Chunk] = []
            n_restarts = source.n_restarts
            while (block := next(source)) or source.n_restarts != n_restarts:
                if source.n_restarts != n_restarts:
                    n_restarts = source.n_restarts
                    self._restart(name, source)
                    pieces.clear()
                pieces.append(self._open[name][1].feed(block))
            for event in source.events:
                self._notes.put(event)
            source.events.clear()
            if pieces:
                fresh |= self._series(name, joined(pieces))
        return {name: its for name, its in fresh.items() if len(its.steps)}

    def _open_new(self) -> None:
        """Opens the metrics that have come since the last visit."""
        changed = [path for path in self._watched if self._changes.has_changed(path)]
        if self._watched and not changed:
            return
        self._watched = list(self._places())
        for name, file in self._files():
            if name not in self._open:
                try:
                    self._open[name] = growing(file), self._factory(name, file)
                except InputError:
                    continue

    def _restart(self, name: str, source: Growing) -> None:
        """The file was written anew: what waited of the old one is forgotten."""
        self._open[name] = source, self._factory(name, source.path)
        for key in [key for key in self._waiting if key == name or key.startswith(f"{name}/")]:
            del self._waiting[key]

    def _series(self, name: str, chunk: Chunk) -> dict[str, Points]:
        """The metric that a file holds; where it holds several, each under the file's name."""
        for event in chunk.events:
            self._notes.put(event)
        is_one = len(chunk.columns) <= 1
        return {
            name if is_one else f"{name}/{inner}": points(
                chunk.steps[rows], values, None if chunk.wall_times is None else chunk.wall_times[rows]
            )
            for inner, (rows, values) in chunk.columns.items()
        }

    def _told(self, rows: Chunk) -> Chunk:
        return Chunk(rows.steps, rows.columns, rows.wall_times, self._notes.take())


_NONE = points(np.empty(0, np.int64), np.empty(0, np.float64))


def _joined(a: Points, b: Points) -> Points:
    steps, values = np.concatenate((a.steps, b.steps)), np.concatenate((a.values, b.values))
    return Points(steps, values, np.concatenate((a.walls, b.walls)))


def _part(its: Points, start: int, stop: int) -> Points:
    return Points(its.steps[start:stop], its.values[start:stop], its.walls[start:stop])


def _n_before(its: Points, newest: int) -> int:
    """How many points stand before the last ones of the newest step."""
    n = len(its.steps)
    while n and its.steps[n - 1] == newest:
        n -= 1
    return n
