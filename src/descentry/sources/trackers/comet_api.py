"""`comet://workspace/project/key` and `comet://workspace/project` (all experiments): what Comet's server holds.

Read with the user's own client, `comet_ml.api.API` (extra `comet`), its key and its `COMET_URL_OVERRIDE`; tested
with comet_ml 3.58.  Values come as texts; points of one metric are put in the order of their times.  The server
thins metrics of many points, which is told.
"""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from descentry.record.chunk import Chunk, empty
from descentry.record.errors import UnreadableError
from descentry.sources.extras import library
from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import clean_name
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import number, wall_seconds, whole_step
from descentry.sources.protocol import Log
from descentry.sources.rows import bounded
from descentry.sources.settled import Known, added
from descentry.sources.trackers.comet_messages import OWN

format = "comet"

THINNED = 15_000
"""Points of one metric that the server gives at most."""
MAX_SETTINGS = 1000
_ADDRESS = re.compile(r"comet://([^/\s?#]+)/([^/?#]+)(?:/([^/?#]+))?/?")
_HOW = "expected comet://workspace/project or comet://workspace/project/key"
_Point = tuple[float, int, float]
"""Wall time, step, value."""
_T = TypeVar("_T")


def logs(address: str) -> list[Log]:
    """The experiment, or every experiment of the project.  Raises UnreadableError."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise UnreadableError(address, "is no address of Comet", _HOW)
    workspace, project, key = parts.groups()
    api = _asked(address, lambda: library("comet_ml.api", "comet", address).API())
    if key is None:
        found = _asked(address, lambda: list(api.get_experiments(workspace, project) or ()))
    else:
        found = [_asked(address, lambda: api.get_experiment(workspace, project, key))]
    if not found or found[0] is None:
        raise UnreadableError(address, "is not known to Comet", "check workspace, project and key")
    return [_log(one, f"comet://{workspace}/{project}/{one.id}") for one in found]


def _log(experiment: Any, address: str) -> Log:
    return Log(
        clean_name(str(experiment.id)), format, Path(address), ApiExperiment(experiment, address), address
    )


class ApiExperiment:
    """Reads one experiment through its object of `comet_ml.api`."""

    def __init__(self, experiment: Any, address: str) -> None:
        self._experiment = experiment
        self._address = address

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The whole experiment as chunks.  Raises UnreadableError."""
        yield from bounded(empty(config=self._config()))
        yield from bounded(self._rows())

    def follow(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The rows that come; each chunk asks the server for the whole experiment.  Raises UnreadableError."""
        yield from bounded(empty(config=self._config()))
        known = Known.of(empty())
        while True:
            fresh = self._rows()
            n_before = len(known.steps)
            yield from added(known, fresh, self._address)
            known = Known.of(fresh)
            if fresh.n_rows == n_before:
                yield empty()

    def _rows(self) -> Chunk:
        metrics = _asked(self._address, lambda: self._experiment.get_metrics())
        notes = Notes(self._address)
        series: dict[str, list[_Point]] = {}
        for metric in metrics or ():
            if isinstance(metric, dict):
                _put(series, metric, notes)
        for name, its in series.items():
            if len(its) >= THINNED:
                message = f"`{name}` has {len(its)} points: Comet's server may have thinned it"
                notes.add("sampled", message)
        rows = merged_by_step({name: _sorted(its) for name, its in series.items()})
        return Chunk(rows.steps, rows.columns, rows.wall_times, notes.take())

    def _config(self) -> dict[str, object]:
        config: dict[str, object] = {}
        name = _asked(self._address, lambda: self._experiment.name)
        if isinstance(name, str):
            config["name"] = clean_name(name)
        summary = _asked(self._address, lambda: self._experiment.get_parameters_summary())
        for item in (summary or ())[:MAX_SETTINGS]:
            text = item.get("valueCurrent") if isinstance(item, dict) else None
            if isinstance(text, str):
                value = number(text)
                config[clean_name(str(item.get("name")))] = clean_name(text) if value is None else value
        return config


def _put(series: dict[str, list[_Point]], metric: dict[str, Any], notes: Notes) -> None:
    """Adds one metric's point to its series."""
    name, context = str(metric.get("metricName") or ""), metric.get("runContext")
    if isinstance(context, str) and context and not name.startswith(f"{context}_"):
        name = f"{context}_{name}"
    name = clean_name(name)
    raw = metric.get("metricValue")
    value = as_number(raw)
    if not name or name in OWN:
        return
    if value is None:
        notes.add("bad_value", f"`{name}` is {quoted(str(raw))}, expected a number; left out")
        return
    its = series.setdefault(name, [])
    step = whole_step(metric.get("step"))
    if step is None:
        notes.add("missing_step", f"`{name}` was logged without a step: its values are counted from 0")
    wall = wall_seconds(metric.get("timestamp"))
    its.append((np.nan if wall is None else wall, len(its) if step is None else step, value))


def _sorted(its: list[_Point]) -> Points:
    """The points in the order of their times, those of one time in the order of their steps."""
    walls, steps, values = (np.array(column) for column in zip(*its, strict=True))
    order = np.lexsort((steps, walls))
    return points(
        steps[order].astype(np.int64), values[order].astype(np.float64), walls[order].astype(np.float64)
    )


def _asked(address: str, ask: Callable[[], _T]) -> _T:
    """The client's answer.  Raises UnreadableError in place of what the client raises."""
    try:
        return ask()
    except _errors() as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        advice = "check the address, COMET_API_KEY and the network"
        raise UnreadableError(address, f"cannot be read from Comet ({reason})", advice) from error


def _errors() -> tuple[type[Exception], ...]:
    """What the client raises."""
    known: tuple[type[Exception], ...] = (OSError, ValueError, TypeError, KeyError, AttributeError)
    try:
        return (*known, import_module("comet_ml.exceptions").CometException)
    except (ImportError, AttributeError):
        return known
