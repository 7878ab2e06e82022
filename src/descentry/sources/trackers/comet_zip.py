"""Comet's offline archives `<key>.zip`: one experiment; `<key>-<suffix>.zip` holds what a resumed one added.

Written by comet_ml 3.x (OfflineExperiment, ExistingOfflineExperiment): `experiment.json` and `messages.json`, a
message a line.  `metric_msg` is a point (NaN and infinities are texts), `parameter_msg` a setting; a context goes
in front of the name as in Comet itself (`train_loss`).  The archives of one experiment in a folder are one run
when the folder is named.  `process duration` is Comet's own and left out.
"""

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from descentry.formats.zip_members import HEAD, Archive, members_of
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError, InputError
from descentry.record.event import Event
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.protocol import OneRun
from descentry.sources.rows import bounded, with_events
from descentry.sources.settled import follow_settled
from descentry.sources.store import only_run
from descentry.sources.trackers.archive_log import rows_of
from descentry.sources.trackers.comet_messages import MESSAGES, Messages

format = "comet"

EXPERIMENT = "experiment.json"
N_LOOKED_AT = 8
"""Archives of a folder that are opened to see whether it is Comet's."""
_NAME = re.compile(r"([0-9A-Za-z]{32,50})(?:-[0-9A-Za-z]{1,20})?\.zip")


def matches(path: Path, head: bytes) -> bool:
    """True for such an archive, and for a folder that holds one."""
    if head:
        return is_comet(members_of(path, head))
    return any(is_comet(members_of(archive, HEAD)) for archive in _archives(path)[:N_LOOKED_AT])


def is_comet(names: frozenset[str]) -> bool:
    """Whether an archive with such members is Comet's."""
    return {EXPERIMENT, MESSAGES} <= names


def _archives(folder: Path) -> list[Path]:
    """The archives in a folder that are named as Comet names them, sorted; [] when it is none."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                Path(entry.path)
                for entry in entries
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            )
    except OSError:
        return []


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The experiments by their keys: the archive's own, or those of a folder.  Raises InputError."""
    if not path.is_dir():
        part = _part(path)
        if part.problem:
            raise DamagedError(str(path), part.problem, "copy it here once more")
        return [(part.key, Experiment([path]))]
    return [(key, Experiment(paths, path)) for key, paths in _by_key(path).items()]


def read(path: Path) -> Iterator[Chunk]:
    """The only experiment at `path` as chunks.  Raises InputError; UsageError where there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only experiment, read again when an archive changes or comes.  Raises as `read`."""
    return only_run(path, runs(path)).follow(path)


class _Part(NamedTuple):
    """One archive of an experiment; `problem` says why it cannot be read, "" where it can."""

    key: str
    start: float
    path: Path
    problem: str


def _part(path: Path) -> _Part:
    try:
        status = os.stat(path)
    except OSError:
        return _part_now(path)
    return _part_of(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=4096)
def _part_of(path: Path, version: object) -> _Part:
    """What an archive is, remembered until it changes: a follower asks again and again."""
    del version
    return _part_now(path)


def _part_now(path: Path) -> _Part:
    named = _NAME.fullmatch(path.name)
    key = named[1] if named else path.stem
    try:
        with Archive(path) as archive:
            if not is_comet(archive.names):
                return _Part(key, 0.0, path, f"is no archive of Comet: {EXPERIMENT} or {MESSAGES} is missing")
            about = parsed(archive.whole(EXPERIMENT))
    except DamagedError as error:
        return _Part(key, 0.0, path, error.problem)
    except BadJson:
        about = None
    about = about if isinstance(about, dict) else {}
    start, found = about.get("start_time"), about.get("offline_id")
    if isinstance(found, str) and 0 < len(found) <= 100 and found.isalnum():
        key = found
    return _Part(key, start if isinstance(start, int | float) else 0.0, path, "")


def _by_key(folder: Path) -> dict[str, list[Path]]:
    """The archives of each experiment in a folder, in the order in which they were begun."""
    parts = sorted(map(_part, _archives(folder)), key=lambda part: (part.start, part.path.name))
    keys = sorted({part.key for part in parts})
    return {key: [part.path for part in parts if part.key == key] for key in keys}


class Experiment:
    """Reads the archives of one experiment, one after the other.

    A follower takes up those that come later, be it the folder that was named or an archive.
    """

    def __init__(self, paths: Sequence[Path], folder: Path | None = None) -> None:
        self._paths = list(paths)
        self._first = self._paths[0]
        self._folder = folder
        self._key = _part(paths[0]).key

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The whole experiment.  An archive that cannot be read is told where another can.  Raises InputError."""
        if self._folder is not None:
            self._now(set())
        lost: list[Event] = []
        n_read = 0
        for archive in self._paths:
            try:
                for chunk in _read_archive(archive, is_resumed=n_read > 0):
                    yield with_events(chunk, lost)
                    lost = []
                n_read += 1
            except InputError as error:
                if len(self._paths) == 1:
                    raise
                message = f"an archive of this experiment was left out: it {error.problem}"
                lost.append(Event("torn_tail", message, archive.name))
        if lost and not n_read:
            raise DamagedError(str(self._paths[0]), lost[0].message, "copy the archives here once more")
        yield from bounded(empty(tuple(lost)))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The experiment, read again when an archive changes or comes.  Raises InputError."""
        others: set[Path] = set() if self._folder is not None else set(self._there()) - set(self._paths)
        return follow_settled(lambda: self._now(others), lambda: self.read(path))

    def _now(self, others: set[Path]) -> list[Path]:
        """The archives that there are now, without those that lay beside the only one that was named."""
        self._paths = [archive for archive in self._there() if archive not in others] or self._paths
        return self._paths

    def _there(self) -> list[Path]:
        found = _by_key(self._folder or self._first.parent).get(self._key, [])
        is_named = self._folder is None and self._first not in found
        return [self._first, *found] if is_named else found


def _read_archive(path: Path, *, is_resumed: bool) -> Iterator[Chunk]:
    messages = Messages(f"{path.name}/{MESSAGES}", is_resumed=is_resumed)
    with Archive(path) as archive:
        yield from rows_of(archive, MESSAGES, messages)
