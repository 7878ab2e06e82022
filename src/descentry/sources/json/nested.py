"""Documents that hold lists of rows by name, and TensorBoard's JSON downloads: unfolded to rows.

`{"train": [{"step": 0, "loss": 2.3}, …], "val": […]}`: what a split is called goes in front of the names.
`{"epochs": [{…}, …], "config": {…}}`: the rows of a history, with the other fields as settings.
`[[wall_time, step, value], …]`: a series as TensorBoard's page saves it, by the name `value`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from descentry.sources.labels import all_labelled, is_split
from descentry.sources.naming import step_rank
from descentry.sources.numbers import TIME_NAMES

Row = dict[str, Any]

HISTORIES = frozenset({
    "epochs", "steps", "history", "log", "logs", "metrics", "results", "records", "rows", "training_log",
    "train_log", "train_history", "training_history", "loss_history", "entries",
})  # fmt: skip
"""Names of lists whose entries are the rows of the whole run."""
_NUMBER = rb"-?[0-9][0-9.eE+-]{0,30}"
_LISTED = re.compile(rb'"([^"\n]{1,40})"\s*:\s*\[\s*\{\s*"')
_DOWNLOAD = re.compile(
    rb"\[\s*(?:\[\s*1[0-9]{9}(?:\.[0-9]{0,9})?\s*,\s*[0-9]{1,15}\s*,\s*(?:%b|\"?NaN\"?|\"?-?Infinity\"?|null)\s*\]\s*,?\s*){2}"
    % _NUMBER
)
_DOWNLOADED = ("wall_time", "step", "value")


def is_download(text: bytes) -> bool:
    """Whether `text`, the start of a document, looks like a series that TensorBoard's page has saved."""
    return _DOWNLOAD.match(text) is not None


def has_lists(text: bytes) -> bool:
    """Whether `text`, the start of a document, holds lists of rows by name."""
    return any(_is_list_name(name.decode("utf-8", "replace")) for name in _LISTED.findall(text))


def rows_of_download(document: Sequence[Any]) -> list[Row] | None:
    """The rows of such a series; None where the document is none."""
    if not document or any(type(row) is not list or len(row) != len(_DOWNLOADED) for row in document):
        return None
    return [dict(zip(_DOWNLOADED, row, strict=True)) for row in document]


def rows_of_lists(document: Mapping[str, Any]) -> tuple[list[Row], dict[str, Any]] | None:
    """The rows of all lists, one list after the other, and the other fields; None where there is no list."""
    lists = {name: its for name, its in document.items() if _is_list_name(name) and _are_rows(its)}
    if not lists:
        return None
    rows = [_named(row, name) for name, its in lists.items() for row in its]
    return rows, {name: value for name, value in document.items() if name not in lists}


def _is_list_name(name: str) -> bool:
    return name.lower() in HISTORIES or is_split(name)


def _are_rows(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(row, dict) for row in value)


def _named(row: Row, name: str) -> Row:
    """The row with the split in front of its names; steps and times stay."""
    if name.lower() in HISTORIES:
        return row
    placed = [key for key in row if step_rank(key) is None and key.lower() not in TIME_NAMES]
    names = all_labelled(placed, f"{name}/")
    return {names.get(key, key): value for key, value in row.items()}
