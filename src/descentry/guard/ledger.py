"""Beside the course: where the run can go back to, what was kept out of the weights, what waits to be asked for."""

from collections import deque
from dataclasses import dataclass, field

from descentry.guard.actions import Deed, RollBack
from descentry.guard.quarantine import Quarantined
from descentry.guard.wall import text

MAX_HISTORY = 10_000
"""Actions and quarantined batches that are remembered, the newest."""


@dataclass
class Ledger:
    """`saved_at`: the checkpoints there are, with the batches drawn until then; `courses`: what was known there.

    `n_batches`: drawn so far; `n_seen`: steps seen, those trained again included; `era`: how often the run went back;
    `pending`: asked for at the next step; `is_over`: the training was to stop.
    """

    saved_at: dict[int, int] = field(default_factory=dict)
    courses: dict[int, bytes] = field(default_factory=dict)
    quarantine: deque[Quarantined] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))
    n_batches: int = 0
    n_seen: int = 0
    era: int = 0
    pending: Deed | None = None
    is_over: bool = False

    def keep_out(self, step: int, why: str, batch: object, module: object, is_kept_out: bool) -> None:
        """The newest batch is kept from the weights, or would have been."""
        name, first_in = (None if one is None else text(one) for one in (batch, module))
        at = self.n_batches - 1
        self.quarantine.append(Quarantined(step, at, at, why, name, first_in, is_kept_out))

    def save(self, step: int, course: bytes) -> None:
        """There is a checkpoint of this step."""
        self.saved_at[step] = self.n_batches
        self.courses[step] = course

    def forget(self, step: int) -> bool:
        """It is there no more; whether it was."""
        self.courses.pop(step, None)
        return self.saved_at.pop(step, None) is not None

    def go_back(self, deed: RollBack) -> list[int]:
        """The run goes back; the steps of checkpoints that it gives up."""
        self.pending = None
        first = self.saved_at.get(deed.to_step, self.n_batches)
        if deed.skip:
            self.quarantine.append(Quarantined(deed.to_step, first, first + deed.skip - 1, deed.reason))
        self.n_batches = first + deed.skip
        return [step for step in self.saved_at if step > deed.to_step]
