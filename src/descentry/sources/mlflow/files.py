"""MLflow's file store: a run's folder with `meta.yaml` and `metrics/<name>`, lines `ms value step`.

Written by MLflow 1.x to 3.x (`mlruns/<experiment>/<run>/`) and ultralytics.  A "/" in a metric's name is a
folder.  A resumed run goes on in the same files, so its steps go back.  `params/` becomes the config.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from descentry.formats.blocks import Growing, blocks, growing, head
from descentry.formats.lines import LineBlocks
from descentry.record.chunk import Chunk, Ints, empty
from descentry.record.errors import InputError
from descentry.sources.json.values import clean_name
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import number, seconds, seconds_of, step_of
from descentry.sources.rows import MAX_SERIES, bounded, is_empty
from descentry.sources.tables.csv_block import parsed_block

format = "mlflow"

MAX_PARAMS = 1000
N_CELLS = 3


def matches(path: Path, head: bytes) -> bool:
    """True for a folder with `meta.yaml` and `metrics`."""
    try:
        return not head and (path / "meta.yaml").is_file() and (path / "metrics").is_dir()
    except OSError:
        return False


def read(path: Path) -> Iterator[Chunk]:
    """The whole run, metrics merged by step, as chunks.  Raises UnreadableError."""
    notes = Notes(path.name)
    series = {}
    for name, file in metric_files(path):
        source = blocks(file)
        metric = Metric(f"metrics/{name}", notes)
        pieces = [metric.feed(block) for block in source]
        series[name] = _joined([*pieces, metric.end()])
        for event in source.events:
            notes.put(event)
    chunk = merged_by_step(series)
    yield from bounded(Chunk(chunk.steps, chunk.columns, chunk.wall_times, notes.take(), config_of(path)))


def metric_files(run: Path) -> list[tuple[str, Path]]:
    """(name, file) of each metric, sorted by name; links are not followed."""
    root = run / "metrics"
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [inner for inner in folders if not (Path(folder) / inner).is_symlink()]
        for file in files:
            path = Path(folder) / file
            if path.is_file() and not path.is_symlink() and not file.startswith("."):
                found.append((clean_name(path.relative_to(root).as_posix()), path))
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
    """Bytes of one metric's file to its points."""

    def __init__(self, name: str, notes: Notes) -> None:
        self._name = name
        self._notes = notes
        self._lines = LineBlocks(name)

    def feed(self, data: bytes) -> Points:
        """The points of the lines that are whole now."""
        block = self._lines.feed(data)
        return self._points(block.data, block.line)

    def end(self) -> Points:
        """The point of a last line without newline, if it is whole."""
        block = self._lines.end()
        if block.data and len(block.data.split()) != N_CELLS:
            message = f"{self._name}: the last line is cut off and was left out"
            self._notes.add("torn_tail", message, block.line)
            return self._points(b"", block.line)
        return self._points(block.data + b"\n" if block.data else b"", block.line)

    def _points(self, data: bytes, line: int) -> Points:
        grid = parsed_block(data, " ", N_CELLS) if data else None
        if grid is not None:
            steps = grid[:, 2]
            if (np.abs(steps) < 2**53).all() and (steps == np.trunc(steps)).all():
                return points(steps.astype(np.int64), grid[:, 1].copy(), seconds_of(grid[:, 0]))
        return self._one_by_one(data, line)

    def _one_by_one(self, data: bytes, line: int) -> Points:
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
        return points(np.array(steps, np.int64), np.array(values, np.float64), np.array(walls, np.float64))


def _joined(pieces: list[Points]) -> Points:
    steps = np.concatenate([piece.steps for piece in pieces])
    values = np.concatenate([piece.values for piece in pieces])
    return Points(steps, values, np.concatenate([piece.walls for piece in pieces]))


def _part(its: Points, start: int, stop: int) -> Points:
    return Points(its.steps[start:stop], its.values[start:stop], its.walls[start:stop])


def follow(path: Path) -> Iterator[Chunk]:
    """The run as it grows.  The newest step waits until a later one comes, or nothing: its metrics are
    written one after the other.  Raises UnreadableError."""
    follower = _Follower(path)
    yield from bounded(Chunk(np.empty(0, np.int64), {}, None, (), config_of(path)))
    try:
        while True:
            chunk = follower.poll()
            yield from bounded(chunk)
            if is_empty(chunk):
                yield empty()
    finally:
        follower.close()


class _Follower:
    """Follows every metric of a run at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes = Notes(path.name)
        self._files: dict[str, tuple[Growing, Metric]] = {}
        self._waiting: dict[str, Points] = {}

    def poll(self) -> Chunk:
        """What came since the last call, merged by step."""
        for name, file in metric_files(self._path):
            if name not in self._files:
                try:
                    self._files[name] = growing(file), Metric(f"metrics/{name}", self._notes)
                except InputError:
                    continue
        has_news = False
        for name in list(self._files):
            fresh = self._fresh(name)
            has_news |= len(fresh.steps) > 0
            self._waiting[name] = _joined([self._waiting.get(name, _NONE), fresh])
        newest = max((int(its.steps[-1]) for its in self._waiting.values() if len(its.steps)), default=0)
        ready, self._waiting = self._waiting, {}
        if has_news:
            for name, its in ready.items():
                n = _n_before(its.steps, newest)
                ready[name], self._waiting[name] = _part(its, 0, n), _part(its, n, len(its.steps))
        chunk = merged_by_step(ready)
        return Chunk(chunk.steps, chunk.columns, chunk.wall_times, self._notes.take())

    def _fresh(self, name: str) -> Points:
        """What one metric's file has had since the last visit; a file written anew begins anew."""
        source, _ = self._files[name]
        n_restarts = source.n_restarts
        pieces = [_NONE]
        while (block := next(source)) or source.n_restarts != n_restarts:
            if source.n_restarts != n_restarts:
                n_restarts = source.n_restarts
                self._files[name] = source, Metric(f"metrics/{name}", self._notes)
                self._waiting.pop(name, None)
                pieces = [_NONE]
            pieces.append(self._files[name][1].feed(block))
        for event in source.events:
            self._notes.put(event)
        source.events.clear()
        return _joined(pieces)

    def close(self) -> None:
        """Lets the files go."""
        for source, _ in self._files.values():
            source.close()


_NONE = points(np.empty(0, np.int64), np.empty(0, np.float64))


def _n_before(steps: Ints, newest: int) -> int:
    """How many points stand before the last ones of the newest step."""
    n = len(steps)
    while n and steps[n - 1] == newest:
        n -= 1
    return n
