"""Runs of an MLflow server: `mlflow://host:port[/experiment[/run]]`, `mlflow+https://…` encrypted.

Speaks the REST interface 2.0 of MLflow 1.x to 3.x and of services that offer it.  Experiment and run may be names
or ids.  Runs that are marked deleted are left out.
"""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from descentry.record.chunk import Chunk
from descentry.record.errors import UnreadableError
from descentry.sources.json.values import clean_name
from descentry.sources.merge import Points
from descentry.sources.mlflow.points import follow_metrics, read_metrics
from descentry.sources.mlflow.rows import Gathered
from descentry.sources.mlflow.server import MAX_PAGES, Address, Server, objects
from descentry.sources.notes import Notes, quoted
from descentry.sources.protocol import Log
from descentry.sources.rows import MAX_SERIES
from descentry.sources.store import run_names, settings

format = "mlflow_rest"

PAGE = 1000
LARGE_PAGE = 10_000
"""Points of one answer while following, where the newest page is asked for again and again, and else."""
MAX_RUNS = 100_000
MAX_POINTS = 10_000_000
"""Of one metric."""
MAX_OLD_PAGES = 10
"""Pages one after the other without a point that is new."""


def logs(address: str) -> list[Log]:
    """The runs at an address, experiment by experiment, in the order in which they were started.

    Raises UnreadableError when the server has no answer, or no such run.
    """
    at = Address(address)
    server = Server(at)
    found: list[Log] = []
    for experiment, name in _experiments(server, at.experiment):
        values = {"experiment_ids": [experiment], "order_by": ["attributes.start_time ASC"]}
        runs = list(_runs(server, values))
        names = run_names([run for run, _ in runs], [own for _, own in runs])
        for (run, own), shown in zip(runs, names, strict=True):
            if at.run in (None, run, own, shown):
                where = f"{at.shown}/{quote(name, safe='')}/{quote(shown, safe='')}"
                id = shown if at.experiment else f"{clean_name(name)}/{shown}"
                found.append(Log(id, format, Path(where), ServerRun(server, run, where), where))
        if len(found) > MAX_RUNS:
            raise UnreadableError(at.shown, f"has more than {MAX_RUNS} runs", "name one experiment")
    if not found:
        what = f"run {quoted(at.run)}" if at.run else "runs"
        raise UnreadableError(at.shown, f"has no {what} there", "check the names of experiment and run")
    return found


def _experiments(server: Server, wanted: str | None) -> list[tuple[str, str]]:
    """Id and name of each experiment, or of the one that is wanted by either.  Raises UnreadableError."""
    found = [
        (str(item.get("experiment_id", "")), str(item.get("name", "")))
        for item in server.pages("experiments/search", {"max_results": PAGE}, "experiments")
    ]
    if wanted is None:
        return found
    chosen = [pair for pair in found if pair[1] == wanted] or [pair for pair in found if pair[0] == wanted]
    if not chosen:
        some = ", ".join(quoted(name) for _, name in found[:5]) + (", …" if len(found) > 5 else "")
        raise UnreadableError(server.where, f"has no experiment {quoted(wanted)}", f"it has {some or 'none'}")
    return chosen


def _runs(server: Server, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Id and name of each run."""
    search = {**values, "max_results": PAGE, "run_view_type": "ACTIVE_ONLY"}
    for item in server.pages("runs/search", search, "runs"):
        info = item.get("info")
        if isinstance(info, dict) and isinstance(info.get("run_id") or info.get("run_uuid"), str):
            yield info.get("run_id") or info["run_uuid"], str(info.get("run_name") or "")


class ServerRun:
    """One run of a server; the path that `read` and `follow` are given says nothing."""

    def __init__(self, server: Server, run: str, where: str) -> None:
        self._server, self._run, self._where = server, run, where

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The whole run.  Raises UnreadableError."""
        return read_metrics(ServerMetrics(self._server, self._run), self._where)

    def follow(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The run as it grows.  Raises UnreadableError at the start."""
        return follow_metrics(ServerMetrics(self._server, self._run), self._where)


class ServerMetrics:
    """The metrics of one run on a server.  Each is asked for from the page on that was the last."""

    def __init__(self, server: Server, run: str) -> None:
        self._server = server
        self._run = run
        self.n_restarts = 0
        self._histories: dict[str, History] = {}
        self._latest: dict[str, Mapping[str, Any]] = {}
        self._turn = 0

    def close(self) -> None:
        """Nothing is kept open."""

    def config(self) -> Mapping[str, object]:
        """The run's parameters, numbers as numbers."""
        params = objects(self._data(), "params")
        return settings((str(item.get("key", "")), str(item.get("value", ""))) for item in params)

    def _data(self) -> Mapping[str, Any]:
        run = self._server.get("runs/get", {"run_id": self._run}).get("run")
        data = run.get("data") if isinstance(run, dict) else None
        return data if isinstance(data, dict) else {}

    def whole(self, notes: Notes) -> Mapping[str, Points]:
        """Every point of every metric."""
        gathered = Gathered(notes)
        for item in itertools.islice(objects(self._data(), "metrics"), MAX_SERIES):
            gathered.add_odd(History(self._server, self._run, str(item.get("key", "")), LARGE_PAGE).fresh())
        return gathered.series()

    def fresh(self, notes: Notes) -> Mapping[str, Points]:
        """The points that came since the last call.

        The server tells the latest point of each metric, which is the one of the highest step: a run that was
        taken up at an earlier step is noticed by asking for one metric in turn, and then for all.
        """
        latest = {str(item.get("key", "")): item for item in objects(self._data(), "metrics")}
        changed = [name for name, item in latest.items() if self._latest.get(name) != item]
        gathered = Gathered(notes)
        names = list(self._histories)
        if names and not changed:
            self._turn = (self._turn + 1) % len(names)
            if self._take(names[self._turn], gathered):
                changed = names
        for name in changed[:MAX_SERIES]:
            self._take(name, gathered)
        self._latest = latest
        return gathered.series()

    def _take(self, name: str, gathered: Gathered) -> bool:
        """Gathers what is new of one metric; whether there was anything."""
        history = self._histories.setdefault(name, History(self._server, self._run, name, PAGE))
        rows = list(history.fresh())
        gathered.add_odd(rows)
        return bool(rows)


class History:
    """The history of one metric, page by page."""

    def __init__(self, server: Server, run: str, name: str, size: int) -> None:
        self._server = server
        self._values = {"run_id": run, "metric_key": name, "max_results": size}
        self._name = name
        self._size = size
        self._token: object = None
        self._recent: dict[tuple[object, ...], None] = {}

    def fresh(self) -> Iterator[tuple[object, ...]]:
        """Rows of step, time, value and name that were not on the pages seen before."""
        n_points = n_old = 0
        for _ in range(MAX_PAGES):
            answer = self._server.get("metrics/get-history", {**self._values, "page_token": self._token})
            rows = [self._row(item) for item in objects(answer, "metrics")]
            fresh = [row for row in rows if row not in self._recent]
            self._recent.update(dict.fromkeys(fresh))
            yield from fresh
            n_points, n_old = n_points + len(fresh), 0 if fresh else n_old + 1
            if n_points > MAX_POINTS or n_old > MAX_OLD_PAGES:
                problem = f"gives pages of {quoted(self._name)} without end ({n_points} points so far)"
                raise UnreadableError(self._server.where, problem, "read its database instead")
            token = answer.get("next_page_token")
            if not token or token == self._token:
                return
            self._token = token
            for old in list(self._recent)[: -2 * self._size]:
                del self._recent[old]

    def _row(self, item: Mapping[str, Any]) -> tuple[object, ...]:
        return _cell(item.get("step", 0)), _cell(item.get("timestamp")), _cell(item.get("value")), self._name


def _cell(raw: object) -> object:
    """A number or text; anything else as a text that is no number."""
    return raw if isinstance(raw, int | float | str) else str(type(raw).__name__)
