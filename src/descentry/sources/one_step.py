"""Tells of a log whose rows all have one step: its writer gave none, as `add_scalar(tag, value)` does."""

from collections.abc import Iterable, Iterator

from descentry.record.chunk import Chunk, empty
from descentry.record.event import Event

MIN_ROWS = 4
"""Rows from which one step is no accident; fewer may be the results of a run."""
_REASONS = frozenset({"missing_step", "bad_step"})


def told_of_one_step(chunks: Iterable[Chunk], where: str) -> Iterator[Chunk]:
    """The chunks as they come, and behind them a warning where all rows have the same step and nothing said why."""
    step: int | None = None
    n_rows, is_one = 0, True
    for chunk in chunks:
        is_one = is_one and not any(event.kind in _REASONS for event in chunk.events)
        if is_one and chunk.n_rows:
            step = int(chunk.steps[0]) if step is None else step
            is_one = bool((chunk.steps == step).all())
            n_rows += chunk.n_rows
        yield chunk
    if is_one and n_rows >= MIN_ROWS:
        message = f"all {n_rows} rows have step {step}: the writer gave no step, so that their order is all there is"
        yield empty((Event("missing_step", message, where, step=step),))
