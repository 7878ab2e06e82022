"""The points of a run as CSV or JSON lines: one row per logged value, in the log's order."""

import csv
import io
from collections.abc import Iterator

from descentry.record.run import Run
from descentry.report.jsonable import dumps, strict, values

FIELDS = ("run", "series", "role", "step", "value")
_ROWS = 10_000
"""Rows per block, so that memory does not grow with the log."""


def csv_blocks(run: Run, *, header: bool) -> Iterator[bytes]:
    """UTF-8 CSV with the columns of FIELDS; non-finite values are `nan`, `inf`, `-inf`."""
    if header:
        yield (",".join(FIELDS) + "\n").encode()
    for rows in _blocks(run):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        yield text.getvalue().encode()


def jsonl_blocks(run: Run) -> Iterator[bytes]:
    """JSON lines with the keys of FIELDS; non-finite values are strings."""
    for rows in _blocks(run):
        yield b"".join(dumps(dict(zip(FIELDS, row, strict=True))) for row in rows)


def _blocks(run: Run) -> Iterator[list[tuple[object, ...]]]:
    for name, curve in run.curves.items():
        head = (strict(run.run), strict(name), None if curve.role is None else str(curve.role))
        for start in range(0, len(curve), _ROWS):
            part = slice(start, start + _ROWS)
            pairs = zip(curve.steps[part].tolist(), values(curve.values[part]), strict=True)
            yield [(*head, step, value) for step, value in pairs]
