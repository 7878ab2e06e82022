"""Batches with a position: what a roll back of the data needs."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

_END = object()


class Batches:
    """An endless iterator over the batches of `loader`, epoch after epoch, that knows where it is.

    `loader`: anything that can be iterated anew for each epoch; one that shuffles draws its order from torch's random
    numbers or from `generator` (the loader's or sampler's own): their states at the begin of the epoch are what is
    kept.  Going to a position draws the batches of that epoch up to it: a loader with a `state_dict` of its own
    (torchdata's StatefulDataLoader) is quicker.  A loader with a `set_epoch` is told the epoch.
    """

    def __init__(self, loader: Iterable[Any], generator: torch.Generator | None = None) -> None:
        self.loader, self.generator = loader, generator
        self.epoch = self.index = 0
        self._order: list[torch.Tensor] = []
        self._batches: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """The next batch.  StopIteration: an epoch without any batch."""
        batch = next(self._batches or self._begin(), _END)
        if batch is _END and self.index:
            self.epoch, self.index = self.epoch + 1, 0
            batch = next(self._begin(), _END)
        if batch is _END:
            raise StopIteration
        self.index += 1
        return batch

    def skip(self, n: int) -> None:
        """Pass over n batches."""
        for _ in range(n):
            next(self)

    def state_dict(self) -> dict[str, Any]:
        """The position."""
        return {"epoch": self.epoch, "index": self.index, "order": list(self._order)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes to a position: the same batches follow as did then.  torch's own random state stays as it is."""
        now = torch.get_rng_state()
        self.epoch, self.index, self._batches = state["epoch"], 0, None
        if state["order"]:
            self._go_to(state["order"])
            self._begin()
        self.skip(state["index"])
        torch.set_rng_state(now)

    def _begin(self) -> Iterator[Any]:
        """The epoch's batches.  Not begun before its first one is drawn: that is when loaders draw their order."""
        self._order = [torch.get_rng_state()]
        if self.generator is not None:
            self._order.append(self.generator.get_state())
        if hasattr(self.loader, "set_epoch"):
            self.loader.set_epoch(self.epoch)
        self._batches = iter(self.loader)
        return self._batches

    def _go_to(self, order: list[torch.Tensor]) -> None:
        torch.set_rng_state(order[0])
        if self.generator is not None:
            self.generator.set_state(order[1])
