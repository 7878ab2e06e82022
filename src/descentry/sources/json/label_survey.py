"""Which fields of a log of JSON lines are labels: looked for in its first rows and at places further on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from descentry.formats.blocks import blocks, head, opened, read_some
from descentry.formats.lines import LineBlocks
from descentry.sources.json.labelled import UNLABELLED
from descentry.sources.json.mmdetection import is_such
from descentry.sources.json.row_kinds import is_config, is_log_row
from descentry.sources.json.table import Row
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.labels import VAGUE, is_split, spelled
from descentry.sources.survey import Found, Survey

N_LOOKED_AT = 1 << 14
"""Bytes in which fields of labels are looked for."""
N_PLACES = 8
N_SAMPLED = 1 << 12
"""Places further on at which they are looked for, and the bytes there."""
MAX_SHAPES = 32
_NOTHING: Found = [("", UNLABELLED)]


def survey(path: Path) -> Found:
    """The runs of the log with their labels.  Only a log with fields of labels is read for that.

    Raises UnreadableError.
    """
    start = _rows(head(path, N_LOOKED_AT)) or _rows(head(path))
    found = Survey(_names_in([*start, *_rows_within(path)]))
    if not found.names:
        return _NOTHING
    lines = LineBlocks(path.name, splits_at_cr=True)
    for block in blocks(path):
        _look(found, _rows(lines.feed(block).data))
    _look(found, _rows(lines.end().data))
    return found.runs(str(path))


def _rows_within(path: Path) -> list[Row]:
    """Some rows at places all over a log: fields may be logged from some row on.  None of one that is packed."""
    rows: list[Row] = []
    start = head(path, N_SAMPLED)
    try:
        with opened(path) as file:
            is_plain = read_some(file, N_SAMPLED, path).startswith(start[:N_SAMPLED])
            size = file.seek(0, 2)
            for i in range(1, N_PLACES + 1) if is_plain and size > N_LOOKED_AT else ():
                file.seek(max(0, i * size // N_PLACES - N_SAMPLED))
                rows += _rows(read_some(file, N_SAMPLED, path).partition(b"\n")[2])
    except OSError:
        return []
    return rows


def survey_of(rows: Sequence[Row], name: str) -> Found:
    """The runs of rows that are known already.  Raises DamagedError.  `name`: of the log."""
    found = Survey(_names_in(rows))
    if not found.names:
        return _NOTHING
    _look(found, rows)
    return found.runs(name)


def _names_in(rows: Sequence[Row]) -> list[str]:
    """The fields of the rows that are rows of a log, as far as these are of few shapes."""
    shapes: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if len(shapes) < MAX_SHAPES:
            shapes.setdefault(tuple(row), row)
    kept = [row for row in shapes.values() if is_log_row(row) and not is_such(row)]
    return list(dict.fromkeys(name for row in kept for name in row if not _is_vague(row, name)))


def _is_vague(row: Row, name: str) -> bool:
    """Whether a field of that name may be a split's, but is none in this row."""
    return name.lower() in VAGUE and not is_split(spelled(row[name]))


def _rows(data: bytes) -> list[Row]:
    """The objects of whole lines; what is none is left out."""
    text = data.replace(b"\0", b"").strip()
    try:
        values = parsed(b"[" + text.replace(b"\n", b",") + b"]")
    except BadJson:
        values = [value for line in text.split(b"\n") if (value := _value(line)) is not None]
    return [value for value in values if isinstance(value, dict)]


def _value(line: bytes) -> Any:
    try:
        return parsed(line)
    except BadJson:
        return None


def _look(found: Survey, rows: Sequence[Row]) -> None:
    names = found.names
    known = frozenset(names)
    its = [row for row in rows if (known & row.keys() or not is_config(row)) and not is_such(row)]
    found.add({name: [spelled(row.get(name)) for row in its] for name in names})
