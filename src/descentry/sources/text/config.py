"""The settings of a log, each told once."""

from collections.abc import Mapping

from descentry.sources.text.plan import Plan
from descentry.sources.text.tokens import whole

MAX_SETTINGS = 512


class Config:
    """Collects settings; the first value of each counts."""

    def __init__(self) -> None:
        self._new: dict[str, object] = {}
        self._known: set[str] = set()

    def add(self, found: Mapping[str, object]) -> None:
        """Settings that a line showed."""
        for name, setting in found.items():
            if name not in self._known and len(self._known) < MAX_SETTINGS:
                self._known.add(name)
                self._new[name] = setting

    def note_totals(self, plan: Plan, numbers: list[str]) -> None:
        """The totals beside the counters of a line: `step 3/100` plans 100 steps."""
        if plan.epoch_total >= 0 and "epochs" not in self._known:
            self._add_total("epochs", numbers[plan.epoch_total])
        if plan.total >= 0:
            name = "max_steps" if plan.step >= 0 and plan.epoch < 0 else "batches_per_epoch"
            if name not in self._known:
                self._add_total(name, numbers[plan.total])

    def _add_total(self, name: str, spelling: str) -> None:
        total = whole(spelling)
        if total:
            self.add({name: total})

    def take(self) -> dict[str, object]:
        """What came since the last call."""
        new, self._new = self._new, {}
        return new
