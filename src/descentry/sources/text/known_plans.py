"""The plans of the shapes that a log has shown, each worked out once."""

import re

from descentry.sources.text.bars import looks_like_bar
from descentry.sources.text.dialects import INTRUDERS
from descentry.sources.text.mllog import MARK
from descentry.sources.text.odd import has_odd, has_wrong, split_odd, without_absent
from descentry.sources.text.plan import NOTHING, Kind, Plan
from descentry.sources.text.skeletons import broken_off, plan_of
from descentry.sources.text.tokens import split

MAX_PLANS = 2048
MAX_SKELETON = 4096
"""Characters of a skeleton that is remembered."""
MAX_CHATTER = 30_000
"""New shapes that are worked out whatever they say; then only those with a word that logs of losses have."""
MAX_TOLD = 40_000
"""New shapes that say nothing.  Beyond them no new one is worked out."""
MAX_NAMES = 10_000
"""Names of series: no training has so many.  Beyond them new shapes are worked out as often again, then no more."""
MAX_NEW = 60_000
"""New shapes of any kind.  Lines that differ in words which tell nothing are of one (see `stray`)."""
WATCH = 16
"""New shapes beyond which those that say something are remembered, for the time when no new ones are looked at."""
MAX_SAID = 1 << 16
_TELLS = re.compile(
    "loss|step|iter|epoch|acc|lr|rate|grad|norm|ppl|perplex|reward|kl|valid|eval|train|test|score"
)
_DIGITS = re.compile("[0-9]+")


class KnownPlans:
    """`plans` by skeleton; `last_spellings`: the last number of the newest line of each.

    `n_left`: lines of new shapes that were not looked at, since too many had come before.
    """

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.last_spellings: dict[str, str] = {}
        self.n_left = 0
        self._n_new = 0
        self._names: set[str] = set()
        self._n_beyond = 0
        self._n_told = 0
        self._n_worked = 0
        self._said: set[int] = set()

    def plan(self, skeleton: str, *, keep: bool = True) -> Plan:
        """The plan of a skeleton, worked out once."""
        plan = self.plans.get(skeleton)
        if plan is None:
            if not self._is_wanted(skeleton):
                self.n_left += 1
                return NOTHING
            plan = self._mended(skeleton, plan_of(skeleton))
            self._names.update(plan.names)
            self._n_told += plan is NOTHING
            if keep and len(skeleton) <= MAX_SKELETON:
                self._keep(skeleton, plan)
        return plan

    def planned(self, line: str) -> tuple[Plan, str, list[str]]:
        """The plan of a line, its skeleton and its numbers.  What is odd is one of them where it stands in the
        place of a number of lines before, or would be taken for another number."""
        if has_odd(line):
            skeleton, numbers = split_odd(line)
            if has_wrong(line) or self.plans.get(skeleton, NOTHING).kind is Kind.ROW:
                return self.plan(skeleton), skeleton, numbers
            line = without_absent(line)
        skeleton, numbers = split(line)
        return self.plan(skeleton), skeleton, numbers

    def _keep(self, skeleton: str, plan: Plan) -> None:
        """Remembers a plan.  Of too many those that say something stay, unless they are most of them."""
        if len(self.plans) >= MAX_PLANS:
            idle = [known for known, its in self.plans.items() if its is NOTHING]
            for known in idle if 2 * len(idle) > MAX_PLANS else [*self.plans]:
                del self.plans[known]
                self.last_spellings.pop(known, None)
        self.plans[skeleton] = plan
        if plan is not NOTHING:
            self.note_said(skeleton)

    def note_said(self, line: str) -> None:
        """The line, or the skeleton of one, said something."""
        if self._n_new > WATCH and len(self._said) < MAX_SAID:
            self._said.add(_shape(line))

    def leaves(self, line: str) -> bool:
        """Whether a line is left out by its looks, in a log of which hardly any new shape is looked at."""
        if self._n_new <= MAX_CHATTER and not self._is_full:
            return False
        if not self._is_full and _TELLS.search(line.lower()) is not None:
            return False
        if line.startswith(("|", "-")) or MARK in line or looks_like_bar(line) or _shape(line) in self._said:
            return False
        self.n_left += 1
        return True

    @property
    def _is_full(self) -> bool:
        """Whether no new shape is looked at."""
        return self._n_beyond > MAX_NAMES or self._n_told > MAX_TOLD or self._n_worked > MAX_NEW

    def _is_wanted(self, skeleton: str) -> bool:
        """Whether a new shape is worked out."""
        self._n_new += 1
        self._n_beyond += len(self._names) > MAX_NAMES
        if _shape(skeleton) in self._said:
            return True
        if self._is_full or (self._n_new > MAX_CHATTER and _TELLS.search(skeleton.lower()) is None):
            return False
        self._n_worked += 1
        return True

    def _mended(self, skeleton: str, plan: Plan) -> Plan:
        """The plan, less what a message that broke into the line has made unsure."""
        if not plan.names or not INTRUDERS.search(skeleton):
            return plan
        n = len(plan.names)
        for other in self.plans.values():
            if len(other.names) > n and other.names[:n] == plan.names:
                return broken_off(skeleton, plan, other)
        return plan


def _shape(line: str) -> int:
    """What is remembered of a line: it takes the same room for any."""
    return hash(_DIGITS.sub("0", line))
