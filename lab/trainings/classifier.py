"""A classifier on Gaussian clouds: labels, noise and class overlap are known, so the best loss is too."""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from lab.trainings.task import Batch, Change, Losses, unchanged

N_FEATURES = 32


class CloudTask:
    """Ten classes of overlapping clouds behind a fixed random layer; a small network with or without dropout.

    `n_examples`: the size of the training set, None for fresh examples at every step.  `label_noise`: the share
    of training labels that are drawn at random.
    """

    def __init__(
        self,
        seed: int,
        n_examples: int | None = None,
        width: int = 96,
        dropout: float = 0.0,
        label_noise: float = 0.0,
        spread: float = 1.6,
        n_classes: int = 10,
    ) -> None:
        self.n_classes, self.uniform = n_classes, math.log(n_classes)
        self.world = torch.Generator().manual_seed(1000 + seed)
        self.centres = torch.randn(n_classes, N_FEATURES, generator=self.world)
        self.mixing = torch.randn(N_FEATURES, N_FEATURES, generator=self.world) / math.sqrt(N_FEATURES)
        self.spread, self.label_noise = spread, label_noise
        self.held = None if n_examples is None else self.draw(n_examples, self.world, label_noise)
        self.validation = self.draw(2048, self.world, 0.0)
        torch.manual_seed(seed)
        self.model: nn.Module = nn.Sequential(
            nn.Linear(N_FEATURES, width), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(width, n_classes),
        )  # fmt: skip

    def draw(self, n: int, random: Generator, label_noise: float = 0.0) -> tuple[Tensor, Tensor]:
        """Fresh examples: features float32[n, 32], labels int64[n]."""
        labels = torch.randint(self.n_classes, (n,), generator=random)
        plain = self.centres[labels] + self.spread * torch.randn(n, N_FEATURES, generator=random)
        wrong = torch.rand(n, generator=random) < label_noise
        other = torch.randint(self.n_classes, (n,), generator=random)
        return torch.tanh(plain @ self.mixing), torch.where(wrong, other, labels)

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        if self.held is None:
            return self.draw(size, random, self.label_noise)
        features, labels = self.held
        at = self.order(step, size, len(labels))
        return features[at], labels[at]

    def order(self, step: int, size: int, n_examples: int) -> Tensor:
        """The indices of one step: every epoch is a fresh shuffle, fixed by its number."""
        per_epoch = max(1, n_examples // size)
        epoch, inside = divmod(step, per_epoch)
        shuffled = torch.randperm(n_examples, generator=torch.Generator().manual_seed(77 + epoch))
        return shuffled[inside * size : (inside + 1) * size]

    def losses(self, batch: Batch) -> Losses:
        features, labels = batch
        scores = self.model(features)
        right = (scores.argmax(-1) == labels).float().mean()
        return {"loss": F.cross_entropy(scores, labels), "train_accuracy": right}

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> dict[str, float]:
        with torch.no_grad():
            features, labels = (part[: n_batches * size] for part in self.validation)
            told = self.losses(change((features, labels)))
            return {"val_loss": float(told["loss"]), "val_accuracy": float(told["train_accuracy"])}
