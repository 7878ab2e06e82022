"""A JSON document of columns or of rows: `{"loss": [2.3, …], "val_loss": [2.4, …]}` or `[{"step": 0, …}, …]`.

Written by Keras users (`json.dump(history.history)`), notebooks, pandas, and exports of trackers.  Lists of one
length are columns; they may stand one level deeper (`{"history": {…}, "params": {…}}`).  Without a column
of steps the position is the step (Keras counts epochs from 0).  Boosters write a split's metrics below its name:
xgboost's and lightgbm's `evals_result`, `{"train": {"rmse": […]}, "valid": {…}}`.
Lists of rows may stand below a name, and series as TensorBoard's page saves them: `nested`.
A series of a split or a role that is shorter than the longest, as of a validation every few epochs, is spread over
it and told.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from descentry.formats.lines import plain_head
from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.record.roles import Role
from descentry.sources.epoch_steps import EpochSteps
from descentry.sources.json.columns_spread import GAP, SPLIT_WORDS, spread
from descentry.sources.json.frames import column_names, rows_of_frame
from descentry.sources.json.nested import has_lists, is_download, rows_of_download, rows_of_lists
from descentry.sources.json.rows import JsonRows, as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.long import by_step
from descentry.sources.naming import best_step
from descentry.sources.notes import Notes
from descentry.sources.padding import Padding
from descentry.sources.roles import resolve
from descentry.sources.rows import with_events
from descentry.sources.whole_file import follow_whole, read_whole
from descentry.sources.words import words

format = "json"

_NUMBER = rb"(?:-?[0-9]|NaN|-?Infinity|null|\"(?:nan|NaN)\")"
_COLUMN = re.compile(rb'"([^"\n]{1,200})"\s*:\s*\[\s*' + _NUMBER)
_CELL = re.compile(rb'"([^"\n]{1,200})"\s*:\s*' + _NUMBER)
_EVALS = re.compile(
    rb'\{\s*"(?:train(?:ing)?|val(?:id(?:ation)?)?|eval|dev|test|learn)(?:_[0-9]{1,3})?"\s*:\s*\{\s*'
    rb'"[^"\n]{1,200}"\s*:\s*\[\s*' + _NUMBER
)
_ROWS = re.compile(rb"\[\s*\{\s*\"")
_NEXT_LINE = re.compile(rb"^\{[^\n]*\}\s*\n\s*\{")


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for an object with lists of numbers, a list of objects, or a frame, with a name as logs have them."""
    text = plain_head(head[:65536]).lstrip()
    if text.startswith(b"["):
        return is_download(text) or (_ROWS.match(text) is not None and _is_known(_CELL.findall(text)))
    if not text.startswith(b"{") or _NEXT_LINE.match(text):
        return False
    frame = column_names(text)
    if frame:
        return _is_known(frame)
    if has_lists(text) and _is_known(_CELL.findall(text)):
        return True
    names = _COLUMN.findall(text)
    return (_is_known(names) or bool(names and _EVALS.match(text))) and not _is_a_row(text)


def _is_known(names: list[bytes]) -> bool:
    """Whether one of the names is a step, a loss, or another series that runs log."""
    series = sorted({name.decode("utf-8", "replace") for name in names[:1000]})
    return best_step(series) is not None or not set(resolve(series).values()) <= {Role.METRIC}


def _is_a_row(text: bytes) -> bool:
    """Whether a single line is rather one row of JSON lines: numbers stand beside the lists."""
    try:
        row = parsed(text)
    except BadJson:
        return False
    return isinstance(row, dict) and best_step(row) is not None and not isinstance(row[best_step(row)], list)


def read(path: Path) -> Iterator[Chunk]:
    """All rows as chunks.  Raises UnreadableError, DamagedError."""
    return read_whole(path, rows_of)


def follow(path: Path) -> Iterator[Chunk]:
    """The rows that each new version of the file adds.  Raises UnreadableError."""
    return follow_whole(path, rows_of)


def rows_of(content: bytes, name: str) -> Chunk:
    """All rows of the document.  Raises DamagedError."""
    try:
        document = parsed(content)
    except BadJson as error:
        raise DamagedError(name, f"is damaged ({error})", "write it again") from error
    rows = JsonRows(Notes(name))
    chunk = _rows_of_document(document, rows)
    if rows.is_fractional:
        chunk = _rows_of_document(document, JsonRows(Notes(name), is_numbered=True))
    padding = Padding(name)
    reached = padding.feed(EpochSteps(name).feed(chunk))
    return with_events(reached, padding.end())


def _rows_of_document(document: Any, rows: JsonRows) -> Chunk:
    if isinstance(document, list):
        return _of_rows(rows_of_download(document) or document, rows)
    if not isinstance(document, dict):
        return _of_columns({}, rows)
    frame = rows_of_frame(document)
    if frame is not None:
        return _of_rows(frame, rows)
    lists = rows_of_lists(document)
    if lists is None:
        return _of_columns(document, rows)
    chunk = by_step(_of_rows(lists[0], rows))
    config = {clean_name(name): value for name, value in lists[1].items()}
    return Chunk(chunk.steps, chunk.columns, chunk.wall_times, chunk.events, {**chunk.config, **config})


def _of_rows(entries: Sequence[Any], rows: JsonRows) -> Chunk:
    for row in entries:
        if isinstance(row, dict):
            rows.add(row, None)
        else:
            rows.notes.add("bad_line", "an entry is no row of this table and was left out")
    return rows.chunk()


def _of_columns(document: Mapping[str, Any], rows: JsonRows) -> Chunk:
    """Columns to rows; what is no column becomes config."""
    config: dict[str, object] = {}
    columns: dict[str, list[Any]] = {}
    for key, value in document.items():
        inner = value if isinstance(value, dict) else {key: value}
        for name, item in inner.items():
            if isinstance(item, list) and item and all(as_number(x) is not None or x is None for x in item):
                columns.setdefault(clean_name(name if name == key else f"{key}/{name}"), item)
            else:
                config[clean_name(name)] = item
    columns = {name.removeprefix("history/"): values for name, values in columns.items()}
    length = max(map(len, columns.values()), default=0)
    roles = resolve(list(columns))
    kept = {name: values for name, values in columns.items() if len(values) == length}
    for name, values in columns.items():
        if len(values) != length and (roles[name] is not Role.METRIC or SPLIT_WORDS & set(words(name))):
            kept[name] = spread(name, values, length, rows.notes)
        elif len(values) != length:
            message = f"`{name}` has {len(values)} values, expected {length}; left out"
            rows.notes.add("bad_value", message)
    if best_step(kept) is None:
        for name in kept:
            rows.saw_number(name)
        rows.notes.add("missing_step", "no step is logged: the position counts, from 0", warning=False)
        kept["step"] = list(range(length))
    for i in range(length):
        rows.add({name: values[i] for name, values in kept.items() if values[i] is not GAP}, None)
    chunk = rows.chunk()
    return Chunk(chunk.steps, chunk.columns, chunk.wall_times, chunk.events, {**chunk.config, **config})
