"""Two modalities on one trunk, a head each: objectives that may help, starve or fight each other."""

import math
from collections.abc import Mapping

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from lab.trainings.task import Batch, Change, Losses, unchanged

N_FEATURES, N_CLASSES = 24, 8


class TwoHeads(nn.Module):
    """A shared layer behind one projection per modality, and one output per head."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.ModuleDict({name: nn.Linear(N_FEATURES, width) for name in ("image", "text")})
        self.trunk = nn.Linear(width, width)
        self.heads = nn.ModuleDict({name: nn.Linear(width, N_CLASSES) for name in ("image", "text")})

    def forward(self, x: Tensor, name: str) -> Tensor:
        out: Tensor = self.heads[name](torch.relu(self.trunk(torch.relu(self.into[name](x)))))
        return out


class TwoHeadTask:
    """The sum of two cross-entropies, `weights` by head.  `opposed`: the text labels undo what the image asks.

    With `shared_input` both heads see the same features through one projection, so opposed labels conflict.
    """

    n_classes = N_CLASSES
    uniform = 2 * math.log(N_CLASSES)

    def __init__(
        self,
        seed: int,
        weights: Mapping[str, float] | None = None,
        width: int = 48,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = dict(weights or {"image": 1.0, "text": 1.0})
        self.world = torch.Generator().manual_seed(1000 + seed)
        self.centres = {
            name: torch.randn(N_CLASSES, N_FEATURES, generator=self.world) for name in self.weights
        }
        self.spread = {"image": 1.5, "text": 1.5, **(rates or {})}
        torch.manual_seed(seed)
        self.model: nn.Module = TwoHeads(width)
        self.validation = self.batch(0, 1024, self.world)

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        del step
        parts: list[Tensor] = []
        for name, centres in self.centres.items():
            labels = torch.randint(N_CLASSES, (size,), generator=random)
            noise = torch.randn(size, N_FEATURES, generator=random)
            parts += [centres[labels] + self.spread[name] * noise, labels]
        return tuple(parts)

    def losses(self, batch: Batch) -> Losses:
        image, image_labels, text, text_labels = batch
        by_head = {
            "image_loss": F.cross_entropy(self.model(image, "image"), image_labels),
            "text_loss": F.cross_entropy(self.model(text, "text"), text_labels),
        }
        total = self.weights["image"] * by_head["image_loss"] + self.weights["text"] * by_head["text_loss"]
        return {"loss": total, **by_head}

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> dict[str, float]:
        at = slice(0, n_batches * size)
        with torch.no_grad():
            told = self.losses(change(tuple(part[at] for part in self.validation)))
        names = {"loss": "val_loss", "image_loss": "val_image_loss", "text_loss": "val_text_loss"}
        return {names[name]: float(value) for name, value in told.items()}
