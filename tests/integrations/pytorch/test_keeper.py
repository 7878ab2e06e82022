"""The keeper: what is asked for is done, a roll back undoes exactly, and nothing of it reaches the training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.integrations.pytorch.small import N_STEPS, Once, Quiet, Training  # noqa: E402

from descentry import UsageError  # noqa: E402
from descentry.guard.actions import (  # noqa: E402
    Action,
    Checkpoint,
    ClipTo,
    Continue,
    RollBack,
    ScaleLr,
    SkipBatch,
    Stop,
)
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations.pytorch import Keeper  # noqa: E402

lr_scheduler = torch.optim.lr_scheduler
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9),
    "adamw": lambda weights: torch.optim.AdamW(weights, 0.01),
}
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "onecycle": lambda of: lr_scheduler.OneCycleLR(of, max_lr=0.1, total_steps=N_STEPS + 1),
    "lambda": lambda of: lr_scheduler.LambdaLR(of, lambda step: min(1.0, (step + 1) / 10)),
    "cosine": lambda of: lr_scheduler.CosineAnnealingLR(of, T_max=N_STEPS),
    "plateau": lambda of: lr_scheduler.ReduceLROnPlateau(of, patience=1, factor=0.5),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_healthy_run_under_an_acting_guard_is_the_same_bit_for_bit(optimizer: str, schedule: str) -> None:
    alone = Training(OPTIMIZERS[optimizer], SCHEDULES[schedule]).alone()
    guarded = Training(OPTIMIZERS[optimizer], SCHEDULES[schedule])
    guard = Guard(act=True, n_steps=N_STEPS, background=False)
    keeper = guarded.keeper(guard)
    guarded.kept(keeper, lambda step, loss, norm: guard.observe(step, loss=loss, grad_norm=norm))
    assert not guard.history
    assert guard.wall.faults == keeper.wall.faults == []
    assert guarded.losses == alone.losses
    assert torch.equal(guarded.weights, alone.weights)


@pytest.mark.parametrize("in_folder", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_that_goes_back_and_does_nothing_else_is_the_same_bit_for_bit(
    optimizer: str, schedule: str, in_folder: bool, tmp_path: Path
) -> None:
    alone = Training(OPTIMIZERS[optimizer], SCHEDULES[schedule]).alone()
    back = Training(OPTIMIZERS[optimizer], SCHEDULES[schedule])
    keeper = back.keeper(folder=tmp_path if in_folder else None)
    back.kept(keeper, Once(27, RollBack(10)))
    assert not keeper.wall.faults
    assert [step for step, _ in back.losses] == [*range(28), *range(10, N_STEPS)]
    assert back.losses[28:] == alone.losses[10:]
    assert torch.equal(back.weights, alone.weights)


@pytest.mark.parametrize("micro", [1, 3])
def test_batches_are_passed_over_from_the_checkpoint_on(micro: int) -> None:
    back = Training(micro=micro)
    keeper = back.keeper()
    back.kept(keeper, Once(15, RollBack(10, skip=7)))
    assert back.data.epoch * 10 + back.data.index == micro * (N_STEPS + 7)


def test_a_roll_back_can_change_rate_and_clipping() -> None:
    back = Training()
    keeper = back.keeper()
    back.kept(keeper, Once(15, RollBack(10, rate=0.5, clip=0.25)))
    assert (keeper.reins.rates.factor, keeper.reins.clip) == (0.5, 0.25)
    assert set(back.rates) == {0.1}


def test_the_step_that_goes_back_says_so() -> None:
    training, told = Training(), []
    keeper = training.keeper()
    says = Once(3, RollBack(0))
    for step in keeper.steps(5):
        keeper.allows(says(step, 0.0, 0.0))
        told.append(keeper.goes_back)
    assert told == [False, False, False, True, *[False] * 5]


def test_a_refused_update_changes_no_weight_and_leaves_no_gradient() -> None:
    training = Training()
    keeper = training.keeper()
    for step in keeper.steps(2):
        training.backward()
        before = [one.detach().clone() for one in training.model.parameters()]
        assert not keeper.allows(SkipBatch("odd"))
        assert all(one.grad is None for one in training.model.parameters())
        assert all(torch.equal(a, b) for a, b in zip(before, training.model.parameters(), strict=True)), step


def test_a_stop_ends_the_steps() -> None:
    training = Training()
    keeper = training.keeper()
    training.kept(keeper, Once(7, Stop("enough", 3)))
    assert training.losses[-1][0] == 7
    assert keeper.stopped == Stop("enough", 3)


def test_a_checkpoint_is_made_when_asked_for() -> None:
    quiet, training = Quiet(), Training()
    training.kept(training.keeper(quiet), Once(12, Checkpoint()))
    assert quiet.steps == [0, 10, 13, 20, 30]


def test_what_is_given_up_is_told() -> None:
    quiet, training = Quiet(), Training()
    keeper = training.keeper(quiet, every=1, n_kept=4)
    training.kept(keeper)
    assert sorted(quiet.steps) == keeper.checkpoints.steps
    assert len(quiet.steps) == 4


def test_scaling_and_clipping_take_effect() -> None:
    training = Training()
    keeper = training.keeper()
    keeper.allows(ScaleLr(0.1, 5))
    keeper.allows(ScaleLr(0.5))
    keeper.allows(ClipTo(0.5))
    assert keeper.reins.rates.factor == pytest.approx(0.05)
    assert keeper.reins.clip == 0.5


class Raises(Guard):
    """A guard whose every part fails."""

    def _observe(self, step: int, signals: Any) -> Action:
        raise RuntimeError(f"no observation of {step}: {signals}")

    def _saved(self, step: int) -> None:
        raise RuntimeError(f"no checkpoint of {step}")

    def forgotten(self, step: int) -> None:
        raise RuntimeError(f"nothing forgotten of {step}")


def test_a_guard_that_raises_changes_nothing() -> None:
    alone, guarded = Training().alone(), Training()
    guard = Raises(act=True)
    keeper = guarded.keeper(guard, every=1, n_kept=3)
    guarded.kept(keeper, lambda step, loss, norm: guard.observe(step, loss=loss, grad_norm=norm))
    assert torch.equal(guarded.weights, alone.weights)


def test_a_checkpoint_that_is_gone_costs_only_itself(tmp_path: Path) -> None:
    alone, back, quiet = Training().alone(), Training(), Quiet()
    keeper = back.keeper(quiet, folder=tmp_path)

    def says(step: int, loss: float, norm: float) -> Action:
        del loss, norm
        if step != 25:
            return Continue()
        (tmp_path / "step-20.pt").write_bytes(b"torn")
        return RollBack(20)

    back.kept(keeper, says)
    assert 20 not in quiet.steps
    assert len(back.losses) == N_STEPS
    assert back.losses[:26] == alone.losses[:26]


def test_a_disk_that_is_full_does_not_end_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, kept = Training().alone(), Training()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    kept.kept(kept.keeper(folder=tmp_path))
    assert torch.equal(kept.weights, alone.weights)


def test_a_scaler_goes_back_too() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
    training = Training()
    keeper = training.keeper(scaler=scaler)
    says, scales = Once(15, RollBack(10)), []
    for step in keeper.steps(20):
        points, values = next(training.data)
        scaler.scale(torch.nn.functional.mse_loss(training.model(points), values)).backward()
        scaler.unscale_(training.optimizer)
        if keeper.allows(says(step, 0.0, 0.0)):
            scaler.step(training.optimizer)
        scaler.update()
        training.optimizer.zero_grad()
        scales.append((step, scaler.get_scale()))
    first, again = scales[10:15], scales[16:21]
    assert first == again


def test_the_best_weights_come_back_after_early_stopping() -> None:
    guard = Guard({"early_stop": {"limit": 3}}, act=True, background=False)
    training = Training()
    keeper = training.keeper(guard)
    best: Any = None
    for step in keeper.steps(N_STEPS):
        loss, norm = training.backward()
        if step == 5:
            best = training.weights
        validated = abs(step - 5) + 1.0
        if keeper.allows(guard.observe(step, loss=loss, grad_norm=norm, val_loss=validated)):
            training.optimizer.step()
        training.after(loss)
    assert keeper.stopped is not None
    assert keeper.stopped.best_step == 5
    assert keeper.restore_best()
    assert torch.equal(training.weights[:32], best[:32])


def test_without_validation_there_is_no_best() -> None:
    assert not Training().keeper().restore_best()


def test_lbfgs_is_refused_at_once() -> None:
    training = Training(lambda weights: torch.optim.LBFGS(weights))
    with pytest.raises(UsageError, match="evaluates the loss many times"):
        training.keeper()


def test_several_optimizers_go_back_together() -> None:
    halves = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    optimizers = [torch.optim.Adam([half], 0.1) for half in halves]
    keeper = Keeper(Quiet(), torch.nn.ParameterList(halves), optimizers, every=5)
    says, seen = Once(8, RollBack(5)), []
    for step in keeper.steps(12):
        sum((half**2).sum() for half in halves).backward()
        if keeper.allows(says(step, 0.0, 0.0)):
            for optimizer in optimizers:
                optimizer.step()
        for optimizer in optimizers:
            optimizer.zero_grad()
        seen.append((step, sum(half.sum().item() for half in halves)))
    assert [step for step, _ in seen] == [*range(9), *range(5, 12)]
    assert seen[5:8] == seen[9:12]


def test_loss_and_norm_may_be_tensors() -> None:
    guard = Guard(act=True, background=False)
    weight = torch.nn.Parameter(torch.ones(()))
    guard.observe(0, loss=weight * 2, grad_norm=weight)
    assert not guard.wall.faults


def test_batches_that_are_no_numbers_are_passed_over_and_the_run_ends_well() -> None:
    guard = Guard("nan", act=True, n_steps=200, background=False)
    training = Training()
    keeper = training.keeper(guard)
    spoilt = {6, 14, 15, 16, 17}
    for step in keeper.steps(200):
        points, values = next(training.data)
        at = training.data.epoch * 10 + training.data.index - 1
        loss = torch.nn.functional.mse_loss(training.model(points), values)
        loss = loss * (float("nan") if at in spoilt else 1.0)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(training.model.parameters(), 1.0)
        if keeper.allows(guard.observe(step, loss=loss, grad_norm=norm)):
            training.optimizer.step()
        training.after(0.0)
    assert [type(deed).__name__ for _, deed in guard.history] == ["SkipBatch"] * 3 + ["RollBack"]
    assert keeper.stopped is None
    assert guard.wall.faults == keeper.wall.faults == []
    assert bool(torch.isfinite(training.weights).all())
    assert training.data.epoch * 10 + training.data.index > 200


def test_an_advising_guard_keeps_no_copies() -> None:
    training = Training()
    keeper = training.keeper(Guard(background=False))
    training.kept(keeper)
    assert keeper.checkpoints.steps == []
