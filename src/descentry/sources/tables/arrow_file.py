"""Parquet and Arrow files by pyarrow, in batches of bounded size; only the columns that are asked for.

pyarrow comes with the extra `parquet` and is imported when such a file is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from descentry.formats.arrow_claims import claims
from descentry.formats.seekable import seekable
from descentry.record.errors import DamagedError
from descentry.record.event import Event
from descentry.sources.extras import library
from descentry.sources.rows import MAX_ROWS
from descentry.sources.tables.arrow_columns import leaves

PARQUET, ARROW = b"PAR1", b"ARROW1\0\0"
STREAM = b"\xff\xff\xff\xff"
"""What every message of an Arrow stream begins with."""
END = STREAM + bytes(4)
FEATHER_1 = b"FEA1"
MANY_ROWS = 10_000_000
MAX_ROWS_A_BYTE = 4
"""Beyond `MANY_ROWS` a table may have so many rows for each byte of its file: losses are noise, and noise does
not pack."""
MAX_CLAIM = 256 << 20
MAX_UNPACKED_A_BYTE = 20
"""A batch may unpack to `MAX_CLAIM` bytes, or to so many for each byte of its file."""
MAX_COLUMNS = 20_000
_AGAIN = "write it again, or export it as CSV"


class ArrowFile:
    """An open table; a context.  `schema` is pyarrow's, `leaves` its columns with those inside of structs.

    `events` grows while batches are read.

    Raises UnreadableError where pyarrow is missing, DamagedError where it cannot open the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._pa = library("pyarrow", "parquet", str(path))
        self._errors = (self._pa.ArrowException, OSError, ValueError, MemoryError, KeyError, TypeError)
        self._file = seekable(path)
        self._table: Any = None
        try:
            self._open(self._file)
            self.names: list[str] = list(self.schema.names)
            self.leaves = [leaf for field in self.schema for leaf in leaves(field.name, field.type)]
        except self._errors as error:
            self._file.close()
            raise self._damaged("is a table that cannot be opened", error) from error
        except DamagedError:
            self._file.close()
            raise
        if len(self.leaves) > MAX_COLUMNS:
            self.close()
            problem = f"has {len(self.leaves)} columns, expected at most {MAX_COLUMNS}"
            raise DamagedError(str(path), problem, _AGAIN)

    def __enter__(self) -> "ArrowFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()

    def _open(self, file: BinaryIO) -> None:
        start = file.read(8)
        file.seek(0)
        if start.startswith(PARQUET):
            parquet = library("pyarrow.parquet", "parquet", str(self.path))
            self._table = parquet.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
            self.schema = self._table.schema_arrow
            self.kind = "parquet"
            self._require_plausible()
        elif start == ARROW:
            self._require_room(file)
            self._open_arrow(file)
        elif start.startswith(STREAM):
            self._require_room(file)
            self._require_end(file)
            self._table = self._pa.ipc.open_stream(file)
            self.schema, self.kind = self._table.schema, "stream"
        else:
            raise DamagedError(str(self.path), "is no table of Parquet or Arrow", _AGAIN)

    def _require_end(self, file: BinaryIO) -> None:
        """Tells a stream that does not say that it ends: its writer need not, but it may have been cut."""
        file.seek(-min(len(END), file.seek(0, 2)), 2)
        if file.read() != END:
            message = "the stream has no mark at its end: it is still written, or was cut"
            self.events.append(Event("no_end", message, self.path.name, warning=False))
        file.seek(0)

    def _open_arrow(self, file: BinaryIO) -> None:
        """The file form; where its index is missing, the stream that stands in it."""
        try:
            self._table = self._pa.ipc.open_file(file)
            self.kind = "arrow"
        except self._errors:
            file.seek(len(ARROW))
            self._table = self._pa.ipc.open_stream(file)
            self.kind = "stream"
            self._torn("its index is missing")
        self.schema = self._table.schema

    @property
    def n_groups(self) -> int:
        """Row groups of a Parquet file, batches of an Arrow file; 1 for a stream."""
        if self.kind == "parquet":
            return int(self._table.metadata.num_row_groups)
        return int(self._table.num_record_batches) if self.kind == "arrow" else 1

    def batches(self, columns: Sequence[str], groups: Iterable[int]) -> Iterator[tuple[int, Any]]:
        """(group, pyarrow.RecordBatch of at most MAX_ROWS rows) with the named columns.

        Damage ends it, told in `events`.  Raises DamagedError where nothing at all can be read.
        """
        n_read = 0
        try:
            for group, batch in self._batches(columns, groups):
                n_read += batch.num_rows
                yield group, batch
        except self._errors as error:
            if not n_read:
                raise self._damaged("is a table that cannot be read", error) from error
            self._torn(f"is damaged ({_reason(error)})")

    def _batches(self, columns: Sequence[str], groups: Iterable[int]) -> Iterator[tuple[int, Any]]:
        if self.kind == "stream":
            for batch in self._table:
                yield from self._sliced(0, batch, columns)
            return
        for group in groups:
            if self.kind == "parquet":
                parts = self._table.iter_batches(
                    batch_size=MAX_ROWS, row_groups=[group], columns=columns, use_threads=False
                )
                yield from ((group, part) for part in parts)
            else:
                yield from self._sliced(group, self._table.get_batch(group), columns)

    def _sliced(self, group: int, batch: Any, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """A batch in pieces, checked first: Arrow trusts what the file says of itself."""
        batch = batch.select([i for i, name in enumerate(self.names) if name in columns])
        batch.validate(full=True)
        for start in range(0, batch.num_rows, MAX_ROWS):
            yield group, batch.slice(start, MAX_ROWS)

    def _require_room(self, file: BinaryIO) -> None:
        """Raises ValueError where a packed batch claims room that so small a file does not fill."""
        most = max(MAX_CLAIM, file.seek(0, 2) * MAX_UNPACKED_A_BYTE)
        for claim in claims(file):
            if claim > most:
                raise ValueError(f"a batch claims to hold {claim >> 20} MiB")
        file.seek(0)

    def _require_plausible(self) -> None:
        """Raises ValueError where so few bytes hold so many rows that it is made to exhaust memory.

        pyarrow ends the process when it is asked about the columns of a damaged index: only counts are looked at.
        """
        n_rows = self._table.metadata.num_rows
        size = self._file.seek(0, 2)
        if n_rows > MAX_ROWS_A_BYTE * size + MANY_ROWS:
            raise ValueError(f"{n_rows} rows in {size} bytes")

    def _torn(self, problem: str) -> None:
        message = f"the table {problem}; what came before was read"
        self.events.append(Event("torn_tail", message, self.path.name))

    def _damaged(self, problem: str, error: BaseException) -> DamagedError:
        return DamagedError(str(self.path), f"{problem} ({_reason(error)})", _AGAIN)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return (text[:117] + "…" if len(text) > 118 else text) or type(error).__name__
