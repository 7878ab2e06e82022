"""Turns whole curves back into rows in which the signals meet by step."""

from collections.abc import Iterator

import numpy as np

from descentry.record.chunk import Chunk, Column
from descentry.record.run import Run

N_ROWS = 65536


def rows_of(run: Run) -> Iterator[Chunk]:
    """The points of all curves as chunks, merged by step.

    Curves do not tell how their points lay between each other in the log.  Within each stretch in which no
    step goes back they are merged by step; a step that one curve logs twice makes two rows.
    """
    names = list(run.curves)
    parts = [run.curves[name] for name in names if len(run.curves[name])]
    if not parts:
        yield Chunk(np.empty(0, np.int64), {}, None, run.events, run.config)
        return
    keys = []
    for i, curve in enumerate(parts):
        steps = curve.steps
        segment = np.concatenate([[0], np.cumsum(np.diff(steps) < 0)])
        fresh = np.concatenate([[True], (np.diff(steps) != 0) | (np.diff(segment) != 0)])
        index = np.arange(len(steps))
        copy = index - np.maximum.accumulate(np.where(fresh, index, 0))
        keys.append(np.stack([segment, steps, copy, np.full(len(steps), i), index]))
    table = np.concatenate(keys, axis=1)
    table = table[:, np.lexsort((table[3], table[2], table[1], table[0]))]
    new_row = np.concatenate([[True], (np.diff(table[:3], axis=1) != 0).any(axis=0)])
    row_of = np.cumsum(new_row) - 1
    row_steps = table[1][new_row]
    for start in range(0, len(row_steps), N_ROWS):
        stop = min(start + N_ROWS, len(row_steps))
        a, b = np.searchsorted(row_of, (start, stop))
        columns = {}
        for i, curve in enumerate(parts):
            mine = np.flatnonzero(table[3][a:b] == i) + a
            if len(mine):
                columns[curve.name] = Column(row_of[mine] - start, curve.values[table[4][mine]])
        first = start == 0
        yield Chunk(
            row_steps[start:stop], columns, None, run.events if first else (), run.config if first else {}
        )
