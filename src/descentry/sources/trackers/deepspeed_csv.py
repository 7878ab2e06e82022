"""The folder of DeepSpeed's csv monitor: one file a metric, `Train_Samples_train_loss.csv`, with `step,train_loss`.

Written by DeepSpeed 0.8 to 0.17; the step counts samples.  A resumed run goes on in the same files and repeats
their headers.  Metrics are merged by step and named by their headers, by their files where headers are alike.
`deepspeed_config.csv` becomes the config.
"""

import csv as plain_csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from descentry.formats.blocks import head
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.sources.json.values import clean_name
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.numbers import number
from descentry.sources.rows import MAX_SERIES, bounded, is_empty, joined
from descentry.sources.tables import csv

format = "deepspeed_csv"
SIGN = "Train_Samples_"
"""The metrics of DeepSpeed's engine begin so; those of a user's `write_events` may stand beside them."""
CONFIG = "deepspeed_config.csv"
_NAME = re.compile(r"(.+)\.csv(?:\.gz|\.zst)?", re.DOTALL)
MAX_CONFIG = 1000
MAX_CONFIG_BYTES = 1 << 18


def matches(path: Path, head: bytes) -> bool:
    """True for a folder with a file of the engine's metrics."""
    if head:
        return False
    try:
        return any(_metric(file) for file in sorted(path.glob(f"{SIGN}*.csv*"))[:4])
    except (OSError, ValueError):
        return False


def read(path: Path) -> Iterator[Chunk]:
    """The whole run, metrics merged by step, as chunks.  Raises UnreadableError."""
    series: dict[str, Points] = {}
    events: list[Event] = []
    for name, file in metric_files(path):
        whole = joined(csv.read(file))
        events += whole.events
        series[name] = _points(whole)
    chunk = merged_by_step(series)
    yield from bounded(Chunk(chunk.steps, chunk.columns, None, tuple(events), config_of(path)))


def metric_files(folder: Path) -> list[tuple[str, Path]]:
    """(name, file) of each metric, sorted by file; links are not followed."""
    files = sorted(file for file in folder.glob("*.csv*") if file.is_file() and not file.is_symlink())
    found = [(metric, file) for file in files[:MAX_SERIES] if (metric := _metric(file))]
    counts = Counter(metric for metric, _ in found)
    return [(metric if counts[metric] == 1 else clean_name(_stem(file)), file) for metric, file in found]


def _metric(file: Path) -> str:
    """The name in the header of a metric's file, "" where it is none."""
    try:
        first = head(file, 512).decode("utf-8", "replace").partition("\n")[0]
    except InputError:
        return ""
    step, _, name = first.strip().strip("\ufeff").partition(",")
    is_metric = step == "step" and bool(name) and _stem(file).endswith(name.strip('"').replace(" ", "_"))
    return clean_name(name.strip('"')) if is_metric else ""


def _stem(file: Path) -> str:
    """The file's name without `.csv`, and without the ending of its compression; "" for any other file."""
    found = _NAME.fullmatch(file.name)
    return found[1] if found else ""


def config_of(folder: Path) -> dict[str, object]:
    """The settings that DeepSpeed wrote beside the metrics: numbers as numbers, the rest as text."""
    try:
        path = next(iter(sorted(folder.glob(f"{CONFIG}*"))), folder / CONFIG)
        text = head(path, MAX_CONFIG_BYTES).decode("utf-8", "replace")
        rows = list(plain_csv.reader(text.splitlines()))[1:]
    except (InputError, plain_csv.Error):
        return {}
    pairs = [(clean_name(row[0]), row[1]) for row in rows[:MAX_CONFIG] if len(row) > 1]
    return {name: cell if (value := number(cell)) is None else value for name, cell in pairs}


def _points(chunk: Chunk) -> Points:
    """The points of a metric's file, whose only series it is."""
    if not chunk.columns:
        return _NONE
    rows, values = next(iter(chunk.columns.values()))
    return points(chunk.steps[rows], values)


_NONE = points(np.empty(0, np.int64), np.empty(0, np.float64))


def follow(path: Path) -> Iterator[Chunk]:
    """The run as it grows.  The newest step waits until a later one comes, or nothing: its metrics are
    written one after the other.  Raises UnreadableError."""
    files: dict[str, Iterator[Chunk]] = {}
    waiting: dict[str, Points] = {}
    yield from bounded(empty(config=config_of(path)))
    while True:
        for name, file in metric_files(path):
            if name not in files:
                files[name] = csv.follow(file)
        fresh = {name: joined(_news(chunks)) for name, chunks in files.items()}
        ready = {name: _both(waiting.get(name, _NONE), _points(chunk)) for name, chunk in fresh.items()}
        waiting = {}
        if any(chunk.n_rows for chunk in fresh.values()):
            ready, waiting = _split(ready)
        rows = merged_by_step(ready)
        events = tuple(event for chunk in fresh.values() for event in chunk.events)
        merged = Chunk(rows.steps, rows.columns, None, events)
        yield from bounded(merged)
        if is_empty(merged):
            yield empty()


def _news(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """What a followed file has had since the last visit."""
    for chunk in chunks:
        if is_empty(chunk):
            return
        yield chunk


def _both(a: Points, b: Points) -> Points:
    return points(np.concatenate([a.steps, b.steps]), np.concatenate([a.values, b.values]))


def _split(series: dict[str, Points]) -> tuple[dict[str, Points], dict[str, Points]]:
    """The points before the newest step, and those at it."""
    newest = max(int(its.steps[-1]) for its in series.values() if len(its.steps))
    ready, waiting = {}, {}
    for name, its in series.items():
        n = len(its.steps) - int(np.logical_and.accumulate(its.steps[::-1] == newest).sum())
        ready[name] = points(its.steps[:n], its.values[:n])
        waiting[name] = points(its.steps[n:], its.values[n:])
    return ready, waiting
