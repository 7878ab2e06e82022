"""One number a line and nothing else, as `print(loss.item())` or `np.savetxt` write it.

The series is the loss, unless the file is named after another (`val_loss.txt`); the number of the line is the step.
A file of whole numbers is no log: it may be a list of anything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from descentry.formats.lines import plain_head
from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.record.roles import Role
from descentry.sources.labels import Labels
from descentry.sources.loss_names import loss_name
from descentry.sources.numbers import INTEGER, number
from descentry.sources.roles import resolve
from descentry.sources.tables.csv import CsvRun

format = "numbers"

MIN_LINES = 3
N_SNIFFED = 100
LOSS = "loss"


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True when each of the first lines is a number, not all of them whole."""
    text = plain_head(head).decode("utf-8", "replace")
    lines = [line.strip() for line in text[: text.rfind("\n") + 1].split("\n", N_SNIFFED)[:N_SNIFFED]]
    lines = [line for line in lines if line]
    if len(lines) < MIN_LINES or any(number(line) is None for line in lines):
        return False
    return not all(map(INTEGER.fullmatch, lines))


def read(path: Path) -> Iterator[Chunk]:
    """The whole series as chunks.  Raises UnreadableError."""
    return _named(CsvRun(Labels()).read(path), _name(path))


def follow(path: Path) -> Iterator[Chunk]:
    """The series as it grows; a torn last line waits.  Raises UnreadableError."""
    return _named(CsvRun(Labels()).follow(path), _name(path))


def _name(path: Path) -> str:
    """What the file is named after, where that is a loss or another known series; else the loss."""
    stem = path.name.split(".")[0]
    return stem if loss_name(stem) is not None or resolve([stem])[stem] is not Role.METRIC else LOSS


def _named(chunks: Iterable[Chunk], name: str) -> Iterator[Chunk]:
    for chunk in chunks:
        columns = {name if its == LOSS else its: column for its, column in chunk.columns.items()}
        yield replace(chunk, columns=columns, events=tuple(_told(event, name) for event in chunk.events))


def _told(event: Event, name: str) -> Event:
    if event.kind != "derived" or name == LOSS:
        return event
    return replace(event, message=f"the file's only column of values is taken for `{name}`, as it is named")
