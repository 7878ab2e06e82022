"""Regression on features of two scales: validation falls, rises and falls again (epoch-wise double descent).

The fast features are learned first and then fit the noise of the labels; the slow ones, which carry most of the
signal, come later (Heckel & Yilmaz 2020, arXiv:2007.10099).
"""

import math

import torch
from torch import Generator, nn
from torch.nn import functional as F

from lab.trainings.task import Batch, Change, Losses, unchanged

N_FAST, N_SLOW = 80, 80
FAST_SHARE = 0.5
"""How much of the signal's variance the fast features carry."""


class RegressionTask:
    """Full batches of `n_examples`; labels with noise of `label_noise`, slow features `ratio` times as small."""

    n_classes = 1

    def __init__(
        self, seed: int, n_examples: int = 100, label_noise: float = 0.8, ratio: float = 0.12
    ) -> None:
        self.world = torch.Generator().manual_seed(1000 + seed)
        self.scales = torch.cat([torch.ones(N_FAST), torch.full((N_SLOW,), ratio)])
        signal = torch.randn(N_FAST + N_SLOW, generator=self.world)
        share = torch.cat([
            torch.full((N_FAST,), math.sqrt(FAST_SHARE / N_FAST)),
            torch.full((N_SLOW,), math.sqrt((1 - FAST_SHARE) / N_SLOW) / ratio),
        ])  # fmt: skip
        self.signal = signal * share
        self.training = self.draw(n_examples, label_noise)
        self.validation = self.draw(2000, 0.0)
        self.uniform = float(self.training[1].square().mean())
        torch.manual_seed(seed)
        self.model: nn.Module = nn.Linear(N_FAST + N_SLOW, 1, bias=False)
        nn.init.zeros_(next(self.model.parameters()))

    def draw(self, n: int, label_noise: float) -> Batch:
        """Features float32[n, 160] and labels float32[n]."""
        features = self.scales * torch.randn(n, N_FAST + N_SLOW, generator=self.world)
        noise = label_noise * torch.randn(n, generator=self.world)
        return features, features @ self.signal + noise

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        del step, size, random
        return self.training

    def losses(self, batch: Batch) -> Losses:
        features, labels = batch
        return {"loss": F.mse_loss(self.model(features)[:, 0], labels)}

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> dict[str, float]:
        del n_batches, size
        with torch.no_grad():
            return {"val_loss": float(self.losses(change(self.validation))["loss"])}
