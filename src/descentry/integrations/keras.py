"""The guard as a Keras 3 callback.

model.fit(x, y, callbacks=[DescentryCallback(Guard(act=True, n_steps=1000))])

With the torch backend it acts; with others, whose training step is compiled, it stops the training and tells the rest.
"""

import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np

from descentry.guard.actions import Action, Checkpoint, ClipTo, RollBack, ScaleLr, Stop
from descentry.guard.wall import Wall
from descentry.integrations.keras_optimizer import KerasReins, set_variables, size_of, variables_of
from descentry.integrations.ring import Ring
from descentry.integrations.room import Room
from descentry.integrations.watcher import Watcher, only_goes_on

_log = logging.getLogger("descentry.guard")


class DescentryCallback(keras.callbacks.Callback):  # type: ignore[misc,unused-ignore]
    """Tells the guard loss, gradient norm and rate of every batch, validations by epoch, and does what it asks for.

    The step counts batches from 1, over all calls of `fit`.  Keras logs the mean of the epoch so far; the loss of the
    batch is what its tracker has gained, unknown after a NaN until the next epoch.  Refusals, ClipTo and ScaleLr happen
    inside `optimizer.apply`, so that schedules and other callbacks see none of it.  RollBack: weights and the
    optimizer's variables go back, data and the count of iterations go on; copies are kept in memory every `every`
    batches, `n_kept` at most, and only for a guard that acts.  Checkpoint: a `.keras` file in `folder`; without one it
    is only told.
    """

    def __init__(
        self, guard: Watcher, *, every: int = 100, n_kept: int = 8, folder: str | Path | None = None
    ) -> None:
        super().__init__()
        only_goes_on(guard)
        self.guard, self.every, self.folder = guard, every, folder
        self.wall = Wall()
        self.kept = Ring[list[Any]](n_kept)
        self.room = Room()
        self.reins: KerasReins | None = None
        self.step = 0
        self._seen = (0.0, 0.0)

    def on_train_begin(self, logs: Any = None) -> None:
        """The optimizer exists now."""
        if keras.backend.backend() == "torch":
            self.wall.call(self._take_reins, None)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keras begins its means anew."""
        self._seen = (0.0, 0.0)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A checkpoint, where one is due."""
        if self.reins is not None:
            self.reins.begin(self.step + 1)
            if self.guard.act and (not self.kept.steps or (self.step + 1) % self.every == 0):
                self.wall.call(self._save, None)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """What the batch measured."""
        self.step += 1
        self.wall.call(lambda: self._observe(self._signals(logs or {})), None)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validations."""
        told = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        if told:
            self.wall.call(lambda: self._observe(told), None)

    def on_train_end(self, logs: Any = None) -> None:
        """The optimizer is let go."""
        if self.reins is not None:
            self.reins.release()
        self.reins = None

    def _take_reins(self) -> None:
        self.reins = KerasReins(self.model.optimizer, self.guard, self.wall)

    def _signals(self, logs: Any) -> dict[str, Any]:
        norm = self.reins.norm if self.reins is not None else None
        return {"loss": self._loss(logs), "grad_norm": norm, "lr": _rate(self.model.optimizer)}

    def _loss(self, logs: Any) -> float | None:
        """The loss of this batch: what the sum behind the mean has gained."""
        tracker = next((one for one in self.model.metrics if one.name == "loss"), None)
        if tracker is None:
            return None
        total, count = float(tracker.total), float(tracker.count)
        before, self._seen = self._seen, (total, count)
        return (
            (total - before[0]) / (count - before[1])
            if np.isfinite(before[0]) and count > before[1]
            else None
        )

    def _observe(self, signals: dict[str, Any]) -> None:
        self._perform(self.guard.observe(self.step, **signals))

    def _perform(self, action: Action) -> None:
        match action:
            case Stop():
                self.model.stop_training = True
                _log.warning("the guard ends the training: %s", action.reason)
            case Checkpoint() if self.folder is not None:
                self.model.save(Path(self.folder) / f"descentry-step-{self.step}.keras")
            case ScaleLr(factor, for_steps) if self.reins is not None:
                self.reins.rates.scale(factor, for_steps, after=1)
            case ClipTo(norm) if self.reins is not None:
                self.reins.clip = norm
            case RollBack() if self.reins is not None and action.to_step in self.kept.steps:
                self._roll_back(self.reins, action)
            case RollBack() | ScaleLr() | ClipTo() | Checkpoint():
                _log.warning("asked for, not done: %s", action)
            case _:
                pass

    def _save(self) -> None:
        if not self.room.holds(size_of(self.model)):
            return
        for gone, _ in self.kept.keep(self.step + 1, variables_of(self.model)):
            self.guard.forgotten(gone)
        self.guard.saved(self.step + 1)

    def _roll_back(self, reins: KerasReins, action: RollBack) -> None:
        set_variables(self.model, self.kept[action.to_step])
        self.kept.drop_after(action.to_step)
        reins.rates.scale(action.rate, None)
        reins.clip = reins.clip if action.clip is None else action.clip
        _log.warning("weights and moments of step %d are back: %s", action.to_step, action.reason)


def _rate(optimizer: Any) -> float:
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))
