"""Keras on torch under the guard: every batch is told, what is asked for is done, healthy runs are the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")
if keras.backend.backend() != "torch":
    pytest.skip("Keras runs on another backend", allow_module_level=True)
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

from tests.integrations.scripted import Failing, Scripted  # noqa: E402

from descentry.guard.actions import Checkpoint, ClipTo, RollBack, ScaleLr, SkipBatch, Stop  # noqa: E402
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations import room  # noqa: E402
from descentry.integrations.keras import DescentryCallback  # noqa: E402


class Notes(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
    """Weights before each batch and after the last, and the rate after each."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []
        self.rates: list[float] = []

    def on_train_batch_begin(self, *_: Any, **__: Any) -> None:
        self.seen.append(flat(self.model))

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        self.rates.append(float(self.model.optimizer.learning_rate))


def flat(model: Any) -> Any:
    return np.concatenate([np.array(part).ravel() for part in model.get_weights()])


def trained(guard: Any = None, rate: Any = 0.05, spoilt: int | None = None, **options: Any) -> Any:
    """The notes of two epochs of six batches, the last of which is smaller."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(22, 3)).astype("float32")
    y = x[:, :1] * 2
    if spoilt is not None:
        x[spoilt] = np.nan
    layers = [keras.layers.Dense(4), keras.layers.Dropout(0.2), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(keras.optimizers.Adam(rate), "mse")
    notes = Notes()
    callbacks = [notes] if guard is None else [DescentryCallback(guard, every=4, **options), notes]
    history = model.fit(
        x, y, batch_size=4, epochs=2, verbose=0, callbacks=callbacks, validation_data=(x[:4], y[:4])
    )
    notes.seen.append(flat(model))
    notes.losses = history.history["loss"]
    return notes


@pytest.mark.parametrize("guard", [lambda: Guard(act=True, background=False), Failing], ids=["acts", "fails"])
def test_a_healthy_run_is_the_same_bit_for_bit(guard: Any) -> None:
    alone, guarded = trained(), trained(guard())
    assert alone.losses == guarded.losses
    assert np.array_equal(alone.seen[-1], guarded.seen[-1])
    assert "apply" not in vars(guarded.model.optimizer)


def test_every_batch_is_told_with_its_own_loss() -> None:
    guard = Scripted()
    notes = trained(guard)
    losses = [loss for _, loss in guard.curve("loss")]
    assert [step for step, _ in guard.curve("loss")] == list(range(1, 13))
    assert np.average(losses[:6], weights=[4] * 5 + [2]) == pytest.approx(notes.losses[0], rel=1e-5)
    assert np.average(losses[6:], weights=[4] * 5 + [2]) == pytest.approx(notes.losses[1], rel=1e-5)
    assert [step for step, _ in guard.curve("val_loss")] == [6, 12]
    assert guard.judged == [norm for _, norm in guard.curve("grad_norm")]
    assert [rate for _, rate in guard.curve("lr")] == pytest.approx([0.05] * 12)


def test_a_refused_update_changes_no_weight() -> None:
    seen = trained(Scripted({4: SkipBatch("odd")}, refuses=(3,))).seen
    assert np.array_equal(seen[4], seen[3])
    assert not np.array_equal(seen[5], seen[4])


def test_gradients_that_are_no_numbers_never_reach_the_weights() -> None:
    notes = trained(Guard({"gate": {}}, act=True, background=False), spoilt=9)
    assert np.isfinite(notes.seen[-1]).all()


def test_a_loss_behind_a_nan_is_unknown_until_the_next_epoch() -> None:
    guard = Scripted(refuses=tuple(range(12)))
    trained(guard, spoilt=9)
    told = {step: row["loss"] for step, row in guard.rows if "loss" in row}
    assert sum(value is None for value in told.values()) >= 1
    assert sum(value is not None and value != value for value in told.values()) == 2


@pytest.mark.parametrize("scheduled", [False, True])
def test_a_roll_back_restores_weights_and_the_rest_goes_on(scheduled: bool) -> None:
    def rate() -> Any:
        return keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.9) if scheduled else 0.05

    guard = Scripted({6: RollBack(4, rate=0.5)})
    notes = trained(guard, rate())
    assert guard.steps == [1, 4, 8, 12]
    assert np.array_equal(notes.seen[6], notes.seen[3])
    assert notes.rates == trained(rate=rate()).rates
    assert not np.array_equal(notes.seen[7], notes.seen[4])


def test_rate_and_clipping_are_changed_in_the_update_alone() -> None:
    stopped = trained(Scripted({3: ScaleLr(0.0, 2)}))
    assert np.array_equal(stopped.seen[3], stopped.seen[5])
    assert not np.array_equal(stopped.seen[6], stopped.seen[5])
    assert stopped.rates == trained().rates
    clipped = trained(Scripted({3: ClipTo(0.0)}))
    assert not np.array_equal(clipped.seen[-1], trained().seen[-1])


def test_a_stop_ends_it_and_a_checkpoint_is_written(tmp_path: Path) -> None:
    notes = trained(Scripted({3: Checkpoint(), 5: Stop("enough")}), folder=tmp_path)
    assert len(notes.seen) == 6
    assert [file.name for file in tmp_path.iterdir()] == ["descentry-step-3.keras"]


def test_what_cannot_be_done_is_told(caplog: pytest.LogCaptureFixture) -> None:
    trained(Scripted({2: RollBack(3), 3: Checkpoint()}))
    assert caplog.text.count("asked for, not done") == 2


def test_without_room_in_memory_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Scripted()
    monkeypatch.setattr(room, "memory_left", lambda: 10.0)
    trained(guard)
    assert guard.steps == []
