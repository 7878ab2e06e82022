"""`wandb://entity/project/run` and `wandb://entity/project` (all runs): the history that W&B's server holds.

Read with the user's own client, `wandb.Api` (extra `wandb`), its login and its `WANDB_BASE_URL`; tested with
wandb 0.31, which fetches a run's Parquet files.  The step is `_step`, the wall time `_timestamp`; histograms,
images and tables are no points.
"""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from descentry.record.chunk import Chunk, empty
from descentry.record.errors import UnreadableError
from descentry.sources.extras import library
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.protocol import Log
from descentry.sources.rows import MAX_ROWS, bounded

format = "wandb"

TIMEOUT_S = 30
PAGE = 20_000
"""Steps that are fetched at once."""
MAX_RUNS = 10_000
_ADDRESS = re.compile(r"wandb://([^/\s?#]+)/([^/?#]+)(?:/(?:runs/)?([^/?#]+))?/?")
_HOW = "expected wandb://entity/project or wandb://entity/project/run"
_T = TypeVar("_T")


def logs(address: str) -> list[Log]:
    """The run, or every run of the project, oldest first.  Raises UnreadableError."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise UnreadableError(address, "is no address of W&B", _HOW)
    entity, project, run = parts.groups()
    project_name = f"{entity}/{project}"
    api = _asked(address, lambda: library("wandb", "wandb", address).Api(timeout=TIMEOUT_S))
    if run is not None:
        return [_log(_asked(address, lambda: api.run(f"{project_name}/{run}")), project_name)]
    found = _asked(address, lambda: list(_first(api.runs(project_name, order="+created_at"))))
    if not found:
        raise UnreadableError(address, "is a project without runs", "check the names of entity and project")
    return [_log(one, project_name) for one in found]


def _first(runs: Any) -> Iterator[Any]:
    return (run for _, run in zip(range(MAX_RUNS), runs, strict=False))


def _log(run: Any, project_name: str) -> Log:
    address = f"wandb://{project_name}/{run.id}"
    return Log(clean_name(str(run.id)), format, Path(address), ApiRun(run, address), address)


class ApiRun:
    """Reads one run through its object of `wandb.Api`."""

    def __init__(self, run: Any, address: str) -> None:
        self._run = run
        self._address = address

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The whole history as chunks.  Raises UnreadableError."""
        yield from bounded(empty(config=self._config()))
        history = _History(self._address)
        yield from history.fresh(self._run)
        yield from bounded(history.end())

    def follow(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The history as it grows; each chunk costs a question to the server.  Raises UnreadableError at once."""
        yield from bounded(empty(config=self._config()))
        history = _History(self._address)
        while True:
            n_before = history.next_step
            yield from history.fresh(self._run)
            if history.next_step == n_before:
                yield empty()

    def _config(self) -> dict[str, object]:
        config = _asked(self._address, lambda: (dict(self._run.config or {}), self._run.name))
        named = {"name": config[1], **config[0]}
        return {
            clean_name(str(key)): value for key, value in named.items() if not isinstance(value, list | dict)
        }


class _History:
    """The rows of one run, from where the last visit ended."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._rows = JsonRows(Notes(address), "_step")
        self.next_step = 0

    def fresh(self, run: Any) -> Iterator[Chunk]:
        """The rows that are new.  Raises UnreadableError."""
        scan = _asked(
            self._address,
            lambda: iter(run.scan_history(min_step=self.next_step, page_size=PAGE, use_cache=False)),
        )
        n_rows = 0
        while (row := _asked(self._address, lambda: next(scan, None))) is not None:
            step = row.get("_step")
            self.next_step = max(self.next_step, step + 1 if isinstance(step, int) else 0)
            self._rows.add({name: value for name, value in row.items() if not _is_media(value)}, None)
            n_rows += 1
            if n_rows % MAX_ROWS == 0:
                yield from bounded(self._rows.chunk())
        yield from bounded(self._rows.chunk())

    def end(self) -> Chunk:
        """What only the whole history tells."""
        self._rows.finish()
        return self._rows.chunk()


def _is_media(value: object) -> bool:
    """Whether a value is W&B's description of a histogram, image, table, …"""
    return isinstance(value, dict) and "_type" in value


def _asked(address: str, ask: Callable[[], _T]) -> _T:
    """The client's answer.  Raises UnreadableError in place of what the client raises."""
    try:
        return ask()
    except _errors() as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        advice = "check the address, `wandb login` and the network"
        raise UnreadableError(address, f"cannot be read from W&B ({reason})", advice) from error


def _errors() -> tuple[type[Exception], ...]:
    """What the client raises; the last when its own service refuses, which older clients have not."""
    known: tuple[type[Exception], ...] = (OSError, ValueError, TypeError, KeyError, AttributeError)
    for module, name in (
        ("wandb.errors", "Error"),
        ("wandb.sdk.lib.service.service_connection", "WandbApiFailedError"),
    ):
        try:
            known += (getattr(import_module(module), name),)
        except (ImportError, AttributeError):
            continue
    return known
