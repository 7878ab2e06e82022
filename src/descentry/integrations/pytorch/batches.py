"""Batches with a position: what a roll back of the data needs."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch


class Batches:
    """An endless iterator over the batches of `loader`, epoch after epoch, that knows where it is.

    `loader`: anything that can be iterated anew for each epoch; one that shuffles must draw its order from `generator`
    (torch.Generator), whose state at the begin of the epoch is what is kept.  Going to a position draws the batches
    of that epoch up to it: a loader with a `state_dict` of its own (torchdata's StatefulDataLoader) is quicker.
    """

    def __init__(self, loader: Iterable[Any], generator: torch.Generator | None = None) -> None:
        self.loader, self.generator = loader, generator
        self.epoch = self.index = 0
        self._begin()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """The next batch.  StopIteration: an epoch without any batch."""
        batch = next(self._batches, _END)
        if batch is _END:
            if not self.index:
                raise StopIteration
            self.epoch, self.index = self.epoch + 1, 0
            self._begin()
            batch = next(self._batches, _END)
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
        return {"epoch": self.epoch, "index": self.index, "order": self._order}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes to a position: the same batches follow as did then."""
        if self.generator is not None:
            self.generator.set_state(state["order"])
        self.epoch, self.index = state["epoch"], 0
        self._begin()
        self.skip(state["index"])

    def _begin(self) -> None:
        self._order = None if self.generator is None else self.generator.get_state()
        self._batches = iter(self.loader)


_END = object()
