"""MLflow's file store: a run's folder with `meta.yaml` and `metrics/<name>`, lines `ms value step`.

Written by MLflow 1.x to 3.x (`mlruns/<experiment>/<run>/`) and ultralytics.  A "/" in a metric's name is a
folder.  A resumed run goes on in the same files, so its steps go back.  `params/` becomes the config.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from descentry.formats.blocks import head
from descentry.formats.lines import LineBlocks
from descentry.record.chunk import Chunk, empty, table
from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.sources.json.values import clean_name
from descentry.sources.metric_files import MetricFiles, below
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import number, seconds, seconds_of, step_of
from descentry.sources.rows import MAX_SERIES, bounded
from descentry.sources.tables.csv_block import parsed_block

format = "mlflow"

MAX_PARAMS = 1000
N_CELLS = 3
MAX_ABOUT = 1 << 16
_DELETED = re.compile(rb"^lifecycle_stage:\s*['\"]?deleted", re.MULTILINE)


def matches(path: Path, head: bytes) -> bool:
    """True for a folder with `meta.yaml` and `metrics`."""
    try:
        return not head and (path / "meta.yaml").is_file() and (path / "metrics").is_dir()
    except OSError:
        return False


def read(path: Path) -> Iterator[Chunk]:
    """The whole run, metrics merged by step, as chunks.  Raises UnreadableError."""
    rows = _metrics(path).read()
    events = (*_marks(path), *rows.events)
    yield from bounded(Chunk(rows.steps, rows.columns, rows.wall_times, events, config_of(path)))


def follow(path: Path) -> Iterator[Chunk]:
    """The run as it grows.  The newest step waits until a later one comes, or nothing: its metrics are
    written one after the other.  Raises UnreadableError."""
    yield from bounded(empty(_marks(path), config_of(path)))
    yield from _metrics(path).follow()


def hidden(path: Path) -> str:
    """Why a run is not listed among others: MLflow has marked it as deleted.  "" for any other."""
    try:
        about = head(path / "meta.yaml", MAX_ABOUT)
    except InputError:
        return ""
    return "is marked as deleted in MLflow" if _DELETED.search(about) else ""


def _marks(path: Path) -> tuple[Event, ...]:
    why = hidden(path)
    return (Event("deleted_run", f"the run {why}", path.name),) if why else ()


def _metrics(path: Path) -> MetricFiles:
    notes = Notes(path.name)
    return MetricFiles(
        lambda: metric_files(path),
        lambda: below(path / "metrics").folders,
        lambda name, _: Metric(f"metrics/{name}", notes),
        notes,
    )


def metric_files(run: Path) -> list[tuple[str, Path]]:
    """(name, file) of each metric, sorted by name; links are not followed."""
    found = [(clean_name(name), Path(path)) for name, path in below(run / "metrics").files]
    return sorted(found)[:MAX_SERIES]


def config_of(run: Path) -> dict[str, object]:
    """The parameters of a run: numbers as numbers, the rest as text."""
    config: dict[str, object] = {}
    try:
        files = sorted(
            path for path in (run / "params").iterdir() if path.is_file() and not path.is_symlink()
        )
    except OSError:
        return config
    for path in files[:MAX_PARAMS]:
        try:
            text = head(path, 4096).decode("utf-8", "replace").strip()
        except InputError:
            continue
        value = number(text)
        config[clean_name(path.name)] = text if value is None else value
    return config


class Metric:
    """Bytes of one metric's file to chunks of one series; see `drive.Decoder`."""

    def __init__(self, name: str, notes: Notes) -> None:
        self._name = name
        self._notes = notes
        self._lines = LineBlocks(name)

    def feed(self, data: bytes) -> Chunk:
        """The points of the lines that are whole now."""
        block = self._lines.feed(data)
        return self._points(block.data, block.line)

    def end(self) -> Chunk:
        """The point of a last line without newline, if it is whole."""
        block = self._lines.end()
        if block.data and len(block.data.split()) != N_CELLS:
            message = f"{self._name}: the last line is cut off and was left out"
            self._notes.add("torn_tail", message, block.line)
            return self._points(b"", block.line)
        return self._points(block.data + b"\n" if block.data else b"", block.line)

    def _points(self, data: bytes, line: int) -> Chunk:
        grid = parsed_block(data, " ", N_CELLS) if data else None
        if grid is not None:
            steps = grid[:, 2]
            if (np.abs(steps) < 2**53).all() and (steps == np.trunc(steps)).all():
                return table(steps.astype(np.int64), {self._name: grid[:, 1].copy()}, seconds_of(grid[:, 0]))
        return self._one_by_one(data, line)

    def _one_by_one(self, data: bytes, line: int) -> Chunk:
        found = []
        for at, text in enumerate(data.decode("utf-8", "replace").splitlines(), line):
            cells = [number(cell) for cell in text.split()[:N_CELLS]]
            step = step_of(cells[2]) if len(cells) == N_CELLS and cells[2] is not None else None
            if step is not None and cells[0] is not None and cells[1] is not None:
                found.append((step, cells[1], seconds(cells[0]) or np.nan))
            elif text.strip():
                message = f"{self._name}: expected time, value and step, found {quoted(text)}; left out"
                self._notes.add("bad_line", message, at)
        steps, values, walls = zip(*found, strict=True) if found else ((), (), ())
        series = {self._name: np.array(values, np.float64)}
        return table(np.array(steps, np.int64), series, np.array(walls, np.float64))
