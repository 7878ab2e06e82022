"""Faults planted in real trainings are found from what the probes log; healthy trainings are left alone."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.probes import trainings  # noqa: E402
from torch import nn  # noqa: E402

from descentry.record.finding import Finding, Severity  # noqa: E402

Trained = Callable[[], list[Finding]]


def sgd(model: Any, rate: float = 0.05, momentum: float = 0.0) -> Any:
    return torch.optim.SGD(model.parameters(), rate, momentum=momentum)


def deep_sigmoids() -> list[Finding]:
    torch.manual_seed(0)
    model = trainings.layers(nn.Sigmoid, 10)
    return trainings.train(model, sgd(model, 0.1))[0]


def no_clipping() -> list[Finding]:
    """Twice the usual initial weights, and a rate that grows by 2 % a step."""
    torch.manual_seed(0)
    model = trainings.layers(nn.ReLU, 6)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2.0)

    def faster(step: int, _: Any, optimizer: Any) -> None:
        optimizer.param_groups[0]["lr"] = 0.01 * 1.02**step

    return trainings.train(model, sgd(model, 0.01, momentum=0.9), n_steps=200, every=2, change=faster)[0]


def killed() -> list[Finding]:
    """The biases of a layer fall far below 0 at step 240."""
    torch.manual_seed(0)
    model = trainings.layers(nn.ReLU, 3)

    def kill(step: int, model: Any, _: Any) -> None:
        if step == 240:
            with torch.no_grad():
                model[2].bias.sub_(20.0)

    return trainings.train(model, sgd(model), change=kill)[0]


def saturated() -> list[Finding]:
    """The weights before a tanh grow fortyfold at step 240."""
    torch.manual_seed(0)
    model = trainings.layers(nn.Tanh, 3)

    def saturate(step: int, model: Any, _: Any) -> None:
        if step == 240:
            with torch.no_grad():
                model[2].weight.mul_(40.0)

    return trainings.train(model, sgd(model, 0.01), change=saturate)[0]


def frozen() -> list[Finding]:
    torch.manual_seed(0)
    model = trainings.layers(nn.ReLU, 3)
    model[2].requires_grad_(False)
    return trainings.train(model, sgd(model))[0]


def without_rate() -> list[Finding]:
    torch.manual_seed(0)
    model = trainings.layers(nn.ReLU, 3)
    others = [weight for at in (0, 4, 6) for weight in model[at].parameters()]
    optimizer = torch.optim.SGD([{"params": model[2].parameters(), "lr": 0.0}, {"params": others}], 0.05)
    return trainings.train(model, optimizer)[0]


@pytest.mark.parametrize(
    ("trained", "pattern", "curve", "onset"),
    [
        (deep_sigmoids, "vanishing_gradient", "grad_norm/module/0", 0),
        (no_clipping, "exploding_gradient", "grad_norm/global", 170),
        (killed, "dead_units", "dead_units/module/3", 240),
        (saturated, "saturation", "saturation/module/3", 240),
        (frozen, "frozen_weights", "update_ratio/module/2", 0),
        (without_rate, "frozen_weights", "update_ratio/module/2", 0),
    ],
    ids=["vanishing", "exploding", "dead", "saturated", "frozen", "no-rate"],
)
def test_a_planted_fault_is_found_at_its_module_and_step(
    trained: Trained, pattern: str, curve: str, onset: int
) -> None:
    found = {finding.pattern: finding for finding in trained()}
    assert pattern in found, sorted(found)
    assert found[pattern].curve == curve
    assert abs(found[pattern].onset_step - onset) <= 10


def test_updates_lost_in_rounding_are_not_called_frozen() -> None:
    assert {"flat", "vanishing_gradient"} <= {finding.pattern for finding in deep_sigmoids()} <= {
        "flat", "vanishing_gradient", "sawtooth", "plateau"
    }  # fmt: skip


def healthy_rectifiers() -> list[Finding]:
    torch.manual_seed(1)
    model = trainings.layers(nn.ReLU, 3)
    return trainings.train(model, torch.optim.Adam(model.parameters(), 1e-3))[0]


def healthy_tanh() -> list[Finding]:
    torch.manual_seed(2)
    model = trainings.layers(nn.Tanh, 3)
    return trainings.train(model, sgd(model))[0]


def healthy_gpt() -> list[Finding]:
    torch.manual_seed(3)
    model = trainings.TinyGpt()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    return trainings.train(model, optimizer, n_steps=400, batches=trainings.counting)[0]


def meant_to_be_frozen() -> list[Finding]:
    torch.manual_seed(4)
    model = trainings.layers(nn.ReLU, 3)
    model[2].requires_grad_(False)
    return trainings.train(model, sgd(model), frozen=("2.",))[0]


@pytest.mark.parametrize("trained", [healthy_rectifiers, healthy_tanh, healthy_gpt, meant_to_be_frozen])
def test_a_healthy_training_is_left_alone(trained: Trained) -> None:
    assert [finding.statement for finding in trained() if finding.severity is not Severity.INFO] == []
