"""The guard as a callback of transformers' Trainer, and of TRL's trainers, which are Trainers.

trainer.add_callback(DescentryCallback(Guard(act=True, n_steps=1000)))

Written for transformers 5; a release without `on_pre_optimizer_step` has no refusals.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from descentry.guard.wall import Wall
from descentry.integrations.pytorch.performer import Performer
from descentry.integrations.pytorch.reins import norm_of
from descentry.integrations.watcher import Watcher

_NAMES = {"learning_rate": "lr", "eval_loss": "val_loss"}
_BOOKKEEPING = ("_runtime", "_per_second", "epoch", "total_flos", "train_loss", "num_input_tokens_seen")


class DescentryCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
    """Tells the guard what the Trainer logs, with the Trainer's step, and does what it asks for.

    Refusals: the gradients of an update are taken away before the optimizer uses them.  The Trainer clips before any
    callback sees them, so with `max_grad_norm` above 0 only what is not finite is refused; with 0 also what stands out.
    RollBack: weights and moments go back, data, step and schedule go on (pytorch/performer.py); under FSDP and
    DeepSpeed it is only told.  Stop and Checkpoint: `control.should_training_stop`, `control.should_save`.  ScaleLr and
    ClipTo: inside the optimizer's step.

    All that is logged is told by its name (rewards/…, kl, entropy), but for times and counts.  The Trainer shows losses
    that are NaN as the mean of others unless `logging_nan_inf_filter=False`.
    """

    def __init__(
        self, guard: Watcher, *, every: int = 100, n_kept: int = 8, folder: str | Path | None = None
    ) -> None:
        self.guard = guard
        self.options: dict[str, Any] = {"every": every, "n_kept": n_kept, "folder": folder}
        self.wall = Wall()
        self.performer: Performer | None = None
        self._norm: float | None = None
        self._clips = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **told: Any) -> None:
        """The optimizer exists now."""
        self.wall.call(lambda: self._begin(args, told["model"], told["optimizer"]), None)

    def on_step_begin(self, args: Any, state: Any, control: Any, **told: Any) -> None:
        """A checkpoint, where one is due."""
        if self.performer is not None:
            self.performer.begin(state.global_step + 1)

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **told: Any) -> None:
        """Whether this update is applied."""
        if self.performer is not None:
            self.wall.call(lambda: self._judge(told["optimizer"]), None)

    def on_step_end(self, args: Any, state: Any, control: Any, **told: Any) -> None:
        """A step that will not be logged is told for its gradient norm, where that is known."""
        if not control.should_log and self._norm is not None:
            self._observe(state.global_step, {"grad_norm": self._norm}, control)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **told: Any
    ) -> None:
        """What the Trainer logs, validations included."""
        signals = {_NAMES.get(name, name): value for name, value in (logs or {}).items() if _counts(name)}
        if self._norm is not None and "loss" in signals:
            signals.setdefault("grad_norm", self._norm)
        if signals:
            self._observe(state.global_step, signals, control)

    def on_train_end(self, args: Any, state: Any, control: Any, **told: Any) -> None:
        """The optimizer is let go."""
        if self.performer is not None:
            self.performer.close()
        self.performer = None

    def _begin(self, args: Any, model: Any, optimizer: Any) -> None:
        is_whole = not (getattr(args, "deepspeed", None) or getattr(args, "fsdp", None))
        self._clips = bool(args.max_grad_norm)
        self.performer = Performer(self.guard, model, optimizer, can_go_back=is_whole, **self.options)

    def _judge(self, optimizer: Any) -> None:
        assert self.performer is not None
        norm = norm_of(optimizer)
        is_finite = norm - norm == 0.0
        self._norm = None if self._clips and is_finite else norm
        self.performer.judge(self._norm)

    def _observe(self, step: int, signals: dict[str, Any], control: Any) -> None:
        if self.performer is None:
            return
        self._norm = None
        self.performer.observe(step, signals)
        if self.performer.wants_save:
            control.should_save, self.performer.wants_save = True, False
        if self.performer.stopped is not None:
            control.should_training_stop = True


def _counts(name: str) -> bool:
    """Whether a logged value says something of the training."""
    return not name.endswith(_BOOKKEEPING)
