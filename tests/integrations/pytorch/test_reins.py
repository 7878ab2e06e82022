"""Reins: rates, clipping and refusals live inside `optimizer.step()`; schedulers never see them."""

import logging

import pytest

torch = pytest.importorskip("torch")

from descentry import UsageError  # noqa: E402
from descentry.integrations.pytorch import Reins  # noqa: E402
from descentry.integrations.pytorch.reins import as_optimizers  # noqa: E402


def one(rate: float = 1.0) -> tuple[torch.nn.Parameter, torch.optim.Optimizer]:
    weight = torch.nn.Parameter(torch.zeros(2))
    return weight, torch.optim.SGD([weight], rate)


def stepped(weight: torch.nn.Parameter, optimizer: torch.optim.Optimizer, size: float = 1.0) -> float:
    """How far the first weight moved."""
    before = weight[0].item()
    weight.grad = torch.tensor([size, 0.0])
    optimizer.step()
    return before - weight[0].item()


def test_a_factor_for_some_steps_holds_for_that_many() -> None:
    weight, optimizer = one()
    reins, moved = Reins([optimizer]), []
    for step in range(6):
        reins.begin(step)
        if step == 1:
            reins.rates.scale(0.5, 3)
        moved.append(stepped(weight, optimizer))
        assert optimizer.param_groups[0]["lr"] == 1.0
    assert moved == [1.0, 0.5, 0.5, 0.5, 1.0, 1.0]


def test_factors_for_good_multiply() -> None:
    weight, optimizer = one()
    reins = Reins([optimizer])
    reins.rates.scale(0.5, None)
    reins.rates.scale(0.5, None)
    assert stepped(weight, optimizer) == 0.25


@pytest.mark.parametrize("schedule", ["ExponentialLR", "LambdaLR", "CosineAnnealingLR", "OneCycleLR"])
def test_a_schedule_goes_on_as_it_would_have(schedule: str) -> None:
    options = {
        "ExponentialLR": {"gamma": 0.9},
        "LambdaLR": {"lr_lambda": lambda step: 1 / (step + 1)},
        "CosineAnnealingLR": {"T_max": 10},
        "OneCycleLR": {"max_lr": 1.0, "total_steps": 10},
    }

    def rates(factor: float) -> list[float]:
        weight, optimizer = one()
        kind = getattr(torch.optim.lr_scheduler, schedule)
        scheduler, reins, seen = kind(optimizer, **options[schedule]), Reins([optimizer]), []
        reins.rates.scale(factor, None)
        for _ in range(8):
            stepped(weight, optimizer)
            scheduler.step()
            seen.append(optimizer.param_groups[0]["lr"])
        return seen

    assert rates(0.1) == rates(1.0)


def test_clipping_counts_all_gradients_of_the_optimizer() -> None:
    weight, optimizer = one()
    reins = Reins([optimizer])
    reins.clip = 1.0
    assert stepped(weight, optimizer, 8.0) == pytest.approx(1.0, rel=1e-5)
    assert stepped(weight, optimizer, 0.5) == 0.5


def test_a_held_update_moves_neither_weights_nor_moments() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([weight], 0.1, weight_decay=0.5)
    reins = Reins([optimizer])
    reins.is_held = True
    assert stepped(weight, optimizer) == 0.0
    assert not optimizer.state
    reins.begin(1)
    assert stepped(weight, optimizer) > 0.0


def test_a_step_that_failed_does_not_leave_its_rate_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, optimizer = one()
    reins = Reins([optimizer])
    reins.rates.scale(0.5, None)
    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.SGD, "_init_group", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stepped(weight, optimizer)
    assert stepped(weight, optimizer) == 0.5
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_a_rate_that_is_a_tensor() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.Adam([weight], torch.tensor(0.5))
    rate = optimizer.param_groups[0]["lr"]
    reins = Reins([optimizer])
    reins.rates.scale(0.5, None)
    assert stepped(weight, optimizer) == pytest.approx(0.25, rel=1e-4)
    assert optimizer.param_groups[0]["lr"] is rate


def test_what_fails_in_a_hook_stays_there(caplog: pytest.LogCaptureFixture) -> None:
    weight, optimizer = one()
    reins = Reins([optimizer])
    reins.clip = "none"  # type: ignore[assignment]
    assert stepped(weight, optimizer) == 1.0
    assert len(reins.wall.faults) == 1
    assert "the training goes on" in caplog.text


def test_a_closure_is_said_to_be_out_of_reach(caplog: pytest.LogCaptureFixture) -> None:
    weight, optimizer = one()
    reins = Reins([optimizer])
    reins.is_held = True

    def closure() -> float:
        weight.grad = torch.ones(2)
        return 0.0

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            optimizer.step(closure)
    assert weight[0].item() == -2.0
    assert caplog.text.count("makes its gradients inside") == 1


def test_lbfgs_is_refused() -> None:
    with pytest.raises(UsageError, match="LBFGS"):
        as_optimizers(torch.optim.LBFGS([torch.nn.Parameter(torch.ones(1))]))


def test_a_fused_optimizer_under_a_scaler_is_clipped_in_its_own_unit() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([weight], 1.0, fused=True)
    reins = Reins([optimizer])
    reins.clip = 1.0
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale((weight * torch.tensor([-8.0, 0.0])).sum()).backward()
    scaler.step(optimizer)
    assert weight[0].item() == pytest.approx(1.0, rel=1e-4)


def test_released_reins_change_nothing() -> None:
    weight, optimizer = one()
    reins = Reins([optimizer])
    reins.rates.scale(0.5, None)
    reins.release()
    assert stepped(weight, optimizer) == 1.0
