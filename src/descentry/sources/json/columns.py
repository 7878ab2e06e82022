"""A JSON document of columns or of rows: `{"loss": [2.3, …], "val_loss": [2.4, …]}` or `[{"step": 0, …}, …]`.

Written by Keras users (`json.dump(history.history)`), notebooks, pandas, and exports of trackers.  Lists of one
length are columns; they may stand one level deeper (`{"history": {…}, "params": {…}}`).  Without a column
of steps the position is the step (Keras counts epochs from 0).  Boosters write a split's metrics below its name:
xgboost's and lightgbm's `evals_result`, `{"train": {"rmse": […]}, "valid": {…}}`.
Lists of rows may stand below a name, and series as TensorBoard's page saves them: `nested`.  A list of bare numbers
is one series, the loss unless the file is named otherwise.  Objects that stand one after another, each over several
lines, are rows.  A document of several runs (`document_runs`, or rows that name theirs) is several.
A series of a split or a role that is shorter than the longest, as of a validation every few epochs, is spread over
it and told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.record.event import Event
from descentry.sources.epoch_steps import EpochSteps
from descentry.sources.json.document_rows import DocumentRows, rows_in
from descentry.sources.json.document_runs import runs_of
from descentry.sources.json.document_text import document_of, is_document
from descentry.sources.json.label_survey import survey_of
from descentry.sources.json.labelled import UNLABELLED
from descentry.sources.json.values import clean_name
from descentry.sources.labels import Labels
from descentry.sources.padding import Padding
from descentry.sources.protocol import OneRun
from descentry.sources.rows import with_events
from descentry.sources.survey import only
from descentry.sources.whole_file import content_of, follow_whole, read_whole

format = "json"


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for lists of numbers or of rows, or a frame, with a name as logs have them."""
    return is_document(head)


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The runs of the document; one where it holds no more, or is being written.  Raises UnreadableError."""
    try:
        document = document_of(content_of(path), path.name).value
    except DamagedError:
        return [("", JsonRun(None, UNLABELLED))]
    parts = runs_of(document)
    if parts:
        return [(clean_name(name), JsonRun(name, UNLABELLED)) for name in parts]
    rows = [row for row in rows_in(document) or () if isinstance(row, dict)]
    return [(run, JsonRun(None, labels)) for run, labels in survey_of(rows, str(path))]


def read(path: Path) -> Iterator[Chunk]:
    """All rows of the only run as chunks.  Raises UnreadableError, DamagedError; UsageError for several."""
    return only(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The rows that each new version of the file adds.  Raises as `read` does."""
    return only(path, runs(path)).follow(path)


@dataclass(frozen=True, slots=True)
class JsonRun:
    """One run of a document.  `part`: what it is called there, None where it is the whole."""

    part: str | None
    labels: Labels

    def read(self, path: Path) -> Iterator[Chunk]:
        """All rows as chunks.  Raises UnreadableError, DamagedError."""
        return read_whole(path, self._rows_of)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The rows that each new version of the file adds.  Raises UnreadableError."""
        return follow_whole(path, self._rows_of)

    def _rows_of(self, content: bytes, name: str) -> Chunk:
        return rows_of(content, name, self)


def rows_of(content: bytes, name: str, run: JsonRun | None = None) -> Chunk:
    """All rows of one run of the document, by default of the whole.  Raises DamagedError."""
    document, is_torn = document_of(content, name)
    if run is not None and run.part is not None:
        document = runs_of(document).get(run.part)
    labels = UNLABELLED if run is None else run.labels
    rows = DocumentRows(name, labels)
    chunk = rows.of(document)
    if rows.state.is_fractional:
        chunk = DocumentRows(name, labels, is_numbered=True).of(document)
    padding = Padding(name)
    reached = padding.feed(EpochSteps(name).feed(chunk))
    torn = [Event("torn_tail", "the last object is cut off and was left out", name)] if is_torn else []
    return with_events(reached, [*torn, *padding.end()])
