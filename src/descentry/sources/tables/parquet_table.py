"""Tables in Parquet and Arrow (IPC file, stream, Feather 2): a column a series, or a point a row.

Written by pandas, polars, pyarrow, Spark, SQL tools; W&B's history exports (`_step`, `_timestamp`); the Parquet of
the Neptune exporter (`attribute_path`, a decimal step, settings as rows without a step).  Null is "not logged",
NaN is NaN; pandas stores NaN as null, which is told.  Columns of runs, splits and processes are those of `labels`.
Needs pyarrow (extra `parquet`); row groups are streamed, and only columns of numbers are read.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.record.errors import UsageError
from descentry.sources.protocol import OneRun
from descentry.sources.tables.arrow_file import ARROW, FEATHER_1, PARQUET, STREAM
from descentry.sources.tables.table_runs import TableRun, runs_of

format = "parquet"

STREAM_ENDINGS = (".arrow", ".arrows", ".ipc", ".feather")


def matches(path: Path, head: bytes) -> bool:
    """True for the first bytes of such a file; a stream, whose are few, must be named as one too."""
    if head.startswith((PARQUET, ARROW, FEATHER_1)):
        return True
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return head.startswith(STREAM) and name.endswith(STREAM_ENDINGS)


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the table by the values of its run column; one where it has none.  Raises InputError."""
    return [(run.name, run) for run in runs_of([path])]


def read(path: Path) -> Iterator[Chunk]:
    """The only run of the table as chunks.  Raises InputError; UsageError where there are several."""
    return _only(path).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run, read again when the table was written again.  Raises as `read`."""
    return _only(path).follow(path)


def _only(path: Path) -> TableRun:
    found = runs_of([path])
    if len(found) != 1:
        raise UsageError(f"{path} holds {len(found)} runs, expected one; read its folder or use --run")
    return found[0]
