"""What stands in place of numbers in rows of JSON: texts, booleans and nulls, counted and told by field."""

import math
from typing import NamedTuple

from descentry.sources.notes import Notes, quoted

N_SHOWN = 8
MAX_FIELDS = 1000
"""Fields of one kind of oddity that are kept count of."""


class Count(NamedTuple):
    """How often something stood in a field, and the line where it first did (None: the log has no lines)."""

    line: int | None
    n: int = 1


Counts = dict[str, Count]


def counted(counts: Counts, name: str, more: Count) -> None:
    """Adds to a count; its first line stays.  A field beyond `MAX_FIELDS` is not counted."""
    first = counts.get(name)
    if first is not None:
        counts[name] = Count(first.line, first.n + more.n)
    elif len(counts) < MAX_FIELDS:
        counts[name] = more


class Oddities:
    """Knows which fields hold numbers, and what else was found in them."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.n_numbers: dict[str, int] = {}
        self.texts: Counts = {}
        self._flags: Counts = {}
        self._lists: Counts = {}
        self._nulls: Counts = {}
        self._blanks: Counts = {}
        self._first_text: dict[str, str] = {}
        self._spoken: dict[str, str] = {}

    @property
    def waits(self) -> bool:
        """Whether the first number of a field may tell what stood there before."""
        return bool(self.texts or self._flags or self._blanks)

    def saw_number(self, name: str, count: int = 1) -> None:
        """Counts numbers; before the first one of a field, tells what stood there until then."""
        known = self.n_numbers.get(name)
        if known is not None:
            self.n_numbers[name] = known + count
            return
        self.n_numbers[name] = count
        for counts, what in ((self.texts, "text"), (self._flags, "true or false")):
            before = counts.pop(name, None)
            if before is not None:
                message = f"`{name}` held {what} before its first number; left out"
                self._notes.add("bad_value", message, before.line, count=before.n)
        blank = self._blanks.pop(name, None)
        if blank is not None:
            self._tell_blank(name, blank)

    def is_numeric(self, name: str) -> bool:
        """Whether a field has held a number."""
        return name in self.n_numbers

    def tell_spoken(self, name: str, text: str, its: tuple[float, str], line: int | None) -> None:
        """Tells of a text that is taken for a number."""
        if name not in self._spoken and len(self._spoken) < MAX_FIELDS:
            self._spoken[name] = f"is {its[1]}: {text} is read as {its[0]:g}"
        self._notes.add("derived", f"`{name}` {self._spoken.get(name, 'holds numbers with units')}", line)

    def text(self, name: str, text: str, line: int | None) -> float | None:
        """A text where a number is expected: NaN in a series of numbers, ignored elsewhere."""
        if name not in self.n_numbers:
            counted(self.texts, name, Count(line))
            return None
        if len(self._first_text) < MAX_FIELDS:
            self._first_text.setdefault(name, quoted(text))
        found = self._first_text.get(name, "a text")
        self._notes.add("bad_value", f"`{name}` is {found}, expected a number; kept as NaN", line)
        return math.nan

    def saw_texts(self, name: str, count: Count) -> None:
        """Texts in a field without numbers."""
        counted(self.texts, name, count)

    def saw_flag(self, name: str, count: Count) -> None:
        """Booleans: no points; told in a series of numbers."""
        if name in self.n_numbers:
            message = f"`{name}` is true or false, expected a number; left out"
            self._notes.add("bad_value", message, count.line, count=count.n)
        else:
            counted(self._flags, name, count)

    def saw_null(self, name: str, count: Count) -> None:
        """Nulls: not logged; `tell_nulls` says so at the end."""
        counted(self._nulls, name, count)

    def saw_blank(self, name: str, line: int | None) -> None:
        """A text that spells "no value": not logged; told in a series of numbers."""
        if name in self.n_numbers:
            self._tell_blank(name, Count(line))
        else:
            counted(self._blanks, name, Count(line))

    def _tell_blank(self, name: str, count: Count) -> None:
        message = f"`{name}` has texts that stand for no value: taken as not logged"
        self._notes.add("bad_value", message, count.line, warning=False, count=count.n)

    def saw_list(self, name: str, count: Count) -> None:
        """Lists that are too long, or too deep, to be series of their own."""
        counted(self._lists, name, count)

    def without_numbers(self) -> list[str]:
        """The fields that never held a number."""
        return sorted({*self.texts, *self._flags, *self._lists})

    def tell_left_out(self) -> None:
        """Tells once of the fields of true and false, and of lists: they are no series."""
        for counts, what in ((self._flags, "true or false"), (self._lists, "lists")):
            if counts:
                shown = ", ".join(f"`{name}`" for name in sorted(counts)[:N_SHOWN])
                more = f" and {len(counts) - N_SHOWN} more" if len(counts) > N_SHOWN else ""
                lines = [count.line for count in counts.values() if count.line is not None]
                n = sum(count.n for count in counts.values())
                message = f"{shown}{more} hold {what}: no series"
                self._notes.add("no_series", message, min(lines, default=None), count=n, warning=False)

    def tell_nulls(self, n_rows: int) -> None:
        """Tells of nulls in the fields that hold numbers in most of the rows."""
        for name, count in self._nulls.items():
            if 2 * self.n_numbers.get(name, 0) > n_rows:
                message = f"`{name}` is null: taken as not logged"
                self._notes.add("bad_value", message, count.line, warning=False, count=count.n)
        self._nulls = {}
