"""Points that come one by one to rows: consecutive points of one step make one row."""

import math

from descentry.sources.rows import Rows


class PointRows:
    """Gathers points into `rows`.  The newest row stays open until a point of another step comes, or the
    same series again; `close` ends it."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._step = 0
        self._wall: float | None = None
        self._row: dict[str, float] = {}

    def put(self, step: int, name: str, value: float, wall: float | None = None) -> None:
        """Adds a point.  The row's wall time is that of its first point."""
        if step != self._step or name in self._row:
            self.close()
            self._step = step
        if not self._row:
            self._wall = None if wall is None or math.isnan(wall) else wall
        self._row[name] = value

    def close(self) -> None:
        """Ends the newest row."""
        if self._row:
            self.rows.add(self._step, self._row.items(), self._wall)
            self._row = {}
