"""The plans of the shapes that a log has shown, each worked out once."""

import re

from descentry.sources.text.dialects import INTRUDERS
from descentry.sources.text.plan import NOTHING, Plan
from descentry.sources.text.skeletons import broken_off, plan_of

MAX_PLANS = 2048
MAX_SKELETON = 4096
"""Characters of a skeleton that is remembered."""
MAX_CHATTER = 30_000
"""New shapes that are worked out whatever they say; then only those with a word that logs of losses have."""
MAX_NAMES = 10_000
"""Names of series: no training has so many.  Beyond them new shapes are worked out as often again, then no more."""
_TELLS = re.compile(
    r"loss|step|iter|epoch|acc|lr|rate|grad|norm|ppl|perplex|reward|kl|valid|eval|train|test|score",
    re.IGNORECASE,
)


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

    def plan(self, skeleton: str, *, keep: bool = True) -> Plan:
        """The plan of a skeleton, worked out once."""
        plan = self.plans.get(skeleton)
        if plan is None:
            if not self._is_wanted(skeleton):
                self.n_left += 1
                return NOTHING
            plan = self._mended(skeleton, plan_of(skeleton))
            self._names.update(plan.names)
            if keep and len(skeleton) <= MAX_SKELETON:
                if len(self.plans) >= MAX_PLANS:
                    self.plans.clear()
                    self.last_spellings.clear()
                self.plans[skeleton] = plan
        return plan

    def _is_wanted(self, skeleton: str) -> bool:
        """Whether a new shape is worked out."""
        self._n_new += 1
        self._n_beyond += len(self._names) > MAX_NAMES
        if self._n_beyond > MAX_NAMES:
            return False
        return self._n_new <= MAX_CHATTER or _TELLS.search(skeleton) is not None

    def _mended(self, skeleton: str, plan: Plan) -> Plan:
        """The plan, less what a message that broke into the line has made unsure."""
        if not plan.names or not INTRUDERS.search(skeleton):
            return plan
        n = len(plan.names)
        for other in self.plans.values():
            if len(other.names) > n and other.names[:n] == plan.names:
                return broken_off(skeleton, plan, other)
        return plan
