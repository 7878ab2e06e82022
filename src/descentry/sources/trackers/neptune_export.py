"""The Parquet of the Neptune exporter: a folder per project, `<run>-<digest>_part_<n>.parquet` in it.

Written by neptune-exporter (2026): a long table of `attribute_path`, a decimal step and a column for each type of
value; the parts of a run are one run.  A part that is named itself is read as any other table.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.record.errors import UsageError
from descentry.sources.protocol import OneRun
from descentry.sources.tables.table_runs import TableRun, runs_of

format = "neptune"

_PART = re.compile(r"(.+)_part_([0-9]{1,9})\.parquet")


def matches(path: Path, head: bytes) -> bool:
    """True for a folder that holds such parts."""
    return not head and bool(_parts(path))


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
    return [(run.name, run) for run in runs_of(_parts(path))]


def read(path: Path) -> Iterator[Chunk]:
    """The only run of the export.  Raises InputError; UsageError where there are several."""
    return _only(path).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run, read again when a part was written again.  Raises as `read`."""
    return _only(path).follow(path)


def _only(path: Path) -> TableRun:
    found = runs_of(_parts(path))
    if len(found) != 1:
        raise UsageError(f"{path} holds {len(found)} runs, expected one; name one of its files")
    return found[0]
