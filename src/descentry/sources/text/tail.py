"""Whether a last line without newline is whole."""

import re

from descentry.sources.text.bars import bar_of, looks_like_bar
from descentry.sources.text.boosting import is_begun
from descentry.sources.text.console import Console
from descentry.sources.text.grid import PIPES
from descentry.sources.text.mllog import MARK, event_of
from descentry.sources.text.plan import NOTHING, Kind
from descentry.sources.text.tokens import HOLE, cut_moment, decimal_shape

_OPEN = re.compile(f"{HOLE}(?:[.,]|[eE][-+]?)?$")
"""The end of a skeleton whose last number may go on."""


class Tail:
    """Compares a last line with the lines of its shape that came before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._reading = console.main

    def is_torn(self, text: str) -> bool:
        """Whether numbers of the line may be cut.  Lines without numbers that count are never torn."""
        if MARK in text:
            return event_of(text) is None
        if looks_like_bar(text) and bar_of(text) is not None and "]" not in text.rpartition("%|")[2]:
            return "%|" in text
        if is_begun(cut_moment(text)[0].strip()):
            return True
        row = self._reading.table_row(text)
        if row is not None and not row.is_bar:
            return text.rstrip()[-1:] not in PIPES
        skeleton, numbers = self._console.understood(text)
        if not numbers:
            return False
        known = self._reading.plans
        plan = known.get(skeleton)
        if plan is None:
            return self._would_count(skeleton) and (bool(_OPEN.search(skeleton)) or self._is_begun(skeleton))
        if plan.kind is not Kind.ROW or not skeleton.endswith(HOLE):
            return False
        before = self._reading.last_spellings.get(skeleton, "")
        shape = decimal_shape(numbers[-1])
        return not shape or shape != decimal_shape(before)

    def _would_count(self, skeleton: str) -> bool:
        return self._reading.plan(skeleton, keep=False) is not NOTHING or self._is_begun(skeleton)

    def _is_begun(self, skeleton: str) -> bool:
        """Whether a known line begins as this one does and goes on."""
        return any(
            other.startswith(skeleton) for other, plan in self._reading.plans.items() if plan is not NOTHING
        )
