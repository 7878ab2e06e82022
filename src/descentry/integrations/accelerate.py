"""The guard in a plain loop under Accelerate: the main process decides, every process does the same.

guarded = Guarded(accelerator, guard, model, optimizer, scheduler=scheduler, data=Batches(loader))
for step in guarded.steps(n):                         # a step is an update
    for batch in guarded.batches():                   # of so many batches as are accumulated
        with accelerator.accumulate(model):
            loss = loss_of(model, batch)
            accelerator.backward(loss)
            norm = accelerator.clip_grad_norm_(model.parameters(), 1.0) if accelerator.sync_gradients else None
            guarded.observe(step, loss=loss, grad_norm=norm)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from descentry.guard.actions import Action, Continue, Stop
from descentry.integrations.distributed import number, shared
from descentry.integrations.pytorch.keeper import Keeper
from descentry.integrations.watcher import Watcher
from descentry.record.errors import UsageError

_SHARDED = ("FSDP", "DEEPSPEED", "MEGATRON_LM")


class Guarded:
    """A loop's guard, its checkpoints, and what is done.

    `model`, `optimizer`, `scheduler`: as `accelerator.prepare` gave them; `data`: an iterator over prepared batches
    with a state and `skip`, such as `Batches(loader)`.  `every`, `n_kept`, `folder`, `others`: see `Keeper`.
    `stopped`: the guard's Stop, once it has come.  The optimizer's step is to be called in any case: a refused update
    finds no gradients there, which a loss scaler can live with.  UsageError: weights that are sharded, LBFGS.
    """

    def __init__(
        self,
        accelerator: Any,
        guard: Watcher,
        model: Any,
        optimizer: Any,
        *,
        data: Any,
        scheduler: Any = None,
        others: dict[str, Any] | None = None,
        every: int = 100,
        n_kept: int = 12,
        folder: str | Path | None = None,
    ) -> None:
        kind = str(getattr(accelerator.distributed_type, "value", accelerator.distributed_type))
        if kind in _SHARDED:
            raise UsageError(
                f"found distributed type {kind}, expected weights that every process holds whole; "
                "watch with Guard() and guard.observe, and act by the framework's own checkpoints"
            )
        self.accelerator, self.data, self.guard = accelerator, data, shared(guard)
        self.keeper = Keeper(
            self.guard, accelerator.unwrap_model(model), getattr(optimizer, "optimizer", optimizer),
            scheduler=scheduler, scaler=accelerator.scaler, data=data, every=every, n_kept=n_kept, folder=folder,
            others={**(others or {}), "accumulation": _Accumulation(accelerator)},
            batches_per_step=accelerator.gradient_accumulation_steps,
        )  # fmt: skip
        self._losses: list[Any] = []

    @property
    def stopped(self) -> Stop | None:
        """The guard's Stop, once it has come."""
        return self.keeper.stopped

    def steps(self, n_steps: int, first: int = 0) -> Iterator[int]:
        """The updates to make: back again after a roll back, no more after a stop."""
        return self.keeper.steps(n_steps, first)

    def batches(self) -> Iterator[Any]:
        """The batches of one update, as many as Accelerate accumulates."""
        while True:
            yield next(self.data)
            if self.accelerator.sync_gradients:
                return

    def observe(self, step: int, *, loss: Any = None, grad_norm: Any = None, **signals: Any) -> Action:
        """What the guard asks for, done.  Before the last batch of an update only the loss is taken into its mean."""
        if loss is not None:
            self._losses.append(loss.detach() if hasattr(loss, "detach") else loss)
        if not self.accelerator.sync_gradients:
            return Continue()
        losses = [value for one in self._losses if (value := number(one)) is not None]
        self._losses = []
        mean = sum(losses) / len(losses) if losses else None
        nothing: Action = Continue()
        action = self.keeper.wall.call(
            lambda: self.guard.observe(step, loss=mean, grad_norm=grad_norm, **signals), nothing
        )
        self.keeper.reins.is_held = not self.keeper.perform(action)
        return action


class _Accumulation:
    """How many batches Accelerate has counted: it goes back with the rest."""

    def __init__(self, accelerator: Any) -> None:
        self.accelerator = accelerator

    def state_dict(self) -> dict[str, int]:
        return {"step": self.accelerator.step}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.accelerator.step = state["step"]
