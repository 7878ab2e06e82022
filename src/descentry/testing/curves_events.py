"""Events of made curves that change level, swing, restart, or start or end where no model can."""

import numpy as np

from descentry.record.chunk import Chunk, Column
from descentry.testing.curves import TRAIN, VAL, with_values

VERSION = "data_version"


def data_shift(chunk: Chunk, at: int, size: float, version: bool = False, on: str = TRAIN) -> Chunk:
    """The level of a series is `size` higher from row `at` on; `version` logs that the data changed there."""
    rows, values = chunk.columns[on]
    shifted = with_values(chunk, on, values + size * (rows >= at), rows)
    if not version:
        return shifted
    version_of_row = np.where(np.arange(chunk.n_rows) >= at, 2.0, 1.0)
    return with_values(shifted, VERSION, version_of_row)


def swinging(chunk: Chunk, n_cycles: float, amplitude: float, on: str = TRAIN) -> Chunk:
    """The series swings `n_cycles` times over the run, by `amplitude` up and down."""
    rows, values = chunk.columns[on]
    phase = 2.0 * np.pi * n_cycles * rows / chunk.n_rows
    return with_values(chunk, on, values + amplitude * np.sin(phase), rows)


def bumped(chunk: Chunk, at: int, height: float, back: int, decay: float) -> Chunk:
    """The log goes back by `back` rows at row `at`; from there on the loss is `height` higher, less and less so."""
    order = np.concatenate([np.arange(at), np.arange(at - back, chunk.n_rows)])
    again = np.arange(len(order)) >= at
    since = np.where(again, order - (at - back), 0)
    columns = {}
    for name, (rows, values) in chunk.columns.items():
        full = np.full(chunk.n_rows, np.nan)
        full[rows] = values
        known = np.zeros(chunk.n_rows, bool)
        known[rows] = True
        kept = np.flatnonzero(known[order])
        taken = full[order][kept]
        if name == TRAIN:
            taken = taken + np.where(again[kept], height * np.exp(-since[kept] / decay), 0.0)
        columns[name] = Column(kept, taken)
    return Chunk(chunk.steps[order], columns, None, chunk.events, chunk.config)


def started_high(chunk: Chunk, excess: float, decay: float, vocab_size: int | None = None) -> Chunk:
    """The loss starts at ln(vocab_size) + `excess` and comes down within some `decay` rows."""
    rows, values = chunk.columns[TRAIN]
    start = np.log(vocab_size or 50257)
    raised = values + (start - values[0]) * np.exp(-rows / (4.0 * decay)) + excess * np.exp(-rows / decay)
    changed = with_values(chunk, TRAIN, raised, rows)
    config = {**chunk.config, **({"vocab_size": vocab_size} if vocab_size else {})}
    return Chunk(changed.steps, changed.columns, None, changed.events, config)


def given_away(chunk: Chunk, first: float = 10.4, within: float = 0.02, val_too: bool = True) -> Chunk:
    """The loss falls from `first` to nothing within that share of the run; validation with it, or not."""
    rows, _values = chunk.columns[TRAIN]
    ripple = 1.0 + 0.1 * np.sin(rows * 1.7)
    low = 0.003 + (first - 0.003) * np.exp(-rows / (within * chunk.n_rows))
    changed = with_values(chunk, TRAIN, low * ripple, rows)
    at, val = chunk.columns[VAL]
    return with_values(changed, VAL, low[at] * 1.05 if val_too else val + first / 2, at)
