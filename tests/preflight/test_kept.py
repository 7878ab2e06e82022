"""After a preflight everything is, bit by bit, what it was before."""

import copy
import random
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.preflight import models  # noqa: E402
from torch import nn  # noqa: E402

import descentry  # noqa: E402
from descentry.record.errors import UsageError  # noqa: E402


class Counted(nn.Module):
    """Counts its calls, and holds a new buffer after each."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.n_calls = nn.Linear(20, 5), 0
        self.register_buffer("last", torch.zeros(5), persistent=False)

    def forward(self, x: Any) -> Any:
        self.n_calls += 1
        out = self.inner(x)
        self.last = out.detach().mean(0)
        return out


def trained(precision: Any = torch.float32) -> dict[str, Any]:
    """A GPT after three updates, with gradients left over, a schedule and a scaler."""
    setup = models.gpt(drop=0.1)
    model = setup["model"].to(precision)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    scheduler = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, 5),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 50),
        ],
        [5],
    )
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    tokens, targets = setup["batch"]

    def train_step(batch: Any) -> None:
        optimizer.zero_grad()
        scaler.scale(models.cross_entropy(model(batch[0]).float(), batch[1])).backward()
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()

    for _ in range(3):
        train_step((tokens, targets))
    model[0].eval() if isinstance(model, nn.Sequential) else model.blocks[0].eval()
    model.head.weight.requires_grad_(False)
    parts = {
        "model": model,
        "optimizer": optimizer,
        "scheduler": scheduler,
        "scaler": scaler,
        "train_step": train_step,
    }
    return setup | parts | {"loss_fn": lambda out, wanted: models.cross_entropy(out.float(), wanted)}


def state(setup: dict[str, Any]) -> dict[str, Any]:
    """All that training goes on from."""
    model, optimizer = setup["model"], setup["optimizer"]
    return copy.deepcopy({
        "weights": [(one.detach(), one.grad, one.requires_grad) for one in model.parameters()],
        "buffers": [(name, one) for name, one in model.named_buffers()],
        "modes": [one.training for one in model.modules()],
        "optimizer": optimizer.state_dict(),
        "scheduler": setup["scheduler"].state_dict() if setup.get("scheduler") else None,
        "scaler": setup["scaler"].state_dict() if setup.get("scaler") else None,
        "batch": setup["batch"],
        "random": (torch.get_rng_state(), np.random.get_state()[1], random.getstate()),
    })  # fmt: skip


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return bool((one == other).all())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other or vars(one) == vars(other))


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_preflight_leaves_everything_as_it_was(precision: Any) -> None:
    setup = trained(precision)
    before, group = state(setup), setup["optimizer"].param_groups[0]
    held = [one.grad for one in setup["model"].parameters()]
    descentry.preflight(**setup)
    after = state(setup)
    assert [key for key in before if not is_same(before[key], after[key])] == []
    assert setup["optimizer"].param_groups[0] is group
    assert all(one.grad is was for one, was in zip(setup["model"].parameters(), held, strict=True))


def test_training_goes_on_as_if_there_had_been_none() -> None:
    losses = []
    for is_checked in (False, True):
        setup = trained()
        if is_checked:
            descentry.preflight(**setup)
        torch.manual_seed(3)
        for _ in range(4):
            setup["train_step"](setup["batch"])
        losses.append(state(setup))
    assert is_same(*losses)


def test_an_optimizer_that_has_no_state_yet_has_none_afterwards() -> None:
    setup = models.classifier()
    before = state(setup)
    descentry.preflight(**setup)
    assert not setup["optimizer"].state
    assert is_same(before, state(setup))


def test_lists_in_the_state_of_an_optimizer_are_put_back() -> None:
    setup = models.classifier() | {"scheduler": None}
    model, loss_fn = setup["model"].eval(), setup["loss_fn"]
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = loss_fn(model(setup["batch"][0]), setup["batch"][1])
        loss.backward()
        return loss

    def train_step() -> None:
        optimizer.step(closure)

    train_step()
    before = copy.deepcopy(optimizer.state_dict())
    descentry.preflight(**setup | {"optimizer": optimizer, "train_step": train_step})
    assert is_same(before, optimizer.state_dict())


def test_the_optimizer_inside_a_wrapper_is_checked() -> None:
    accelerate = pytest.importorskip("accelerate")
    setup = models.classifier()
    accelerator = accelerate.Accelerator(cpu=True)
    optimizer = accelerator.prepare(setup["optimizer"])
    before = state(setup)
    result = descentry.preflight(**setup | {"optimizer": optimizer})
    assert result.ok, str(result)
    assert is_same(before, state(setup))


def test_counters_and_buffers_that_a_pass_replaces_are_put_back() -> None:
    model = Counted()
    buffer, batch = model.last, models.classifier()["batch"]
    descentry.preflight(model, torch.optim.SGD(model.parameters(), 0.1), batch, nn.CrossEntropyLoss())
    assert model.n_calls == 0
    assert model.last is buffer
    assert not buffer.any()


def test_everything_is_put_back_also_when_the_pass_fails() -> None:
    setup = models.gpt()

    def spoils(model: Any, _: Any) -> Any:
        with torch.no_grad():
            model.head.weight.zero_()
        raise RuntimeError("no such\nthing")

    before = state(setup)
    with pytest.raises(UsageError, match="one forward pass fails with RuntimeError: no such thing; expected"):
        descentry.preflight(setup["model"], setup["optimizer"], setup["batch"], spoils)
    assert is_same(before, state(setup))
