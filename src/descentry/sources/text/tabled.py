"""Tables within a log: headers and rows to the rows of the log."""

from descentry.sources.text.clock import UNKNOWN
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.grid import Grid, Row
from descentry.sources.text.idle import Idle
from descentry.sources.text.quick import Quick
from descentry.sources.text.tokens import clean


class Tabled:
    """Reads headers and the rows below them; of the states of a row that a bar ends in the last one counts."""

    def __init__(self, gathering: Gathering, quick: Quick, idle: Idle) -> None:
        self._gathering = gathering
        self._quick = quick
        self._idle = idle
        self._grid = Grid()
        self._state: tuple[Row, int] | None = None

    @property
    def is_held(self) -> bool:
        """Whether a bar's state waits for the next line."""
        return self._state is not None

    def is_of_table(self, text: str) -> bool:
        """Whether the line is a header, which is kept, or a row below one."""
        return self._grid.is_header(text) or self._grid.row(text) is not None

    def row(self, text: str) -> Row | None:
        """The text as a row of the table that the log prints, or None."""
        return self._grid.row(clean(text).strip())

    def feed(self, text: str, number: int, *, learns: bool = False) -> bool:
        """Reads a header or a row at line `number`, and the state that ends with it; False for no such line."""
        is_header = self._is_header(text)
        row = None if is_header else self._grid.row(text)
        before, self._state = self._state, None
        if before is not None and not (row is not None and row.is_bar and row.counts_as(before[0])):
            self._gathering.row(before[0].plan, before[0].numbers, UNKNOWN, before[1])
        if row is not None and row.is_bar:
            self._state = row, number
        elif row is not None:
            self._gathering.row(row.plan, row.numbers, UNKNOWN, number)
            if learns and not row.numbers[-1]:
                self._quick.learn(text, row.plan, row.numbers[:-1], is_tabled=True)
        return is_header or row is not None

    def _is_header(self, text: str) -> bool:
        known = self._grid.header
        is_header = self._grid.is_header(text)
        if is_header:
            self._idle.clear()
        if self._grid.header != known:
            self._quick.drop_tables()
        return is_header
