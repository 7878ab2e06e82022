"""A line as the general rule reads it: odd spellings, short and large counters, decimal commas and boosted trees."""

from collections.abc import Callable

from descentry.sources.notes import Notes
from descentry.sources.text.boosting import boosted
from descentry.sources.text.counter_last import with_counter_first
from descentry.sources.text.lone_value import with_lone_named
from descentry.sources.text.odd import respelt, with_points
from descentry.sources.text.short_counters import with_long_counters
from descentry.sources.text.units import with_whole_counts

COMMA = "a comma in a number was read as its decimal point"


def respelt_line(plain: str) -> str:
    """The line with its numbers spelt as usual, but for decimal commas, which a line alone does not tell."""
    named = boosted(plain) or with_lone_named(with_counter_first(with_long_counters(plain)))
    return with_whole_counts(respelt(named))


class Respelling:
    """Respells lines, and tells where that is a reading of its own.  `on_commas`: decimal commas were found.

    `has_commas`: they were.  `has_named_loss`: the log names its loss, so a number without a name is none.
    """

    def __init__(self, notes: Notes, on_commas: Callable[[], None]) -> None:
        self._notes = notes
        self._on_commas = on_commas
        self.has_commas = False
        self.has_named_loss = False

    def line(self, plain: str, number: int) -> str:
        """The line (of that number) respelt; as it is where nothing in it is odd."""
        line = boosted(plain) or self._with_name(with_counter_first(with_long_counters(plain)), number)
        return self._with_points(self._with_counts(respelt(line), number), number)

    def _with_name(self, line: str, number: int) -> str:
        """The line with a name for its only number, in a log that names no loss."""
        named = line if self.has_named_loss else with_lone_named(line)
        if named != line:
            message = "a number without a name behind a counter was read as the loss"
            self._notes.add("unnamed_value", message, number)
        return named

    def _with_counts(self, line: str, number: int) -> str:
        """The line with whole numbers for `step 1.5k`."""
        counted = with_whole_counts(line)
        if counted != line:
            message = "counters are printed in thousands or millions: their steps are as exact as that"
            self._notes.add("rounded_step", message, number, warning=False)
        return counted

    def _with_points(self, line: str, number: int) -> str:
        """The line with points for its decimal commas."""
        pointed = with_points(line, is_known=self.has_commas) if "," in line else line
        if pointed != line:
            if not self.has_commas:
                self._on_commas()
            self.has_commas = True
            self._notes.add("decimal_comma", COMMA, number)
        return pointed

    def pointed(self, lines: list[str], number: int) -> list[str]:
        """The lines of a log with decimal commas, from line `number` on, with points for them."""
        spelt = [with_points(line, is_known=True) if "," in line else line for line in lines]
        n_changed = sum(line != other for line, other in zip(lines, spelt, strict=True))
        if n_changed:
            self._notes.add("decimal_comma", COMMA, number, count=n_changed)
        return spelt
