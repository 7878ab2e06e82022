"""Runs the checks one after the other, each from the state as it was, and puts everything back."""

import time
import warnings
from collections.abc import Sequence
from typing import Any

from descentry.preflight.answer import Answer, Check, cannot_tell
from descentry.preflight.batches import checked
from descentry.preflight.examples import examples
from descentry.preflight.kept import Kept
from descentry.preflight.passes import passed
from descentry.preflight.registry import CHECKS
from descentry.preflight.result import Checked, Result
from descentry.preflight.setup import Setup
from descentry.preflight.wall import outcome, told
from descentry.record.errors import DescentryError, UsageError


def checked_setup(checks: Sequence[Check] | None, **parts: Any) -> Result:
    """The answers of the checks (all of them for None) about a setup made of `parts`."""
    setup = Setup(**{**_known(parts), "batch": checked(parts["batch"])})
    kept = _kept(setup)
    answers = []
    try:
        with warnings.catch_warnings():
            # A scheduler that is stepped on trial warns of an order that is put back anyway.
            warnings.simplefilter("ignore")
            _fits(setup)
            for check in CHECKS if checks is None else checks:
                kept.restore()
                setup.tell(f"preflight: {check.title}")
                answers.append(_answered(check, setup))
            kept.restore()
            shown = outcome(lambda: examples(setup))
    finally:
        kept.restore()
        setup.tell("")
    return Result(tuple(answers), () if isinstance(shown, Exception) else shown)


def _kept(setup: Setup) -> Kept:
    """The state.  Raises UsageError where it cannot be copied: then nothing may be tried."""
    kept = outcome(lambda: Kept(setup))
    if isinstance(kept, Exception):
        raise UsageError(
            f"model and optimizer: their state cannot be copied ({told(kept)}); expected tensors that hold numbers; "
            "run one batch through lazy modules first"
        ) from kept
    return kept


def _known(parts: dict[str, Any]) -> dict[str, Any]:
    model, optimizer = parts["model"], parts["optimizer"]
    if not hasattr(model, "named_parameters"):
        raise UsageError(f"model: found {type(model).__name__}; expected a torch.nn.Module")
    if not hasattr(optimizer, "param_groups"):
        raise UsageError(f"optimizer: found {type(optimizer).__name__}; expected a torch.optim.Optimizer")
    return parts


def _fits(setup: Setup) -> None:
    """Raises UsageError where not even one pass succeeds: then there is nothing to check."""
    done = outcome(lambda: passed(setup))
    if isinstance(done, DescentryError):
        raise done
    if isinstance(done, Exception):
        raise UsageError(
            f"model, batch and loss_fn: one forward pass fails with {told(done)}; expected "
            "loss_fn(outputs, targets) or loss_fn(model, batch), a batch such as (inputs, targets), all on one device"
        ) from done


def _answered(check: Check, setup: Setup) -> Checked:
    start = time.perf_counter()
    answer = outcome(lambda: check.run(setup))
    if not isinstance(answer, Answer):
        answer = cannot_tell(f"the check stopped with {told(answer)}")
    return Checked(check.id, check.title, answer, time.perf_counter() - start)
