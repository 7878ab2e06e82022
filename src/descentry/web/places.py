"""Where a run lies, how that place changes, and how its log is opened again; never outside the root folders."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.errors import DamagedError, InputError, UnreadableError
from descentry.sources.places.find import runs_in
from descentry.sources.places.walk import recognised
from descentry.sources.protocol import Log, Reader

COMPANIONS = ("-wal", "-journal")
"""Endings of the files in which a database keeps what is not yet in its own."""
MOST_FILES = 10_000
"""Files of one run's folder whose state is looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """One run on this disk: the log's path, the run's name below its root, the format."""

    path: str
    run: str
    format: str
    root: str


def state_of(path: str) -> str:
    """A word that changes whenever the file, or a file in the folder, does; "" where it is gone."""
    word = blake2b(digest_size=12)
    try:
        for name, status in _stats(path):
            word.update(
                f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}\0".encode(errors="replace")
            )
    except (OSError, ValueError):
        return ""
    return word.hexdigest()


def _stats(path: str) -> Iterator[tuple[str, os.stat_result]]:
    status = os.stat(path)
    yield "", status
    if os.path.isdir(path):
        yield from _below(path)
        return
    for ending in COMPANIONS:
        try:
            yield ending, os.stat(path + ending)
        except OSError:
            continue


def _below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    pending, n_files = [folder], 0
    while pending and n_files < MOST_FILES:
        with os.scandir(pending.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                n_files += 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file():
                    yield entry.name, entry.stat()


def check_inside(path: str, roots: Sequence[str]) -> None:
    """None; raises UnreadableError for a path that is not below a root once all links are followed.

    `roots` are real paths.  In a folder each file is looked at: a reader may open any of them.
    """
    for one in _all_files(path):
        real = os.path.realpath(one)
        if not any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in roots):
            raise UnreadableError(path, "leads out of the folders that are served", "copy the file there")


def _all_files(path: str) -> Iterator[str]:
    yield path
    if not os.path.isdir(path):
        return
    pending, n_files = [path], 0
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    n_files += 1
                    if n_files > MOST_FILES:
                        return
                    if entry.is_symlink():
                        yield entry.path
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except OSError:
            continue


def open_log(place: Place, roots: Sequence[str]) -> Log:
    """The log of a place, looked for and recognised again.  Raises InputError."""
    check_inside(place.path, roots)
    path = Path(place.path)
    reader = recognised(path, b"" if path.is_dir() else head(path))
    if reader is None:
        raise DamagedError(place.path, "is no longer a log that is known", "look whether it was replaced")
    logs = runs_in(Log("", reader.format, path, reader))
    mine = [log for log in logs if place.run.endswith(log.run)]
    if not mine:
        raise UnreadableError(place.path, f"no longer holds the run {place.run}", "scan again")
    return replace(max(mine, key=lambda log: len(log.run)), run=place.run)


class Recogniser:
    """Says which reader takes a file; one that has not changed is not opened again."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], Reader | None]] = {}

    def __call__(self, path: Path) -> Reader | None:
        """The reader, or None."""
        try:
            status = path.stat()
            state = status.st_size, status.st_mtime_ns, status.st_ino
            known = self._known.get(path)
            if known is None or (known[0] != state and not _has_only_grown(known, state)):
                known = state, recognised(path, head(path))
            self._known[path] = state, known[1]
        except (InputError, OSError):
            return None
        return known[1]


def _has_only_grown(known: tuple[tuple[int, int, int], Reader | None], state: tuple[int, int, int]) -> bool:
    """Whether a file that is known as a log is the same one with more behind it."""
    before, reader = known
    return reader is not None and before[2] == state[2] and before[0] <= state[0]
