"""The guard as a Lightning callback.

Trainer(callbacks=[DescentryCallback(Guard(act=True, n_steps=1000))])

Written for lightning 2.5 and later; `pytorch_lightning` is another package and not meant.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback

from descentry.guard.wall import Wall
from descentry.integrations.pytorch.performer import Performer
from descentry.integrations.pytorch.reins import norm_of
from descentry.integrations.watcher import Watcher

_WHOLE = ("SingleDeviceStrategy", "DDPStrategy")
"""Strategies under which every process holds all weights."""


class DescentryCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Tells the guard loss, gradient norm and rate of every update, validations, and does what it asks for.

    The step is the trainer's `global_step`, counted from 1.  `loss`: what `training_step` returns, the last batch's
    where gradients are accumulated; `val_loss`: the logged metric named `val_metric`; every other metric logged for
    the step is told by its name.  Refusals and ClipTo happen in `on_before_optimizer_step`, before Lightning's own
    clipping; ScaleLr inside the optimizer's step.  RollBack: weights and moments go back, data, step and schedule go on
    (pytorch/performer.py); under strategies that shard the weights it is only told.  Stop: `trainer.should_stop`.
    Checkpoint: written beside those of the trainer, `descentry-step=N.ckpt`.

    Of several optimizers the first one's gradients and rate are told; of the others only what is not finite is refused.
    """

    def __init__(
        self,
        guard: Watcher,
        *,
        val_metric: str = "val_loss",
        every: int = 100,
        n_kept: int = 8,
        folder: str | Path | None = None,
    ) -> None:
        self.guard, self.val_metric = guard, val_metric
        self.options: dict[str, Any] = {"every": every, "n_kept": n_kept, "folder": folder}
        self.wall = Wall()
        self.performer: Performer | None = None
        self._norm: float | None = None
        self._step = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """The optimizers exist now."""
        self.wall.call(lambda: self._start(trainer, pl_module), None)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """A checkpoint, where one is due."""
        if self.performer is not None:
            self.performer.begin(trainer.global_step + 1)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Whether this update is applied."""
        if self.performer is not None:
            self.wall.call(lambda: self._judge(trainer, optimizer), None)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """What the update's step measured, where there was one."""
        if self.performer is not None and trainer.global_step > self._step:
            self._step = trainer.global_step
            self.wall.call(lambda: self._after_update(trainer, outputs), None)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """The validation, except for the one before the training."""
        value = trainer.callback_metrics.get(self.val_metric)
        if self.performer is not None and value is not None and not trainer.sanity_checking:
            self.wall.call(lambda: self._observe(trainer, {"val_loss": value}), None)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """The optimizers are let go."""
        if self.performer is not None:
            self.performer.close()
        self.performer = None

    def _start(self, trainer: Any, module: Any) -> None:
        is_whole = type(trainer.strategy).__name__ in _WHOLE
        self._step = trainer.global_step
        self.performer = Performer(
            self.guard, module, trainer.optimizers, can_go_back=is_whole, **self.options
        )
        self.performer.reins.is_curbed_elsewhere = True

    def _judge(self, trainer: Any, optimizer: Any) -> None:
        """Lightning makes the gradients inside the optimizer's step: they are curbed here, not there."""
        assert self.performer is not None
        norm = norm_of(optimizer)
        is_first = optimizer is trainer.optimizers[0]
        self._norm = norm if is_first else self._norm
        self.performer.judge(norm if is_first or norm - norm != 0.0 else None)
        self.performer.reins.curb(optimizer)

    def _after_update(self, trainer: Any, outputs: Any) -> None:
        signals = dict(trainer.logged_metrics)
        signals.pop(self.val_metric, None)
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if loss is not None:
            signals["loss"] = loss * trainer.accumulate_grad_batches
        signals |= {"grad_norm": self._norm, "lr": trainer.optimizers[0].param_groups[0]["lr"]}
        self._norm = None
        self._observe(trainer, signals)

    def _observe(self, trainer: Any, signals: dict[str, Any]) -> None:
        assert self.performer is not None
        self.performer.observe(trainer.global_step, signals)
        if self.performer.stopped is not None:
            trainer.should_stop = True
        if self.performer.wants_save:
            self.performer.wants_save = False
            folder = Path(trainer.log_dir or trainer.default_root_dir)
            trainer.save_checkpoint(folder / f"descentry-step={trainer.global_step}.ckpt")
