"""Small models with the faults that a check must find: a GPT, a classifier, a GPT-2 of Hugging Face."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_SYMBOLS, LENGTH, N_ITEMS, WIDTH = 40, 16, 8, 64

torch.set_num_threads(1)


class Block(nn.Module):
    """Pre-norm attention, written out, and a feed-forward layer."""

    def __init__(self, n_heads: int = 1, scaled: bool = True, masked: bool = True, drop: float = 0.0) -> None:
        super().__init__()
        self.n_heads, self.scaled, self.masked = n_heads, scaled, masked
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH), nn.Dropout(drop)
        )

    def forward(self, x: Tensor) -> Tensor:
        n, length, _ = x.shape
        parts = self.qkv(self.norm1(x)).view(n, length, 3, self.n_heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2)
        if self.scaled:
            scores = scores / math.sqrt(q.shape[-1])
        if self.masked:
            future = torch.ones(length, length, dtype=torch.bool).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        seen = scores.softmax(-1) @ v
        x = x + self.out(seen.transpose(1, 2).reshape(n, length, WIDTH))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    """A decoder-only transformer of two blocks."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(N_SYMBOLS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(*(Block(**options) for _ in range(2)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, N_SYMBOLS, bias=False)
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.Embedding):
                nn.init.normal_(part.weight, std=0.05)

    def forward(self, tokens: Tensor) -> Tensor:
        places = torch.arange(tokens.shape[1])
        out: Tensor = self.head(self.norm(self.blocks(self.tokens(tokens) + self.places(places))))
        return out


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean over all places."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def tokens(shift: int = 1) -> tuple[Tensor, Tensor]:
    """Random tokens, and the tokens `shift` places later."""
    text = torch.randint(N_SYMBOLS, (N_ITEMS, LENGTH + 3), generator=torch.Generator().manual_seed(0))
    return text[:, 1 : LENGTH + 1], text[:, 1 + shift : LENGTH + 1 + shift]


def gpt(shift: int = 1, rate: float = 1e-3, **options: Any) -> dict[str, Any]:
    """A healthy setup, unless an option spoils it."""
    torch.manual_seed(0)
    model = Gpt(**options)
    optimizer = torch.optim.AdamW(model.parameters(), rate)
    return {"model": model, "optimizer": optimizer, "batch": tokens(shift), "loss_fn": cross_entropy}


def classifier() -> dict[str, Any]:
    """A healthy multi-layer perceptron with batch norm and dropout."""
    torch.manual_seed(1)
    parts = nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 5)
    model = nn.Sequential(*parts)
    batch = torch.randn(32, 20), torch.randint(5, (32,))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 10))
    return {
        "model": model,
        "optimizer": optimizer,
        "batch": batch,
        "loss_fn": nn.CrossEntropyLoss(),
        "scheduler": scheduler,
    }


def hugging_face(transformers: Any) -> dict[str, Any]:
    """A healthy GPT-2 from a config, which shifts and computes the loss by itself."""
    torch.manual_seed(2)
    config = transformers.GPT2Config(vocab_size=N_SYMBOLS, n_positions=LENGTH, n_embd=64, n_layer=2, n_head=2,
                                     bos_token_id=0, eos_token_id=0)  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)
    ids, _ = tokens()
    batch = {"input_ids": ids, "labels": ids.clone(), "attention_mask": torch.ones_like(ids)}
    return {"model": model, "optimizer": torch.optim.AdamW(model.parameters(), 1e-3), "batch": batch}
