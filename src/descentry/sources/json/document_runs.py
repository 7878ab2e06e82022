"""Documents that hold several runs, each taken for a document of its own.

`{"run a": {"loss": […]}, "run b": {"loss": […]}}`, `[{"name": "run a", "loss": […]}, …]`, the same with lists of rows
in place of the columns, and either below `runs` or `experiments`.  The parts of one run (`train`, `generator`) are
none: see `PARTS`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from descentry.sources.json.leaves import as_number
from descentry.sources.json.nested import HISTORIES
from descentry.sources.labels import MAX_RUNS, RUNS, present, spelled
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.words import words

WRAPPERS = frozenset({"runs", "experiments"})
NAMES = ("name", "id", *RUNS, "label", "title", "model", "fold")
"""What the name of a run in a list of runs is called, best first."""
PARTS = frozenset({
    "train", "val", "test", "generator", "discriminator", "gen", "disc", "g", "d", "actor", "critic", "policy",
    "value", "encoder", "decoder", "teacher", "student",
})  # fmt: skip
"""Words that name a split or a part of the model: the series below them are of one run."""


def runs_of(document: object) -> dict[str, Any]:
    """The documents of the runs by their ids; empty where the document is one run."""
    if isinstance(document, list):
        return _listed(document)
    if not isinstance(document, dict):
        return {}
    inner = {name: value for name, value in document.items() if isinstance(value, dict | list)}
    if len(inner) == 1 and not WRAPPERS.isdisjoint(inner):
        (value,) = inner.values()
        return _listed(value) if isinstance(value, list) else _named(value)
    return _named(inner)


def _listed(entries: Sequence[object]) -> dict[str, Any]:
    """Runs that stand in a list, by a field that names them, else by their number."""
    if not entries or len(entries) > MAX_RUNS:
        return {}
    if not all(isinstance(entry, dict) and _has_columns(entry.values()) for entry in entries):
        return {}
    found: dict[str, Any] = {}
    for at, entry in enumerate(entries):
        if isinstance(entry, dict):
            name = next((its for key in present(list(entry), NAMES) if (its := spelled(entry[key]))), str(at))
            found[name if name not in found else f"{name} ({at})"] = entry
    return found


def _named(inner: Mapping[str, Any]) -> dict[str, Any]:
    """Runs that stand below their names, where these are no parts of one run and each has a loss or a step."""
    series = {name: its for name, value in inner.items() if (its := _series(value))}
    if not 2 <= len(series) <= MAX_RUNS:
        return {}
    if any(name.lower() in HISTORIES or not PARTS.isdisjoint(words(name)) for name in series):
        return {}
    common = set.intersection(*series.values())
    if not any(map(loss_name, common)) and best_step(common) is None:
        return {}
    return {name: inner[name] for name in series}


def _series(value: object) -> set[str]:
    """The names of what a value holds as columns or as rows; empty where it is neither."""
    if isinstance(value, list):
        is_rows = bool(value) and all(isinstance(row, dict) for row in value)
        first = value[0] if is_rows else {}
        return {name for name, raw in first.items() if as_number(raw) is not None}
    if not isinstance(value, dict):
        return set()
    found = {name for name, raw in value.items() if _is_column(raw)}
    deeper = (inner for inner in value.values() if isinstance(inner, dict))
    return found.union(*({name for name, raw in inner.items() if _is_column(raw)} for inner in deeper))


def _has_columns(values: Iterable[object]) -> bool:
    return any(map(_is_column, values))


def _is_column(raw: object) -> bool:
    return isinstance(raw, list) and len(raw) > 1 and as_number(raw[0]) is not None
