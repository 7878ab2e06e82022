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

from descentry.formats.blocks import head
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError
from descentry.sources.json.values import clean_name
from descentry.sources.metric_files import MetricFiles
from descentry.sources.notes import Notes
from descentry.sources.numbers import number
from descentry.sources.rows import MAX_SERIES, bounded
from descentry.sources.tables.csv_lines import CsvLines

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
    yield from bounded(empty(config=config_of(path)))
    yield from bounded(_metrics(path).read())


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


def follow(path: Path) -> Iterator[Chunk]:
    """The run as it grows; metrics that come later are taken up.  Raises UnreadableError."""
    yield from bounded(empty(config=config_of(path)))
    yield from _metrics(path).follow()


def _metrics(path: Path) -> MetricFiles:
    return MetricFiles(
        lambda: metric_files(path),
        lambda: [str(path), *_headless(path)],
        lambda _, file: CsvLines(file.name),
        Notes(path.name),
    )


def _headless(folder: Path) -> list[str]:
    """Tables that are no metric, as long as their header is not written."""
    return [str(file) for file in sorted(folder.glob("*.csv*"))[:MAX_SERIES] if not _metric(file)]
