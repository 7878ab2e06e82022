"""One training of the tiny GPT on a mixture: a steerer says how many windows of each domain go into a batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from descentry.steer import Draws, Weigher
from lab.trainings.gpt import CONTEXT, Gpt, windows

Domains = Mapping[str, tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What all trainings of one comparison share: the same tokens a step, a constant rate after a warm-up."""

    n_steps: int = 3000
    batch: int = 20
    rate: float = 2e-3
    warmup: int = 50
    eval_every: int = 15
    n_eval: int = 32
    """Held-out windows of each domain."""


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out losses after a step: each domain's, and their mean."""

    step: int
    losses: dict[str, float]
    mean: float


def train(domains: Domains, plan: Plan, seed: int, steerer: Weigher | None, n_steps: int) -> Iterator[Held]:
    """Trains for `n_steps` and gives what is held out as it goes; stop asking and the training stops.

    `steerer`: None draws all domains alike.  Model, windows and offsets of the draws are made of `seed` alone.
    """
    torch.manual_seed(seed)
    model, random, draws = Gpt(), torch.Generator().manual_seed(seed + 1), Draws(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), plan.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    alike = dict.fromkeys(domains, 1.0 / len(domains))
    for step in range(1, n_steps + 1):
        counts = draws.counts(alike if steerer is None else steerer.weights, plan.batch)
        losses = _step(model, optimizer, domains, counts, random, plan.rate * min(1.0, step / plan.warmup))
        if steerer is not None:
            steerer.observe(step, losses)
        if step % plan.eval_every == 0:
            held = held_out(model, domains, plan.n_eval)
            yield Held(step, held, sum(held.values()) / len(held))


def _step(
    model: Gpt,
    optimizer: torch.optim.Optimizer,
    domains: Domains,
    counts: Mapping[str, int],
    random: torch.Generator,
    rate: float,
) -> dict[str, float]:
    """Trains on one batch, and gives the mean loss of each domain that is in it."""
    drawn = [name for name, n in counts.items() if n]
    parts = [_windows(domains[name][0], counts[name], random) for name in drawn]
    tokens, targets = (torch.cat([part[k] for part in parts]) for k in (0, 1))
    each = _each(model, tokens, targets)
    optimizer.zero_grad(set_to_none=True)
    each.mean().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    pieces = each.detach().split([counts[name] for name in drawn])
    return {name: float(piece.mean()) for name, piece in zip(drawn, pieces, strict=True)}


def _windows(text: Tensor, n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    return windows(text, torch.randint(len(text) - CONTEXT - 1, (n,), generator=random))


def _each(model: Gpt, tokens: Tensor, targets: Tensor) -> Tensor:
    """The mean loss of each window, float32[n]."""
    losses = F.cross_entropy(model(tokens).flatten(0, 1), targets.flatten(), reduction="none")
    return losses.view(targets.shape).mean(1)


def held_out(model: Gpt, domains: Domains, n_eval: int) -> dict[str, float]:
    """The mean loss of each domain on `n_eval` evenly spaced windows of what is held out."""
    starts = [torch.linspace(0, len(text) - CONTEXT - 2, n_eval).long() for _, text in domains.values()]
    pairs = [windows(text, at) for (_, text), at in zip(domains.values(), starts, strict=True)]
    with torch.no_grad():
        each = _each(model, torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs]))
    return {name: float(piece.mean()) for name, piece in zip(domains, each.split(n_eval), strict=True)}
