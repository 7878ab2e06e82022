"""learning_rate: no group's rate is 0, or its scheduler soon raises it."""

from dataclasses import dataclass
from typing import ClassVar

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.rates import N_AHEAD, advanced, rates
from descentry.preflight.setup import Setup
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class LearningRate:
    """Steps have a length."""

    id: ClassVar[str] = "learning_rate"
    title: ClassVar[str] = "learning rate"

    def run(self, setup: Setup) -> Answer:
        first = rates(setup.optimizer)
        if not first:
            return cannot_tell("the optimizer's groups have no lr")
        measured = {f"lr_{at}": rate for at, rate in enumerate(first[:8])}
        told = ", ".join(map(number, sorted(set(first))))
        if all(first):
            return ok(f"the rate of every group is above 0 ({told})", **measured)
        still = [at for at, rate in enumerate(first) if not rate]
        n_steps = advanced(setup)
        if n_steps is None:
            later = f", also after {N_AHEAD} steps of the scheduler" if setup.scheduler is not None else ""
            said = f"the learning rate of {len(still)} of {len(first)} groups is 0{later}"
            return fault("lr_zero", said, "set_lr", **measured)
        now = ", ".join(map(number, sorted(set(rates(setup.optimizer)))))
        said = f"the scheduler starts at 0: the first update does nothing; {n_steps} steps later the rate is {now}"
        return ok(said, **measured, first_above=float(n_steps))
