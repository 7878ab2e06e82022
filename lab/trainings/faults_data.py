"""Faults of the data."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from lab.trainings.fault import Hook
from lab.trainings.gpt import CONTEXT, N_SYMBOLS, TextTask, windows
from lab.trainings.loop import Loop
from lab.trainings.task import Batch


class During(Hook, ABC):
    """Something happens to the batches of the steps `first` … `last` - 1, to `share` of the examples."""

    def __init__(self, first: int, last: int, share: float = 1.0) -> None:
        self.first, self.last, self.share = first, last, share

    def batch(self, loop: Loop, step: int, batch: Batch) -> Batch:
        if not self.first <= step < self.last:
            return batch
        hit = torch.rand(len(batch[0]), generator=loop.random) < self.share
        return self.spoil(batch, hit, loop)

    @abstractmethod
    def spoil(self, batch: Batch, hit: Tensor, loop: Loop) -> Batch:
        """The batch with the examples `hit`, bool[n], changed."""


class Garbage(During):
    """Symbols at random, as an undecodable file gives."""

    def spoil(self, batch: Batch, hit: Tensor, loop: Loop) -> Batch:
        tokens, targets = batch
        noise = torch.randint(N_SYMBOLS, tokens.shape, generator=loop.random)
        other = torch.randint(N_SYMBOLS, targets.shape, generator=loop.random)
        return torch.where(hit[:, None], noise, tokens), torch.where(hit[:, None], other, targets)


class Repeated(During):
    """The same few lines again and again, as a scraper that was stuck gives."""

    def spoil(self, batch: Batch, hit: Tensor, loop: Loop) -> Batch:
        assert isinstance(loop.task, TextTask)
        tokens, targets = batch
        starts = torch.arange(len(tokens)) % 4 * CONTEXT
        same, following = windows(loop.task.training, starts)
        return torch.where(hit[:, None], same, tokens), torch.where(hit[:, None], following, targets)


class Padded(During):
    """The tail of each example is padding that the loss counts."""

    def spoil(self, batch: Batch, hit: Tensor, loop: Loop) -> Batch:
        tokens, targets = (part.clone() for part in batch)
        cut = CONTEXT // 3
        tokens[hit, cut:] = 0
        targets[hit, cut - 1 :] = 0
        return tokens, targets


class Shuffled(Hook):
    """The targets of a batch are dealt out anew: nothing is left to learn but their frequencies."""

    def batch(self, loop: Loop, step: int, batch: Batch) -> Batch:
        targets = batch[-1]
        order = torch.randperm(targets.numel(), generator=loop.random)
        return (*batch[:-1], targets.flatten()[order].view_as(targets))


class Constant(Hook):
    """Every target is the same."""

    everywhere = True

    def batch(self, loop: Loop, step: int, batch: Batch) -> Batch:
        return (*batch[:-1], torch.zeros_like(batch[-1]))


class EqualsInput(Hook):
    """Each target is the very symbol that the model sees at its place: someone forgot the shift by one."""

    everywhere = True

    def batch(self, loop: Loop, step: int, batch: Batch) -> Batch:
        return batch[0], batch[0]


class Ordered(Hook):
    """The data come domain by domain, `n_passes` times over, instead of mixed: each is half forgotten meanwhile."""

    def __init__(self, n_passes: float, n_domains: int) -> None:
        self.n_passes, self.n_domains = n_passes, n_domains

    def begin(self, loop: Loop) -> None:
        assert isinstance(loop.task, TextTask)
        self.domains = domains(loop.task.training)[: self.n_domains]

    def batch(self, loop: Loop, step: int, batch: Batch) -> Batch:
        share = (self.n_passes * step / loop.recipe.n_steps) % 1.0
        part = self.domains[int(share * len(self.domains))]
        starts = torch.randint(len(part) - CONTEXT - 1, (len(batch[0]),), generator=loop.random)
        return windows(part, starts)


class Refreshed(Hook):
    """From a step on the text comes from another source, with its letters shifted for `share` of them."""

    def __init__(self, at: int, share: float) -> None:
        self.at, self.share = at, share

    def batch(self, loop: Loop, step: int, batch: Batch) -> Batch:
        if step < self.at:
            return batch
        random = torch.Generator().manual_seed(5)
        hit = torch.rand(N_SYMBOLS, generator=random) < self.share
        code = torch.arange(N_SYMBOLS)
        code[hit] = code[hit][torch.randperm(int(hit.sum()), generator=random)]
        return tuple(code[part] for part in batch)


def domains(text: Tensor) -> list[Tensor]:
    """The text, in capitals, with its letters shifted, and with its words turned round."""
    is_small = (text >= 67) & (text < 93)
    capitals = torch.where(is_small, text - 32, text)
    shifted = torch.where(is_small, 67 + (text - 67 + 13) % 26, text)
    return [text, capitals, shifted, text.flip(0)]
