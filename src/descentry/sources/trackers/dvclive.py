"""DVCLive's folder: a table with tabs for each metric in `plots/metrics/`, its path the metric's name.

Written by dvclive 2 and 3; `timestamp` (milliseconds) is there if asked for, NaN and infinities are spelled.  The
plain `key: value` lines of `params.yaml` become the config, nested ones do not.  `metrics.json` holds the last
values only.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError
from descentry.sources.json.values import clean_name
from descentry.sources.metric_files import MetricFile, MetricFiles, below
from descentry.sources.notes import Notes
from descentry.sources.numbers import number
from descentry.sources.rows import MAX_SERIES, bounded
from descentry.sources.tables.csv_lines import CsvLines

format = "dvclive"
owns_folder = True
"""What lies in the folder is read here; nothing in it is a log of its own."""

METRICS = Path("plots") / "metrics"
ENDING = ".tsv"
MAX_PARAMS = 1000
_PARAM = re.compile(
    r"([^\s:#'\"{}\[\]-][^:#'\"{}\[\]]{0,200}):[ ]+([^\s'\"{}\[\]&*!|>#][^#]{0,200}?)\s*", re.ASCII
)


def matches(path: Path, head: bytes) -> bool:
    """True for a folder with such tables in `plots/metrics`."""
    return not head and bool(metric_files(path))


def metric_files(folder: Path) -> list[MetricFile]:
    """(name, table) of each metric, sorted by name; links are not followed."""
    found = [
        (clean_name(name.removesuffix(ENDING)), Path(path))
        for name, path in below(folder / METRICS).files
        if name.endswith(ENDING)
    ]
    return sorted(found)[:MAX_SERIES]


def read(path: Path) -> Iterator[Chunk]:
    """The whole run, metrics merged by step, as chunks.  Raises UnreadableError."""
    yield from bounded(empty(config=config_of(path)))
    yield from bounded(_metrics(path).read())


def follow(path: Path) -> Iterator[Chunk]:
    """The run as it grows; metrics that come later are taken up.  Raises UnreadableError."""
    yield from bounded(empty(config=config_of(path)))
    yield from _metrics(path).follow()


def _metrics(path: Path) -> MetricFiles:
    return MetricFiles(
        lambda: metric_files(path),
        lambda: below(path / METRICS).folders,
        lambda _, file: CsvLines(file.name),
        Notes(path.name),
    )


def config_of(folder: Path) -> dict[str, object]:
    """The plain parameters of a run: numbers as numbers, the rest as text."""
    config: dict[str, object] = {}
    try:
        text = head(folder / "params.yaml").decode("utf-8", "replace")
    except InputError:
        return config
    for line in text.splitlines()[:MAX_PARAMS]:
        param = _PARAM.fullmatch(line)
        if param:
            value = number(param[2])
            config[clean_name(param[1])] = param[2] if value is None else value
    return config
