"""Boxes of names and values to rows: what counts them, and the names of their series."""

from descentry.sources.notes import Notes, quoted
from descentry.sources.text.boxes import Box, Boxes, Entry
from descentry.sources.text.config import Config
from descentry.sources.text.plan import Kind, Plan, described
from descentry.sources.text.settings import settings_of
from descentry.sources.text.tokens import whole

BoxRow = tuple[Plan, list[str], int]
"""A plan, the spellings that its indices point to, and the number of the line."""


class Boxed:
    """Reads boxes.  The counter of the first one counts all: one without it belongs to the newest step."""

    def __init__(self, notes: Notes, config: Config) -> None:
        self._boxes = Boxes()
        self._notes = notes
        self._config = config
        self._counter = ""
        self._n_numbered = 0
        self._last = ""
        self._step = 0

    @property
    def is_open(self) -> bool:
        """Whether a rule, or lines of a box, came last."""
        return self._boxes.is_open

    def feed(self, text: str, number: int) -> bool:
        """Takes in a line; True for a line of a box, which says nothing more.  `rows` may be due now."""
        return self._boxes.feed(text, number)

    def rows(self) -> list[BoxRow]:
        """The rows of the boxes that are whole now; what is no row becomes settings."""
        if self._boxes.others:
            for box in self._boxes.others:
                for entry in box.entries:
                    self._config.add(settings_of(entry.text))
            self._boxes.others.clear()
        if not self._boxes.data:
            return []
        rows = [self._row(box) for box in self._boxes.data]
        self._boxes.data.clear()
        return rows

    def end(self) -> list[BoxRow]:
        """The rest, when the log has ended."""
        torn = self._boxes.end()
        if torn is not None:
            self._notes.add("torn_tail", "the last table is cut off: its values were left out", torn.number)
        return self.rows()

    def _row(self, box: Box) -> BoxRow:
        at = self._counter_of(box)
        entries = [entry for i, entry in enumerate(box.entries) if i != at and self._is_value(entry, box)]
        numbers = [entry.spelling for entry in entries]
        step = -1
        if at >= 0 or not self._counter:
            step = len(numbers)
            numbers.append(self._step_of(box.entries[at]) if at >= 0 else self._numbered(box))
        where = tuple(range(len(entries)))
        names = tuple(entry.name for entry in entries)
        plan = Plan(Kind.ROW, step=step, names=names, where=where, scales=(1.0,) * len(where), family="box")
        return described(plan), numbers, box.number

    def _counter_of(self, box: Box) -> int:
        """The index of the counter in the box, or -1."""
        if not self._counter:
            at = box.counter()
            self._counter = box.entries[at].name if at >= 0 else ""
            return at
        if self._counter not in box.names:
            return -1
        at = box.names.index(self._counter)
        return at if box.entries[at].is_number else -1

    def _is_value(self, entry: Entry, box: Box) -> bool:
        if not entry.is_number:
            message = f"{entry.name}: {quoted(entry.spelling)} is no number, left out"
            self._notes.add("bad_value", message, box.number)
        return entry.is_number

    def _numbered(self, box: Box) -> str:
        if not self._n_numbered:
            self._notes.add("missing_step", "no step is printed: rows are numbered from 0", box.number)
        self._n_numbered += 1
        return str(self._n_numbered - 1)

    def _step_of(self, entry: Entry) -> str:
        """The step as spelt.  One in three digits, `1.2e+06`, may stand for several rows: they are kept apart."""
        step = whole(entry.spelling)
        if step is None or "e" not in entry.spelling.lower():
            return entry.spelling
        message = f"{entry.name} is printed in few digits: steps are as exact as that, equal ones one apart"
        self._notes.add("rounded_step", message, warning=False)
        self._step = self._step + 1 if entry.spelling == self._last else step
        self._last = entry.spelling
        return str(self._step)
