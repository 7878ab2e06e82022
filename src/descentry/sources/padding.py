"""Rows at the end of a table in which everything is NaN: steps that were never reached, written by a program
that made its arrays before it trained.

A run that diverges goes on to log its rate or its epoch, so rows are padding only where one of these is NaN too.
They are held back until a number follows (then they are rows as any) or the log ends (left out, told).
"""

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.record.roles import Role
from descentry.sources.roles import resolve
from descentry.sources.rows import joined

PLACE = frozenset({Role.LEARNING_RATE, Role.EPOCH, Role.TOKENS, Role.BATCH_SIZE})
"""Roles of series that no divergence makes NaN."""
MAX_HELD = 1 << 20
"""Rows that are held back; more are handed out as they are."""


class Padding:
    """Takes chunks in their order.  `place`: how the event names the log."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._held: Chunk | None = None

    def feed(self, chunk: Chunk) -> Chunk:
        """The rows that are sure to be reached, with all events and settings."""
        if self._held is None and _n_reached(chunk) == chunk.n_rows:
            return chunk
        whole = chunk if self._held is None else joined([self._held, chunk])
        n_reached = _n_reached(whole)
        held = whole.take(n_reached, whole.n_rows)
        self._held = Chunk(held.steps, held.columns, held.wall_times) if 0 < held.n_rows <= MAX_HELD else None
        told = whole if self._held is None else whole.take(0, n_reached)
        return Chunk(told.steps, told.columns, told.wall_times, whole.events, whole.config)

    def end(self) -> list[Event]:
        """The log has ended: what was held is padding, told here."""
        held, self._held = self._held, None
        if held is None:
            return []
        message = f"NaN in every series from step {held.steps[0]} on: steps that were never reached, left out"
        return [Event("padding", message, self._place, held.n_rows, int(held.steps[0]), warning=False)]


def _n_reached(chunk: Chunk) -> int:
    """How many rows of the chunk are left without those at its end that may be padding."""
    n = chunk.n_rows
    columns = chunk.columns.values()
    if not n or any(rows[-1] == n - 1 and values[-1] == values[-1] for rows, values in columns):
        return n
    roles = resolve(list(chunk.columns))
    places = [column for name, column in chunk.columns.items() if roles[name] in PLACE]
    if not any(rows[-1] == n - 1 for rows, _ in places):
        return n
    is_reached = np.zeros(n, np.bool_)
    for rows, values in columns:
        is_reached[rows[~np.isnan(values)]] = True
    found = np.flatnonzero(is_reached)
    return int(found[-1]) + 1 if len(found) else 0
