"""CSV, TSV and the like: one row per logging step, columns by header.

Written by Lightning's and Keras's CSVLogger, ultralytics (`results.csv`), pandas, AlgoPerf, Ray Tune
(`progress.csv`), ColossalAI's reward trainer (no header) and everybody's own `csv.writer`.

An empty cell was not logged; `nan` and `inf` in any spelling were; see `csv_spelling` for commas, percent and times.
The step is the best of the names in `naming.STEP_NAMES` that does not start anew where another goes on, else the
row's number (told as `missing_step`).  Columns of runs, splits and processes are those of `labels`.  A header that
comes again marks a restart.  Comment lines and titles above the header are passed over and told.  A last line
without newline is kept when its last cell is as long as the one above it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.epoch_steps import CountedOn
from descentry.sources.labels import Labels
from descentry.sources.long import merged
from descentry.sources.numbered import SecondLook
from descentry.sources.protocol import OneRun
from descentry.sources.survey import only
from descentry.sources.tables.csv_labels import survey
from descentry.sources.tables.csv_lines import CsvLines
from descentry.sources.tables.csv_sniff import is_csv

format = "csv"


def matches(path: Path, head: bytes) -> bool:
    """True when the first lines have the same number of cells, and numbers in them."""
    return is_csv(path.name, head)


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the log by their columns; one where it has none.  Raises UnreadableError."""
    return [(run, CsvRun(labels)) for run, labels in survey(path)]


def read(path: Path) -> Iterator[Chunk]:
    """The only run as chunks; a long table merged by step.  Raises UnreadableError; UsageError for several runs."""
    return only(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run as it grows; a torn last line waits.  Raises as `read`."""
    return only(path, runs(path)).follow(path)


@dataclass(frozen=True, slots=True)
class CsvRun:
    """One run of a log."""

    labels: Labels

    def read(self, path: Path) -> Iterator[Chunk]:
        """The run as chunks; a long table merged by step.  Raises UnreadableError."""
        lines: list[CsvLines] = []

        def looked_at(name: str) -> CountedOn:
            return CountedOn(SecondLook(lambda is_numbered: opened(name, is_numbered)), name)

        def opened(name: str, is_numbered: bool) -> CsvLines:
            lines.append(CsvLines(name, is_numbered=is_numbered, labels=self.labels))
            return lines[-1]

        return merged(read_stream(path, looked_at), lambda: bool(lines) and lines[-1].is_long)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run as it grows; a torn last line waits.  Raises UnreadableError."""
        return follow_stream(path, self._decoder)

    def _decoder(self, name: str) -> CountedOn:
        look = SecondLook(lambda is_numbered: CsvLines(name, is_numbered=is_numbered, labels=self.labels))
        return CountedOn(look, name)
