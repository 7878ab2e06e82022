"""A small GPT on the reference text that ships with Python."""

import math
from pydoc_data import topics

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from lab.trainings.task import Batch, Change, Losses, unchanged

CONTEXT = 32
N_SYMBOLS = 98
"""Line feed, tab, the 95 printing characters of ASCII, and one symbol for all others."""


def corpus() -> Tensor:
    """The text as symbols, int64[n]."""
    text = "\n".join(topics.topics[name] for name in sorted(topics.topics))
    return torch.tensor([_symbol(ord(letter)) for letter in text])


def _symbol(code: int) -> int:
    if code in (9, 10):
        return code - 9
    return code - 30 if 32 <= code < 127 else N_SYMBOLS - 1


class Block(nn.Module):
    """Pre-norm attention and a feed-forward layer."""

    def __init__(self, width: int, n_heads: int, scaled: bool = True) -> None:
        super().__init__()
        self.n_heads, self.scaled = n_heads, scaled
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        parts = self.qkv(self.norm1(x)).view(n, length, 3, self.n_heads, width // self.n_heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        scale = 1.0 / math.sqrt(width // self.n_heads) if self.scaled else 1.0
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
        x = x + self.out(seen.transpose(1, 2).reshape(n, length, width))
        return x + self.narrow(F.gelu(self.wide(self.norm2(x))))


class Gpt(nn.Module):
    """Decoder-only transformer with learned positions; the output layer is its own."""

    def __init__(self, width: int = 48, n_blocks: int = 2, n_heads: int = 4, scaled: bool = True) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(N_SYMBOLS, width), nn.Embedding(CONTEXT, width)
        self.blocks = nn.Sequential(*(Block(width, n_heads, scaled) for _ in range(n_blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, N_SYMBOLS, bias=False)
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.Embedding):
                nn.init.normal_(part.weight, std=0.05)

    def forward(self, tokens: Tensor) -> Tensor:
        at = torch.arange(tokens.shape[1])
        out: Tensor = self.head(self.norm(self.blocks(self.tokens(tokens) + self.places(at))))
        return out


class TextTask:
    """Next-symbol prediction.  The last tenth of the text is validation."""

    n_classes = N_SYMBOLS
    uniform = math.log(N_SYMBOLS)

    def __init__(self, seed: int, share: float = 1.0, width: int = 48, scaled: bool = True) -> None:
        torch.manual_seed(seed)
        self.model: nn.Module = Gpt(width, scaled=scaled)
        text = corpus()
        cut = int(0.9 * len(text))
        self.training, self.validation = text[: int(cut * share)], text[cut:]

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        del step
        return windows(
            self.training, torch.randint(len(self.training) - CONTEXT - 1, (size,), generator=random)
        )

    def losses(self, batch: Batch) -> Losses:
        tokens, targets = batch
        return {"loss": F.cross_entropy(self.model(tokens).flatten(0, 1), targets.flatten())}

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> dict[str, float]:
        starts = torch.linspace(0, len(self.validation) - CONTEXT - 2, n_batches * size).long()
        with torch.no_grad():
            return {"val_loss": float(self.losses(change(windows(self.validation, starts)))["loss"])}


def windows(text: Tensor, starts: Tensor) -> Batch:
    """Pieces of CONTEXT symbols from each start, and the same shifted by one."""
    at = starts[:, None] + torch.arange(CONTEXT)
    return text[at], text[at + 1]
