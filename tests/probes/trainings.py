"""Tiny trainings under probes, with a fault planted or none, and what the stream finds in what they log."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from descentry.probes import Probes
from descentry.record.chunk import Chunk, Column
from descentry.record.finding import Finding
from descentry.stream.drive import Stream

torch.set_num_threads(1)
ROW = np.zeros(1, np.int64)
N_CLASSES, WIDTH = 4, 32
Change = Callable[[int, nn.Module, Any], None]


def layers(activation: Callable[[], nn.Module], n_hidden: int) -> nn.Sequential:
    """A multi-layer perceptron."""
    parts: list[nn.Module] = [nn.Linear(8, WIDTH), activation()]
    for _ in range(n_hidden - 1):
        parts += [nn.Linear(WIDTH, WIDTH), activation()]
    return nn.Sequential(*parts, nn.Linear(WIDTH, N_CLASSES))


class TinyGpt(nn.Module):
    """One block of causal attention over 16 symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(16, WIDTH), nn.Embedding(12, WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH)
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 16)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, 2, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, length, WIDTH))
        out: Tensor = self.head(self.norm(x + self.narrow(F.relu(self.wide(x)))))
        return out


def clusters(step: int) -> tuple[Tensor, Tensor]:
    """Points about four centres, and which centre it was."""
    random = torch.Generator().manual_seed(step)
    centres = torch.randn(N_CLASSES, 8, generator=torch.Generator().manual_seed(0))
    wanted = torch.randint(N_CLASSES, (32,), generator=random)
    return centres[wanted] + 0.8 * torch.randn(32, 8, generator=random), wanted


def counting(step: int) -> tuple[Tensor, Tensor]:
    """Numbers that are counted on modulo 16, at a pace that each row shows, with some noise."""
    random = torch.Generator().manual_seed(step)
    start, pace = torch.randint(16, (2, 16, 1), generator=random)
    text = (start + pace * torch.arange(13)) % 16
    noisy = torch.where(
        torch.rand(text.shape, generator=random) < 0.1, torch.randint(16, text.shape, generator=random), text
    )
    return noisy[:, :-1], noisy[:, 1:]


def train(
    model: nn.Module,
    optimizer: Any,
    n_steps: int = 600,
    every: int | None = 5,
    change: Change | None = None,
    batches: Callable[[int], tuple[Tensor, Tensor]] = clusters,
    **options: Any,
) -> tuple[list[Finding], list[dict[str, float]]]:
    """The findings of the stream, fed live, and the rows that were logged.  `every` None: without probes."""
    probes = None if every is None else Probes(model, optimizer, every, **options)
    stream, rows = Stream(), []
    for step in range(n_steps):
        if change is not None:
            change(step, model, optimizer)
        inputs, wanted = batches(step)
        out = model(inputs)
        loss = F.cross_entropy(out.reshape(-1, out.shape[-1]), wanted.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        row = {"train_loss": float(loss.detach()), **(probes.take() if probes is not None else {})}
        stream.feed(
            Chunk(np.array([step]), {name: Column(ROW, np.array([one])) for name, one in row.items()})
        )
        rows.append(row)
    if probes is not None:
        probes.close()
        assert probes.error is None
    return list(stream.end().findings), rows
