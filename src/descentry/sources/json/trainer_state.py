"""Hugging Face `trainer_state.json`: `log_history`, one dict per logging step.

Written by transformers' Trainer (4.x, 5.x) beside each checkpoint and at the end, and by what builds on it
(TRL, LLaMA-Factory, axolotl).  Training, `eval_*` and final entries are mixed; a final entry (it has a
`train_runtime`, and no `loss`: where tokens are counted, every training entry has one) is a summary of the run and goes
to the config, like the fields beside the history.  A file that is cut off gives the entries that are whole.

The history is read entry by entry as its bytes come, so that a document takes no more memory than its curves.
"""

from collections.abc import Iterator
from pathlib import Path

from descentry.formats.encodings import AsUtf8
from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.sources.drive import read_stream
from descentry.sources.json.history import HISTORY, History
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.scattered import scattered
from descentry.sources.json.table import Row, as_table
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.rows import joined, with_events
from descentry.sources.whole_file import follow_whole

format = "trainer_state"

MAX_SHOWN = 8
PIECE = 1 << 19
"""Bytes of a document that are looked at together."""


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for a JSON object with a `log_history`."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and HISTORY.search(head) is not None


def read(path: Path) -> Iterator[Chunk]:
    """The whole history as chunks.  Raises UnreadableError, DamagedError."""
    try:
        yield from read_stream(path, TrainerState)
    except DamagedError as error:
        raise DamagedError(str(path), error.problem, error.advice) from error


def follow(path: Path) -> Iterator[Chunk]:
    """The entries that each new version of the file adds.  Raises UnreadableError."""
    return follow_whole(path, rows_of)


def rows_of(content: bytes, name: str) -> Chunk:
    """All rows of the document.  Raises DamagedError when it has no history."""
    decoder = TrainerState(name)
    pieces = [decoder.feed(content[at : at + PIECE]) for at in range(0, len(content), PIECE)]
    return joined([*pieces, decoder.end()])


class TrainerState:
    """Bytes to chunks; see `drive.Decoder`.  Both calls raise DamagedError."""

    def __init__(self, name: str) -> None:
        self._notes = Notes(name)
        self._utf8 = AsUtf8()
        self._history = History(name)
        self._rows = JsonRows(self._notes)
        self._summary: dict[str, object] = {}
        self._n_entries = 0

    def feed(self, data: bytes) -> Chunk:
        """The rows of the entries that are whole now."""
        return self._chunk(self._history.feed(self._utf8.feed(data)))

    def end(self) -> Chunk:
        """The rows of the last entries, and the fields beside the history."""
        entries, fields = self._history.end(self._utf8.feed(b"", final=True))
        if self._history.problem:
            message = f"the file is damaged ({self._history.problem}); its whole entries were read"
            self._notes.add("torn_tail", message)
        chunk = self._chunk(entries)
        config = {
            clean_name(key): value for key, value in fields.items() if not isinstance(value, list | dict)
        }
        return Chunk(
            chunk.steps,
            chunk.columns,
            chunk.wall_times,
            chunk.events,
            {**chunk.config, **config, **self._summary},
        )

    def _chunk(self, entries: list[object]) -> Chunk:
        rows = [row for at, entry in enumerate(entries, self._n_entries) if (row := self._row(entry, at))]
        self._n_entries += len(entries)
        table = as_table(rows, self._rows, None) if rows else None
        if table is not None:
            return with_events(table, self._notes.take())
        return scattered(rows, None, self._rows)

    def _row(self, entry: object, at: int) -> Row | None:
        """The entry where it is a row; the summary at the end of a training is kept for the config."""
        if not isinstance(entry, dict):
            self._notes.add("bad_line", f"entry {at} of `log_history` is no object and was left out")
            return None
        if "train_runtime" not in entry or "loss" in entry:
            return entry
        fields = {clean_name(key): value for key, value in entry.items() if key not in ("step", "epoch")}
        self._summary.update(fields)
        shown = ", ".join(f"`{name}`" for name in sorted(fields)[:MAX_SHOWN])
        message = f"the entry at the end sums the training up ({shown}): kept as settings, no series"
        self._notes.add("summary", message, warning=False)
        return None
