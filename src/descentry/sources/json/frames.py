"""Documents that hold a data frame, as pandas' `to_json` spells it: four layouts unfolded to rows.

`columns` (its default): {"loss": {"0": 2.3, …}, …}; `index`: {"0": {"loss": 2.3, …}, …}; `split`:
{"columns": […], "index": […], "data": [[…], …]}; `table`: {"schema": …, "data": [{…}, …]}.
The label of a row, `3` or `epoch_3`, is its step where no column is.  pandas writes NaN and infinities as
null: no value.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from descentry.sources.naming import best_step

Row = dict[str, Any]

MIN_ROWS = 3
"""Rows of a frame; with fewer, labelled cells may as well be the parts of one row."""

_LABEL = rb'"(?:(?:epoch|step|iter|iteration)[ _-]?|-)?[0-9]{1,18}"\s*:\s*'
_COUNTED = re.compile(r"(?:(epoch|step|iter|iteration)[ _-]?)?(-?[0-9]{1,18})", re.ASCII)
_CELL = rb"(?:-?[0-9][^,}\]]{0,40}|null)\s*,\s*"
_BY_COLUMN = re.compile(rb'"([^"\n]{1,200})"\s*:\s*\{\s*(?:' + _LABEL + _CELL + rb"){2}" + _LABEL)
_BY_LABEL = re.compile(rb"\{\s*" + _LABEL + rb'\{\s*"')
_SPLIT = re.compile(rb'\{\s*"columns"\s*:\s*\[([^\[\]]{1,20000})\]\s*,\s*"index"\s*:\s*\[')
_TABLE = re.compile(rb'\{\s*"schema"\s*:\s*\{\s*"fields"\s*:')
_NAME = re.compile(rb'"([^"\n]{1,200})"\s*[:,\]]?')
_KEY = re.compile(rb'"([^"\n]{1,200})"\s*:\s*(?:-?[0-9]|null)')
_FIELD = re.compile(rb'"name"\s*:\s*"([^"\n]{1,200})"')


def column_names(text: bytes) -> list[bytes]:
    """The names of the columns if `text`, the start of a document, looks like a frame; else []."""
    split = _SPLIT.match(text)
    if split is not None:
        return _NAME.findall(split[1])
    if _TABLE.match(text):
        return _FIELD.findall(text)
    if _BY_LABEL.match(text):
        return _KEY.findall(text)
    return _BY_COLUMN.findall(text) if _BY_COLUMN.match(text.removeprefix(b"{").lstrip()) else []


def rows_of_frame(document: Mapping[str, Any]) -> Sequence[Row | None] | None:
    """The frame's rows in its order, None for one that does not fit; None where the document holds no frame."""
    columns, data = document.get("columns"), document.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return _of_split(columns, data, document.get("index"))
    if isinstance(data, list) and "schema" in document:
        return data if all(isinstance(row, dict) for row in data) else None
    inner = list(document.values())
    if not inner or not all(isinstance(item, dict) for item in inner):
        return None
    if len(inner) >= MIN_ROWS and all(map(_is_label, document)):
        return [_labelled(row, label) for label, row in document.items()]
    if all(len(item) >= MIN_ROWS and all(map(_is_label, item)) for item in inner):
        return _of_columns(document)
    return None


def _is_label(key: str) -> bool:
    return _COUNTED.fullmatch(key) is not None


def _labelled(row: Mapping[str, Any], label: object) -> Row:
    """A row with its label for a step, unless it has one."""
    if best_step(row) is not None:
        return dict(row)
    counted = _COUNTED.fullmatch(label) if isinstance(label, str) else None
    return {"index": label, **row} if counted is None else {counted[1] or "index": counted[2], **row}


def _of_split(columns: Sequence[object], data: Sequence[object], index: object) -> list[Row | None]:
    names = [str(name) for name in columns]
    labels = index if isinstance(index, list) and len(index) == len(data) else range(len(data))
    return [
        _labelled(dict(zip(names, row, strict=True)), label)
        if isinstance(row, list) and len(row) == len(names)
        else None
        for row, label in zip(data, labels, strict=True)
    ]


def _of_columns(document: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    rows: dict[str, Row] = {}
    for name, cells in document.items():
        for label, cell in cells.items():
            rows.setdefault(label, {})[name] = cell
    return [_labelled(row, label) for label, row in rows.items()]
