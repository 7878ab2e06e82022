"""Lines that say what those below are about (`Validation:`), known again as they stand."""

from itertools import islice, takewhile

MAX_LINES = 64
MAX_AT_ONCE = 1024


class Contexts:
    """Remembers such lines."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, line: str, context: str) -> None:
        """The line said that."""
        if len(self._known) < MAX_LINES:
            self._known[line] = context

    def of(self, lines: list[str], start: int) -> list[str]:
        """What the lines from `start` say, as far as they are known."""
        if lines[start] not in self._known:
            return []
        known = takewhile(self._known.__contains__, islice(lines, start, start + MAX_AT_ONCE))
        return [self._known[line] for line in known]
