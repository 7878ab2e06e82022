"""A training small enough for every test: dropout and normalisation, so that random states and buffers count."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from descentry.guard.actions import Action, Continue
from descentry.integrations.pytorch import Batches, Keeper

N_STEPS = 40
Says = Callable[[int, float, float], Action]


class Quiet:
    """A guard that only notes which checkpoints there are."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def saved(self, step: int) -> None:
        self.steps.append(step)

    def forgotten(self, step: int) -> None:
        self.steps = [one for one in self.steps if one != step]


def go_on(step: int, loss: float, norm: float) -> Action:
    """Asks for nothing."""
    del step, loss, norm
    return Continue()


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))


def loader() -> Iterable[Any]:
    """Ten batches in an order that torch's random numbers draw, anew for each epoch."""
    random = torch.Generator().manual_seed(1)
    points = torch.randn(60, 4, generator=random)
    values = (points @ torch.tensor([1.0, -2.0, 0.5, 0.0])).tanh()[:, None]
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(points, values), 6, shuffle=True)


@dataclass
class Training:
    """What a loop needs; `of` builds the optimizer and, from it, the scheduler."""

    of: Callable[[Any], torch.optim.Optimizer] = lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9)
    schedule: Callable[[torch.optim.Optimizer], Any] | None = None
    micro: int = 1
    losses: list[tuple[int, float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.model = model()
        self.optimizer = self.of(self.model.parameters())
        self.scheduler = self.schedule(self.optimizer) if self.schedule else None
        self.data = Batches(loader())

    def keeper(self, guard: Any = None, **options: Any) -> Keeper:
        return Keeper(
            guard or Quiet(), self.model, self.optimizer, scheduler=self.scheduler, data=self.data,
            batches_per_step=self.micro, **{"every": 10, **options},
        )  # fmt: skip

    def backward(self) -> tuple[float, float]:
        """Loss and gradient norm of one step."""
        total = 0.0
        for _ in range(self.micro):
            points, values = next(self.data)
            loss = nn.functional.mse_loss(self.model(points), values) / self.micro
            loss.backward()
            total += loss.item()
        return total, float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0))

    def after(self, loss: float) -> None:
        """What ends a step, whether its update was applied or not."""
        if isinstance(self.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step(loss)
        elif self.scheduler is not None:
            self.scheduler.step()
        self.optimizer.zero_grad()

    def alone(self, n_steps: int = N_STEPS) -> "Training":
        """Trains without any keeper."""
        for step in range(n_steps):
            loss, _ = self.backward()
            self.optimizer.step()
            self.after(loss)
            self.losses.append((step, loss))
        return self

    def kept(self, keeper: Keeper, says: Says = go_on, n_steps: int = N_STEPS) -> "Training":
        """Trains with a keeper that does what `says` asks for."""
        for step in keeper.steps(n_steps):
            loss, norm = self.backward()
            self.rates.append(self.optimizer.param_groups[0]["lr"])
            if keeper.allows(says(step, loss, norm)):
                self.optimizer.step()
            self.after(loss)
            self.losses.append((step, loss))
        return self

    @property
    def weights(self) -> torch.Tensor:
        """All weights and buffers in one row."""
        return torch.cat([part.detach().double().flatten() for part in self.model.state_dict().values()])


class Once:
    """Asks for `action` the first time that `step` is trained."""

    def __init__(self, step: int, action: Action) -> None:
        self.step, self.action, self.n_asked = step, action, 0

    def __call__(self, step: int, loss: float, norm: float) -> Action:
        del loss, norm
        if step != self.step or self.n_asked:
            return Continue()
        self.n_asked += 1
        return self.action
