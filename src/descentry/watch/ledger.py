"""What has been told of a run, and what is new against it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from descentry.record.finding import Finding, Severity
from descentry.stream.lives import differs
from descentry.watch.told import OPENED, RESOLVED, UPDATED

MOST_TURNS = 3
"""A finding that comes and goes is told to people so often; then only where it is graver than it ever was."""

Key = tuple[str, str]


class News(NamedTuple):
    """One difference: the words of `Told`, the finding, its severity before."""

    event: str
    change: str
    finding: Finding
    was: Severity | None
    is_news: bool


def key_of(finding: Finding) -> Key:
    """What a finding keeps through its life: pattern and curve."""
    return finding.pattern, finding.curve


@dataclass
class Ledger:
    """The findings that stand as they were told, and how often each has come."""

    standing: dict[Key, Finding] = field(default_factory=dict)
    _turns: Counter[Key] = field(default_factory=Counter)
    _gravest: dict[Key, int] = field(default_factory=dict)

    def compare(
        self, findings: Iterable[Finding], is_sure: Callable[[Finding], bool] = lambda _: True
    ) -> list[News]:
        """What opened, changed or closed since the last time; what stands now is told by it.

        What has not been told yet, and of which `is_sure` is not, is left for another time.
        """
        fresh = {
            key: finding
            for finding in findings
            if (key := key_of(finding)) in self.standing or is_sure(finding)
        }
        news = [self._opened(key, one) for key, one in fresh.items() if key not in self.standing]
        for key, old in self.standing.items():
            if key not in fresh:
                news.append(News(RESOLVED, "withdrawn", old, None, self._is_told(key)))
            elif differs(old, fresh[key]):
                news.append(self._changed(key, old, fresh[key]))
        self.standing = fresh
        return news

    def _opened(self, key: Key, finding: Finding) -> News:
        is_graver = finding.severity.rank > self._gravest.get(key, -1)
        self._gravest[key] = max(finding.severity.rank, self._gravest.get(key, -1))
        self._turns[key] += 1
        change = "opened" if self._turns[key] == 1 else "back"
        return News(OPENED, change, finding, None, is_graver or self._is_told(key))

    def _changed(self, key: Key, old: Finding, new: Finding) -> News:
        by = new.severity.rank - old.severity.rank
        if by:
            is_graver = new.severity.rank > self._gravest[key]
            self._gravest[key] = max(new.severity.rank, self._gravest[key])
            return News(
                UPDATED, "worse" if by > 0 else "milder", new, old.severity, is_graver or self._is_told(key)
            )
        if (old.resolved_at_step is None) == (new.resolved_at_step is None):
            return News(UPDATED, "more", new, old.severity, False)
        if new.resolved_at_step is None:
            self._turns[key] += 1
            return News(UPDATED, "back", new, old.severity, self._is_told(key))
        return News(RESOLVED, "over", new, old.severity, self._is_told(key))

    def _is_told(self, key: Key) -> bool:
        return self._turns[key] <= MOST_TURNS
