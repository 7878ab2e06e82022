"""What the guard itself knows of the run as it stands: it goes back with the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from descentry.guard.actions import Stop
from descentry.guard.early_stop import EarlyStopper
from descentry.guard.gate import Gatekeeper
from descentry.guard.resume import Rates


@dataclass
class Course:
    """`best`: the lowest validation and its step, of the training loss where none was seen (`validates`).

    `bad_from`, `surprise_from`: since which steps values have not been finite, or stood out, in a row.
    `is_bare`: neither loss nor gradient norm of `last_step` is known yet.
    """

    gatekeeper: Gatekeeper
    stopper: EarlyStopper | None
    best: tuple[float, int] | None = None
    validates: bool = False
    bad_from: int = 0
    surprise_from: int = 0
    last_step: int | None = None
    is_bare: bool = False
    rates: Rates = field(default_factory=Rates)

    def is_another(self, step: int, is_judged: bool) -> bool:
        """Whether these signals are of another batch than the last ones, which they may only add to."""
        is_new = step != self.last_step or (is_judged and not self.is_bare)
        self.is_bare = not is_judged and (is_new or self.is_bare)
        self.last_step = step
        return is_new

    def note_row(self, step: int) -> None:
        """A batch was judged: since when the present rows of vetoes last."""
        if self.gatekeeper.n_bad == 1:
            self.bad_from = step
        if self.gatekeeper.n_row == 1:
            self.surprise_from = step

    def note_best(self, step: int, values: Mapping[str, float]) -> None:
        """The lowest loss so far."""
        if "val_loss" in values and not self.validates:
            self.validates, self.best = True, None
        value = values.get("val_loss" if self.validates else "loss")
        if value is not None and value - value == 0.0 and (self.best is None or value < self.best[0]):
            self.best = (value, step)

    def early(self, step: int, values: Mapping[str, float]) -> Stop | None:
        """The stop that early stopping asks for; None to go on."""
        if self.stopper is None:
            return None
        if "loss" in values:
            self.stopper.train(values["loss"])
        why = self.stopper.validate(step, values["val_loss"]) if "val_loss" in values else ""
        return Stop(f"early stopping: {why}", self.stopper.best_step) if why else None
