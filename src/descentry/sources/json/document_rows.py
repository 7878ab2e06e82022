"""The content of a document as rows: from rows, data frames, lists by name, or columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from descentry.record.chunk import Chunk
from descentry.record.roles import Role
from descentry.sources.json.column_steps import split_off
from descentry.sources.json.columns_spread import GAP, SPLIT_WORDS, spread
from descentry.sources.json.frames import rows_of_frame
from descentry.sources.json.labelled import JsonLabels
from descentry.sources.json.leaves import as_number
from descentry.sources.json.nested import rows_of_download, rows_of_lists
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.scattered import scattered
from descentry.sources.json.table import as_table
from descentry.sources.json.values import clean_name
from descentry.sources.labels import Labels
from descentry.sources.long import by_step
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.notes import Notes
from descentry.sources.roles import resolve
from descentry.sources.rows import joined
from descentry.sources.words import words


class DocumentRows:
    """Turns one document into a chunk.  `labels`: what names its run; `is_numbered`: the rows are counted."""

    def __init__(self, name: str, labels: Labels, *, is_numbered: bool = False) -> None:
        self._name = name
        notes = Notes(name)
        self.state = JsonRows(notes, labels.step, is_numbered=is_numbered)
        self._labels = JsonLabels(labels, notes)
        if labels.step is not None:
            notes.add("derived", labels.step_event)

    def of(self, document: object) -> Chunk:
        """All rows of the document."""
        if isinstance(document, list) and is_bare(document):
            return self._of_list(document)
        rows = rows_in(document)
        if rows is not None:
            return self._of_rows(rows)
        if not isinstance(document, dict):
            return self._of_columns({})
        lists = rows_of_lists(document)
        if lists is None:
            return self._of_columns(document)
        chunk = by_step(self._of_rows(lists[0]))
        return _with_config(chunk, {clean_name(name): value for name, value in lists[1].items()})

    def _of_list(self, values: list[Any]) -> Chunk:
        """A list of bare numbers: one series by the name of the file, where that says which, else the loss."""
        stem = self._name.split(".")[0]
        name = stem if loss_name(stem) or resolve([stem])[stem] is not Role.METRIC else "loss"
        self.state.notes.add("derived", f"a list of bare numbers is taken for `{name}`")
        return self._of_columns({name: values})

    def _of_rows(self, entries: Sequence[Any]) -> Chunk:
        known = [row for row in entries if isinstance(row, dict)]
        if len(known) < len(entries):
            message = "an entry is no row of this table and was left out"
            self.state.notes.add("bad_line", message, count=len(entries) - len(known))
        chunk = as_table(known, self.state, None, self._labels.sort) if known else None
        self._labels.sorted(is_taken=chunk is not None)
        if chunk is None:
            chunk = scattered(*self._labels.rows(known, None), self.state)
        chunk = joined([chunk, self.state.chunk()])
        return _with_config(by_step(chunk) if self._labels.is_long else chunk, self._labels.config())

    def _of_columns(self, document: Mapping[str, Any]) -> Chunk:
        """Columns to rows; what is no column becomes config."""
        columns, config = _columns_in(document)
        main, others = split_off(columns)
        chunk = self._of_equal(main)
        if others:
            rows = [
                dict(zip(its, cells, strict=True))
                for its in others
                for cells in zip(*its.values(), strict=True)
            ]
            told = ", ".join(f"`{name}`" for its in others for name in its if name != "step")
            self.state.notes.add("derived", f"{told} stand at steps of their own", warning=False)
            state = JsonRows(self.state.notes)
            chunk = by_step(joined([chunk, scattered(rows, None, state)]))
        return _with_config(chunk, config)

    def _of_equal(self, columns: Mapping[str, list[Any]]) -> Chunk:
        """Columns with one step for all: shorter ones are spread, or left out."""
        notes = self.state.notes
        length = max(map(len, columns.values()), default=0)
        roles = resolve(list(columns))
        kept = {name: values for name, values in columns.items() if len(values) == length}
        for name, values in columns.items():
            if len(values) != length and (roles[name] is not Role.METRIC or SPLIT_WORDS & set(words(name))):
                kept[name] = spread(name, values, length, notes)
            elif len(values) != length:
                notes.add("bad_value", f"`{name}` has {len(values)} values, expected {length}; left out")
        if best_step(kept) is None:
            for name in kept:
                self.state.saw_number(name)
            notes.add("missing_step", "no step is logged: the position counts, from 0", warning=False)
            kept["step"] = list(range(length))
        rows = [dict(zip(kept, cells, strict=True)) for cells in zip(*kept.values(), strict=True)]
        if any(GAP in values for values in kept.values()):
            rows = [{name: value for name, value in row.items() if value is not GAP} for row in rows]
        chunk = as_table(rows, self.state, None) if rows else None
        if chunk is None:
            return scattered(rows, None, self.state)
        return joined([chunk, self.state.chunk()])


def rows_in(document: object) -> Sequence[Any] | None:
    """The rows that a document lists in one piece, None for those that do not fit; None where it does not."""
    if isinstance(document, list):
        return None if is_bare(document) else rows_of_download(document) or document
    return rows_of_frame(document) if isinstance(document, dict) else None


def is_bare(document: Sequence[object]) -> bool:
    """Whether a list holds nothing but numbers."""
    return _is_column(document)


def _columns_in(document: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, object]]:
    """The columns by name, and what else there is."""
    config: dict[str, object] = {}
    columns: dict[str, list[Any]] = {}
    for key, value in document.items():
        inner = value if isinstance(value, dict) else {key: value}
        for name, item in inner.items():
            if isinstance(item, list) and _is_column(item):
                columns.setdefault(clean_name(name if name == key else f"{key}/{name}"), item)
            else:
                config[clean_name(name)] = item
    return {name.removeprefix("history/"): values for name, values in columns.items()}, config


def _is_column(values: Sequence[object]) -> bool:
    return len(values) > 0 and all(as_number(x) is not None or x is None for x in values)


def _with_config(chunk: Chunk, config: Mapping[str, object]) -> Chunk:
    return Chunk(chunk.steps, chunk.columns, chunk.wall_times, chunk.events, {**chunk.config, **config})
