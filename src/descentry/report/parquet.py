"""The points of runs as one Parquet file, piece by piece.  Needs the extra `parquet`."""

import io
from importlib import import_module
from typing import Any

from descentry.record.errors import UsageError
from descentry.record.run import Curve, Run
from descentry.report.export import FIELDS
from descentry.report.jsonable import strict


class ParquetPoints:
    """A long table with the columns of `FIELDS`: `step` int64, `value` double, the rest text, `role` with nulls.

    Raises UsageError where pyarrow is not installed.
    """

    def __init__(self) -> None:
        try:
            arrow: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
        except ImportError as error:
            raise UsageError("Parquet needs pyarrow: pip install 'descentry[parquet]'") from error
        self._arrow = arrow
        kinds = (arrow.string(), arrow.string(), arrow.string(), arrow.int64(), arrow.float64())
        schema = arrow.schema(list(zip(FIELDS, kinds, strict=True)))
        self._sink = _Sink()
        self._writer: Any = parquet.ParquetWriter(
            arrow.PythonFile(self._sink, mode="w"), schema, compression="zstd"
        )
        self._schema = schema

    def add(self, run: Run) -> bytes:
        """The bytes that this run adds to the file."""
        for curve in run.curves.values():
            self._writer.write_table(self._table(run.run, curve))
        return self._sink.take()

    def end(self) -> bytes:
        """The last bytes of the file."""
        self._writer.close()
        return self._sink.take()

    def _table(self, run: str, curve: Curve) -> Any:
        n, arrow = len(curve), self._arrow
        role = None if curve.role is None else str(curve.role)
        texts = [
            arrow.repeat(arrow.scalar(text, arrow.string()), n)
            for text in (strict(run), strict(curve.name), role)
        ]
        return arrow.Table.from_arrays(
            [*texts, arrow.array(curve.steps), arrow.array(curve.values)], schema=self._schema
        )


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken: the file is never held whole."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        """What was written since the last call."""
        data, self._parts = b"".join(self._parts), []
        return data
