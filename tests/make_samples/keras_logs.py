"""Keras on torch: CSVLogger with a second fit appended, `History.history` as JSON, verbose=2 on stdout."""

import contextlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from tests.make_samples.truth import Truth

KERAS = f"keras {keras.__version__}"


class Told(keras.callbacks.Callback):
    """Hears what the loggers hear.  What is printed counts epochs from 1 and is rounded."""

    def __init__(self, truth: Truth, printed: Truth) -> None:
        super().__init__()
        self._truth, self._printed = truth, printed

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        values = dict(logs or {})
        self._truth.put(epoch, values)
        self._printed.put(epoch + 1, {name: _shown(value) for name, value in values.items()})


def _shown(value: float) -> float:
    """Keras prints four decimals, small values with an exponent."""
    return float(f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}")


class Poison(keras.callbacks.Callback):
    """Sets the weights to NaN before one epoch."""

    def on_epoch_begin(self, epoch: int, _logs: object = None) -> None:
        if epoch == 7:
            self.model.set_weights([np.full_like(weight, np.nan) for weight in self.model.get_weights()])


def make(folder: Path) -> None:
    """Writes `keras/epochs.csv`, `keras/history.json` and `keras/stdout.txt`."""
    home = folder / "keras"
    home.mkdir(parents=True)
    keras.utils.set_random_seed(0)
    table, printed = Truth(f"{KERAS} CSVLogger"), Truth(f"{KERAS} fit(verbose=2)")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.2), loss="mse", metrics=["mae"])
    told = Told(table, printed)
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        _fit(model, 0, 5, [keras.callbacks.CSVLogger(str(home / "epochs.csv")), told])
        again = keras.callbacks.CSVLogger(str(home / "epochs.csv"), append=True)
        history = _fit(model, 3, 8, [again, told, Poison()])
    (home / "stdout.txt").write_text(stdout.getvalue(), "utf-8")
    table.write(home / "epochs.csv")
    printed.write(home / "stdout.txt")
    _write_history(home / "history.json", history)


def _fit(
    model: keras.Model, first: int, last: int, callbacks: list[keras.callbacks.Callback]
) -> dict[str, list[float]]:
    xs = np.linspace(-1, 1, 16, dtype="float32").reshape(-1, 1)
    history = model.fit(
        xs, 3 * xs - 1, validation_data=(xs, 3 * xs), batch_size=4, shuffle=False,
        initial_epoch=first, epochs=last, callbacks=callbacks, verbose=2,
    )  # fmt: skip
    return dict(history.history)


def _write_history(path: Path, history: dict[str, list[float]]) -> None:
    path.write_text(json.dumps(history), "utf-8")
    truth = Truth(f"{KERAS} History.history", events=("missing_step",))
    for index, values in enumerate(zip(*history.values(), strict=True)):
        truth.put(index, dict(zip(history, values, strict=True)))
    truth.write(path)
