"""The plans of the shapes that a log has shown, each worked out once."""

from descentry.sources.text.dialects import INTRUDERS
from descentry.sources.text.plan import Plan
from descentry.sources.text.skeletons import broken_off, plan_of

MAX_PLANS = 2048
MAX_SKELETON = 4096
"""Characters of a skeleton that is remembered."""


class KnownPlans:
    """`plans` by skeleton; `last_spellings`: the last number of the newest line of each."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.last_spellings: dict[str, str] = {}

    def plan(self, skeleton: str, *, keep: bool = True) -> Plan:
        """The plan of a skeleton, worked out once."""
        plan = self.plans.get(skeleton)
        if plan is None:
            plan = self._mended(skeleton, plan_of(skeleton))
            if keep and len(skeleton) <= MAX_SKELETON:
                if len(self.plans) >= MAX_PLANS:
                    self.plans.clear()
                    self.last_spellings.clear()
                self.plans[skeleton] = plan
        return plan

    def _mended(self, skeleton: str, plan: Plan) -> Plan:
        """The plan, less what a message that broke into the line has made unsure."""
        if not plan.names or not INTRUDERS.search(skeleton):
            return plan
        n = len(plan.names)
        for other in self.plans.values():
            if len(other.names) > n and other.names[:n] == plan.names:
                return broken_off(skeleton, plan, other)
        return plan
