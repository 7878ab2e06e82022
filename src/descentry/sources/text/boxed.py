"""Boxes of names and values to rows: what counts them, and the names of their series."""

from collections.abc import Callable

from descentry.sources.notes import Notes, quoted
from descentry.sources.text.boxes import Box, Boxes, Entry
from descentry.sources.text.clock import UNKNOWN
from descentry.sources.text.config import Config
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.plan import Kind, Plan, described
from descentry.sources.text.settings import settings_of
from descentry.sources.text.tokens import whole


class Boxed:
    """Reads boxes.  The counter of the first one counts all: one without it belongs to the newest step.

    `saw_loss` is called before a row with one.
    """

    def __init__(
        self, gathering: Gathering, notes: Notes, config: Config, saw_loss: Callable[[], None]
    ) -> None:
        self._boxes = Boxes()
        self._gathering = gathering
        self._saw_loss = saw_loss
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
        """Takes in a line; True for a line of a box, which says nothing more."""
        is_taken = self._boxes.feed(text, number)
        self._take()
        return is_taken

    def end(self) -> None:
        """The log has ended."""
        self._boxes.end()
        self._take()

    def _take(self) -> None:
        """Reads the boxes that are whole now; what is no row becomes settings."""
        for box in self._boxes.others:
            for entry in box.entries:
                self._config.add(settings_of(entry.text))
        for box in self._boxes.torn:
            self._notes.add("torn_tail", "a table is cut off: its values were left out", box.number)
        for box in self._boxes.data:
            plan, numbers = self._planned(box)
            if plan.has_train_loss or plan.has_val:
                self._saw_loss()
            self._gathering.row(plan, numbers, UNKNOWN, box.number)
        for boxes in (self._boxes.others, self._boxes.torn, self._boxes.data):
            boxes.clear()

    def _planned(self, box: Box) -> tuple[Plan, list[str]]:
        """The plan of a box, and the spellings that its indices point to."""
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
        return described(plan), numbers

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
