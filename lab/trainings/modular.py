"""Addition modulo a prime: the task on which networks memorise first and understand late (grokking).

Power et al. 2022, arXiv:2201.02177; the quadratic network of Gromov 2023, arXiv:2301.02679, groks within seconds.
"""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from lab.trainings.task import Batch, Change, Losses, unchanged


class Quadratic(nn.Module):
    """Two layers with a square between them."""

    def __init__(self, prime: int, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2 * prime, width, bias=False), nn.Linear(width, prime, bias=False)
        self.scale = 1.0 / math.sqrt(2 * prime), 1.0 / width
        nn.init.normal_(self.first.weight)
        nn.init.normal_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second((self.scale[0] * self.first(x)) ** 2) * self.scale[1]
        return out


class AdditionTask:
    """(a + b) mod prime from one-hot a and b, mean squared error, full batches over `share` of the table."""

    def __init__(self, seed: int, prime: int = 31, share: float = 0.5, width: int = 192) -> None:
        self.n_classes = prime
        self.uniform = (1.0 - 1.0 / prime) / prime
        pairs = torch.cartesian_prod(torch.arange(prime), torch.arange(prime))
        features = torch.cat([F.one_hot(pairs[:, 0], prime), F.one_hot(pairs[:, 1], prime)], 1).float()
        labels = (pairs[:, 0] + pairs[:, 1]) % prime
        order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(1000 + seed))
        cut = int(share * len(pairs))
        self.training = features[order[:cut]], labels[order[:cut]]
        self.validation = features[order[cut:]], labels[order[cut:]]
        torch.manual_seed(seed)
        self.model: nn.Module = Quadratic(prime, width)

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        del step, size, random
        return self.training

    def losses(self, batch: Batch) -> Losses:
        features, labels = batch
        scores = self.model(features)
        error = F.mse_loss(scores, F.one_hot(labels, self.n_classes).float())
        return {"loss": error, "train_accuracy": (scores.argmax(-1) == labels).float().mean()}

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> dict[str, float]:
        del n_batches, size
        with torch.no_grad():
            told = self.losses(change(self.validation))
            return {"val_loss": float(told["loss"]), "val_accuracy": float(told["train_accuracy"])}
