"""frozen_parameters: which parameters ask for no gradient.  in_optimizer: whether the optimizer holds all that do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.setup import Setup


def listed(names: Iterable[str], n_shown: int = 4) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - n_shown} more" if len(every) > n_shown else ""
    return ", ".join(every[:n_shown]) + more


@dataclass(frozen=True, slots=True)
class Frozen:
    """What does not train is meant not to."""

    id: ClassVar[str] = "frozen_parameters"
    title: ClassVar[str] = "frozen parameters"

    def run(self, setup: Setup) -> Answer:
        every = dict(setup.model.named_parameters())
        still = [name for name, one in every.items() if not one.requires_grad]
        measured = {"n_frozen": float(len(still)), "n": float(len(every))}
        if not still:
            return ok(f"all {len(every)} parameters ask for a gradient", **measured)
        said = f"{len(still)} of {len(every)} parameters are frozen: {listed(still)}"
        if len(still) == len(every):
            return fault("frozen_weights", said, "unfreeze_weights", **measured)
        if setup.frozen is None:
            return cannot_tell(f'{said}; meant so? frozen=("name", …) says which', **measured)
        stray = [name for name in still if not name.startswith(tuple(setup.frozen))]
        if stray:
            return fault(
                "frozen_weights", f"not meant to be frozen: {listed(stray)}", "unfreeze_weights", **measured
            )
        return ok(f"{said}, as meant", **measured)


@dataclass(frozen=True, slots=True)
class InOptimizer:
    """The optimizer holds the model's parameters, all of them and no others."""

    id: ClassVar[str] = "in_optimizer"
    title: ClassVar[str] = "parameters in optimizer"

    def run(self, setup: Setup) -> Answer:
        held = {id(one) for group in setup.optimizer.param_groups for one in group["params"]}
        weights = setup.weights()
        missing = [name for name, one in weights.items() if id(one) not in held]
        foreign = len(held - {id(one) for one in setup.model.parameters()})
        measured = {"n_missing": float(len(missing)), "n_foreign": float(foreign), "n": float(len(weights))}
        if weights and len(missing) == len(weights):
            said = f"the optimizer holds none of the model's {len(weights)} parameters: it was made from another model"
            return fault("optimizer_not_stepping", said, "step_the_optimizer", **measured)
        if missing:
            said = f"{len(missing)} of {len(weights)} parameters are in no group of the optimizer: {listed(missing)}"
            return fault("frozen_weights", said, "unfreeze_weights", **measured)
        if foreign:
            return cannot_tell(
                f"the optimizer also holds {foreign} parameters that are not the model's", **measured
            )
        return ok(f"the optimizer holds all {len(weights)} parameters", **measured)
