"""Which step a line's points belong to, when the line itself does not say it.

A line without a counter (a validation, a reward) belongs to the newest counted line, or to the next one where
the log begins with such lines and then with step 0 (the writer evaluates before it trains).  Lines that count
otherwise than those with the loss (an engine that logs its own updates) are kept between their neighbours;
lines with a loss whose first step is that of the line before count the same (`step 0: …`, `iter 0: …`).
"""

from typing import NamedTuple

from descentry.sources.text.table import Points, Sink

MAX_HELD = 4096
MAX_FAMILIES = 16


class Held(NamedTuple):
    """A row that waits for the next counted one: `step` as printed, None when none was."""

    step: int | None
    points: Points
    wall: float


class Placing:
    """Hands rows to the table in their order, holding back those whose step the next row decides."""

    def __init__(self, table: Sink) -> None:
        self._table = table
        self._held: list[Held] = []
        self._main = ""
        self._alike: set[str] = set()
        self._leads = False
        self.has_begun = False
        self.has_counted = False
        self.last = 0

    def is_quick(self, family: str) -> bool:
        """Whether lines of this family go straight to the table now."""
        return self.has_begun and not self._held and (self._main in ("", family) or family in self._alike)

    @property
    def is_following(self) -> bool:
        """Whether rows without a step go straight to the table, at the newest step."""
        return self.has_begun and not self._held and not self._leads

    @property
    def is_waiting(self) -> bool:
        """Whether rows are held back."""
        return bool(self._held)

    def header(self, epoch: int) -> None:
        """A line without points that says the epoch of the lines below."""
        self._release(epoch)
        self.has_begun = True
        self.last = epoch

    def counted(self, step: int, points: Points, wall: float, family: str, *, has_loss: bool) -> None:
        """A row with a step of its own."""
        self.has_counted = True
        if has_loss and not self._main:
            self._main = family
        if has_loss and step == self.last and not self._held and len(self._alike) < MAX_FAMILIES:
            self._alike.add(family)
        is_known = family == self._main or family in self._alike
        if self._main and not is_known and self.has_begun and step != self.last:
            self._hold(Held(step, points, wall))
            return
        self._release(step)
        self.has_begun = True
        self.last = step
        self._table.add(step, points, wall, is_counted=True)

    def uncounted(self, points: Points, wall: float) -> None:
        """A row without one."""
        if self._leads or not self.has_begun:
            self._hold(Held(None, points, wall))
            return
        self._release_all()
        self._table.add(self.last, points, wall)

    def _hold(self, row: Held) -> None:
        self._held.append(row)
        if len(self._held) > MAX_HELD:
            self._release_all()

    def _release(self, step: int) -> None:
        """The held rows, now that the next counted row is at `step`."""
        if not self._held:
            return
        if not self.has_begun:
            self._leads = step == 0
            self.last = max(step - 1, 0) if step > 0 else step
        floor = self.last
        for row in self._held:
            floor = self._placed(row, floor, step)
            self._table.add(floor, row.points, row.wall)
        self._held = []

    def _placed(self, row: Held, floor: int, step: int) -> int:
        if row.step is None:
            return step if self._leads else floor
        return min(max(row.step, floor), step) if step >= floor else min(row.step, step)

    def _release_all(self) -> None:
        """The held rows where no counted row follows."""
        for row in self._held:
            if row.step is None:
                self.last += self._leads and self.has_begun and row is self._held[0]
            else:
                self.last = max(row.step, self.last)
            self._table.add(self.last, row.points, row.wall)
        self._held = []

    def end(self) -> None:
        """The log has ended."""
        self._release_all()
