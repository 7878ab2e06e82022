"""Long tables: one point a row, the name of its series in a field of its own."""

from collections.abc import Callable, Iterable, Iterator

from descentry.record.chunk import Chunk
from descentry.sources.merge import merged_by_step, points
from descentry.sources.rows import bounded, joined

NAMES = ("tag", "metric", "variable", "metric_name", "key", "series", "name")
VALUES = ("value", "metric_value", "scalar")
"""What the fields of the name and of the value are called, in lower case, best first."""


def merged(chunks: Iterable[Chunk], is_long: Callable[[], bool]) -> Iterator[Chunk]:
    """The chunks as they come, or, where the table turns out to be long, its rows merged by step.

    A long table often holds one series after the other, and must be seen as a whole.
    """
    held: list[Chunk] = []
    for chunk in chunks:
        if is_long():
            held.append(chunk)
        else:
            yield chunk
    if held:
        yield from bounded(by_step(joined(held)))


def by_step(chunk: Chunk) -> Chunk:
    """A row for each step in place of one for each point."""
    walls = chunk.wall_times
    series = {
        name: points(chunk.steps[rows], values, None if walls is None else walls[rows])
        for name, (rows, values) in chunk.columns.items()
    }
    rows = merged_by_step(series)
    return Chunk(rows.steps, rows.columns, rows.wall_times, chunk.events, chunk.config)
