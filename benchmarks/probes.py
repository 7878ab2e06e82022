"""What probes cost a training step of a small GPT, on one thread of a CPU: paired with the same training without.

`python benchmarks/probes.py [--pairs N] [--every K]`

Two equal models train in turn: single steps, every one sampled, beside plain ones; then blocks of K steps, one of them
sampled, beside plain blocks: the cost as a user meets it.  What the hooks of an unsampled step cost is timed alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from measured import told
from torch import Tensor, nn
from torch.nn import functional as F

from descentry.probes import Probes

WIDTH, N_BLOCKS, N_HEADS, LENGTH, N_ITEMS, N_SYMBOLS = 128, 4, 4, 128, 6, 512


class Block(nn.Module):
    """Pre-norm attention and a feed-forward layer."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        n, length, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, length, 3, N_HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, length, WIDTH))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    """A decoder-only transformer of four blocks, 0.9 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(N_SYMBOLS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(N_BLOCKS)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, N_SYMBOLS, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.head(self.norm(self.blocks(self.tokens(tokens) + self.places.weight)))
        return out


def trainer(every: int | None) -> Callable[[], float]:
    """A function that makes one step and gives its CPU seconds; the first steps are behind it."""
    torch.manual_seed(0)
    model = Gpt()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-4)
    probes = None if every is None else Probes(model, optimizer, every)
    tokens = torch.randint(N_SYMBOLS, (N_ITEMS, LENGTH + 1))

    def step() -> float:
        start = time.process_time()
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if probes is not None:
            probes.take()
        return time.process_time() - start

    step()
    step()
    return step


def paired(
    first: Callable[[], float], second: Callable[[], float], n_pairs: int, n_steps: int
) -> list[tuple[float, float]]:
    """CPU seconds of blocks of steps, in turn; which of the two goes first changes from pair to pair."""
    pairs = []
    for at in range(n_pairs):
        order = (first, second) if at % 2 else (second, first)
        cost = {one: sum(one() for _ in range(n_steps)) for one in order}
        pairs.append((cost[first], cost[second]))
    return pairs


def idle_s(n_calls: int = 100_000) -> float:
    """CPU seconds that an unsampled step spends in the probes."""
    probes = Probes(nn.Linear(2, 2), every=10**9)
    probes.after_step()
    start = time.process_time()
    for _ in range(n_calls):
        probes.before_step()
        probes.after_step()
        probes.take()
    return (time.process_time() - start) / n_calls


def main() -> None:
    """Prints the cost of a step without probes, and what they add."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--every", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    plain = trainer(None)
    sampled = paired(trainer(1), plain, 120, 1)
    blocks = paired(trainer(options.every), plain, options.pairs, options.every)
    base_s = statistics.median(one for _, one in sampled)
    added_s, rest_s = statistics.median(a - b for a, b in sampled), idle_s()
    print(f"a step without probes: {base_s * 1e3:.1f} ms (CPU time, 1 thread)")
    print(
        f"a sampled step adds {added_s * 1e3:.1f} ms ({added_s / base_s:.0%}), any other {rest_s * 1e6:.1f} us"
    )
    share = (added_s + (options.every - 1) * rest_s) / options.every / base_s
    print(told(f"added at every={options.every}, from these", 100 * share, "%", 1.0))
    ratio = statistics.median(a / b for a, b in blocks) - 1
    print(told(f"added, {options.pairs} pairs of {options.every} steps", 100 * ratio, "%", 1.0))


if __name__ == "__main__":
    main()
