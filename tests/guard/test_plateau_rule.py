"""`plateau_drop` beside PyTorch's ReduceLROnPlateau on noisy curves: noise is no plateau."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from descentry.guard.actions import ScaleLr
from descentry.testing import curves
from descentry.testing.noise import NOISES
from descentry.testing.policies import play

N_POINTS, SIGMA = 2000, 0.1


@dataclass
class OnPlateau:
    """ReduceLROnPlateau with its defaults: no value below the best by a 10^-4 part for more than ten in a row."""

    patience: int = 10
    threshold: float = 1e-4
    best: float = math.inf
    n_bad: int = 0
    n_drops: int = 0

    def step(self, loss: float) -> bool:
        """Whether the rate is dropped now."""
        is_better = loss < self.best * (1.0 - self.threshold)
        self.best = min(self.best, loss) if is_better else self.best
        self.n_bad = 0 if is_better else self.n_bad + 1
        if self.n_bad <= self.patience:
            return False
        self.n_bad, self.n_drops = 0, self.n_drops + 1
        return True


def test_the_rule_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs, ours = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=0.0, eps=0.0), OnPlateau()
    for loss in curves.healthy(400, 1, sigma=SIGMA).columns[curves.TRAIN].values.tolist():
        theirs.step(loss)
        ours.step(loss)
    assert ours.n_drops > 0
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1**ours.n_drops)


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_no_plateau(name: str) -> None:
    chunk = curves.healthy(N_POINTS, 3, NOISES[name], SIGMA)
    theirs = OnPlateau()
    for loss in chunk.columns[curves.TRAIN].values.tolist():
        theirs.step(loss)
    assert play("plateau_drop", chunk).deeds == ()
    assert theirs.n_drops > 100 or name == "none"


@pytest.mark.parametrize("seed", range(3))
def test_a_plateau_under_the_same_noise_is_found(seed: int) -> None:
    chunk = curves.healthy(N_POINTS, seed, sigma=SIGMA, n_validations=0)
    values = chunk.columns[curves.TRAIN].values
    stalls = np.where(
        np.arange(N_POINTS) < 600,
        values,
        values - curves.power_law(N_POINTS) + curves.power_law(N_POINTS)[600],
    )
    played = play("plateau_drop", curves.with_values(chunk, curves.TRAIN, stalls))
    assert played.deeds
    assert all(isinstance(deed, ScaleLr) and step > 600 for step, _, deed in played.deeds)
