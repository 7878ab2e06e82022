"""The Parquet of the Neptune exporter: a folder per project, `<run>-<digest>_part_<n>.parquet` in it.

Written by neptune-exporter (2026): a long table of `attribute_path`, a decimal step and a column for each type of
value; the parts of a run are one run.  A part that is named itself is read as any other table.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.sources.protocol import OneRun
from descentry.sources.settled import follow_settled
from descentry.sources.store import only_run
from descentry.sources.tables.table_runs import TableRun, runs_of

format = "neptune"

_PART = re.compile(r"(.+)_part_([0-9]{1,9})\.parquet")


def matches(path: Path, head: bytes) -> bool:
    """True for a folder that holds such parts."""
    return not head and bool(_parts(path))


def owns_file(path: Path) -> bool:
    """True for a part: it is read with its folder."""
    return _PART.fullmatch(path.name) is not None


def _parts(folder: Path) -> list[Path]:
    """The parts in a folder, run after run, each in its order; [] when it is none."""
    try:
        with os.scandir(folder) as entries:
            named = [(_PART.fullmatch(entry.name), entry) for entry in entries]
            found = [
                (part[1], int(part[2]), Path(entry.path))
                for part, entry in named
                if part and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return []
    return [path for *_, path in sorted(found)]


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the export by their ids.  Raises InputError."""
    return [(run.name, ExportRun(path, run)) for run in runs_of(_parts(path))]


def read(path: Path) -> Iterator[Chunk]:
    """The only run of the export.  Raises InputError; UsageError where there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run, read again when a part was written.  Raises as `read`."""
    return only_run(path, runs(path)).follow(path)


class ExportRun:
    """One run of an export; `run` is what there was of it when the export was looked at."""

    def __init__(self, folder: Path, run: TableRun) -> None:
        self._folder, self._run = folder, run
        self._stems = {_stem(part) for part in run.groups}

    def read(self, path: Path) -> Iterator[Chunk]:
        """The whole run.  Raises InputError."""
        return self._run.read(path)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run, read again when a part was written again, or another one of its parts.  Raises InputError."""
        return follow_settled(self._own_parts, lambda: self._now().read(path))

    def _own_parts(self) -> list[Path]:
        return [part for part in _parts(self._folder) if _stem(part) in self._stems]

    def _now(self) -> TableRun:
        """The run as it is now; as it was where its parts are gone."""
        there = (run for run in runs_of(self._own_parts()) if run.name == self._run.name)
        return next(there, self._run)


def _stem(part: Path) -> str:
    """What the names of all parts of a run have in common."""
    return part.name.rpartition("_part_")[0]
