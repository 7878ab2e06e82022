"""checkpoint: training goes on from a checkpoint as if it had never stopped.

Two updates, save, three updates; then everything is spoilt as in a new process, the checkpoint is loaded, and the same
three updates must bring the same losses.  With `checkpoint=(save, load)` the user's own functions are tried, on a path.
"""

import copy
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.backward import gradients
from descentry.preflight.kept import Kept
from descentry.preflight.passes import device
from descentry.preflight.rates import advanced, rates, steps_alone
from descentry.preflight.setup import Setup
from descentry.preflight.wall import outcome, told
from descentry.signal.words import number

N_BEFORE, N_AFTER = 2, 3
_PARTS = {
    "weights": (
        "checkpoint_incomplete",
        "Save model.state_dict() and load it into the model that goes on training.",
    ),
    "optimizer state": ("resume_without_optimizer", "save_optimizer_state"),
    "learning rate": ("resume_lr_reset", "restore_lr_position"),
    "schedule": ("resume_lr_reset", "restore_lr_position"),
}
NUMBERS = "random numbers"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Save and load reproduce the loss."""

    id: ClassVar[str] = "checkpoint"
    title: ClassVar[str] = "checkpoint goes on"

    rtol: float = 1e-4
    """Most that losses may differ on a GPU, whose sums have no fixed order; on a CPU they must be equal."""

    def run(self, setup: Setup) -> Answer:
        setup.model.train()
        advanced(setup)
        start = Kept(setup)
        _steps(setup, N_BEFORE)
        with tempfile.TemporaryDirectory() as folder:
            load = _saved(setup, Path(folder) / "checkpoint.pt")
            before = _parts(setup)
            wanted = _steps(setup, N_AFTER)
            start.restore()
            _spoil(setup)
            failed = outcome(load)
        if isinstance(failed, Exception):
            return fault("checkpoint_incomplete", f"loading fails with {told(failed)}", "Mend save and load.")
        lost = [part for part, value in _parts(setup).items() if not _same(value, before[part])]
        # Dropout that falls otherwise than it would have is no harm: told, not accused.
        torch.set_rng_state(before[NUMBERS])
        return self._judged(setup, wanted, _steps(setup, N_AFTER), lost)

    def _judged(self, setup: Setup, wanted: list[float], found: list[float], lost: list[str]) -> Answer:
        apart = max(abs(a - b) / max(abs(a), 1e-12) for a, b in zip(wanted, found, strict=True))
        measured = {"apart": apart, "loss": wanted[-1], "loss_after_load": found[-1]}
        if apart <= (0.0 if device(setup).type == "cpu" else self.rtol):
            what = "your checkpoint" if setup.checkpoint else "a checkpoint of the state dicts"
            but = "; random numbers are not restored" if NUMBERS in lost else ""
            return ok(
                f"{what} reproduces the loss of the next {N_AFTER} updates ({number(wanted[-1])}){but}",
                **measured,
            )
        said = f"after loading, update {N_AFTER} has loss {number(found[-1])}, without stopping {number(wanted[-1])}"
        lost = [part for part in lost if part != NUMBERS]
        if not lost:
            why = "something outside weights, optimizer, rate and random numbers changes the loss"
            return cannot_tell(f"{said}: {why}", **measured)
        cause, remedy = _PARTS[lost[0]]
        return fault(cause, f"{said}; not restored: {', '.join(lost)}", remedy, **measured)


def _steps(setup: Setup, n_steps: int) -> list[float]:
    """Losses of some updates, with the random numbers that the program would draw."""
    losses = []
    for _ in range(n_steps):
        seed = int(torch.randint(2**31, ()))
        losses.append(gradients(setup, seed)[0])
        # `gradients` seeds for itself; the stream of random numbers goes on from that seed.
        setup.optimizer.step()
        if steps_alone(setup.scheduler):
            setup.scheduler.step()
    return losses


def _stateful(setup: Setup) -> dict[str, Any]:
    every = {
        "model": setup.model,
        "optimizer": setup.optimizer,
        "scheduler": setup.scheduler,
        "scaler": setup.scaler,
    }
    return {name: one for name, one in every.items() if one is not None}


def _saved(setup: Setup, path: Path) -> Callable[[], object]:
    """Saves, by the user's function or by the state dicts; what loads it again."""
    if setup.checkpoint is not None:
        save, load = setup.checkpoint
        save(path)
        return lambda: load(path)
    states = {name: copy.deepcopy(one.state_dict()) for name, one in _stateful(setup).items()}
    numbers = torch.get_rng_state(), np.random.get_state(), random.getstate()

    def restore() -> None:
        for name, one in _stateful(setup).items():
            one.load_state_dict(states[name])
        torch.set_rng_state(numbers[0])
        np.random.set_state(numbers[1])
        random.setstate(numbers[2])

    return restore


def _spoil(setup: Setup) -> None:
    """What a new process has: other weights, other random numbers, nothing in the optimizer but what was there."""
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    with torch.no_grad():
        for weight in setup.model.parameters():
            weight.add_(torch.randn_like(weight) * 0.01)


def _parts(setup: Setup) -> dict[str, Any]:
    """Copies of what a checkpoint must bring back."""
    return {
        "weights": copy.deepcopy(list(setup.model.state_dict().values())),
        "optimizer state": copy.deepcopy(setup.optimizer.state_dict()["state"]),
        "learning rate": rates(setup.optimizer),
        "schedule": getattr(setup.scheduler, "last_epoch", None),
        NUMBERS: torch.get_rng_state(),
    }


def _same(one: Any, other: Any) -> bool:
    """Whether two nests of tensors and numbers are equal, NaN to NaN."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and bool(torch.equal(one.nan_to_num(), other.nan_to_num()))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)
