"""One guard for many processes: rank 0 decides, every rank does the same, and a rank that stands out is named.

together = Together(guard, timeout_s=60)         # on every rank; the guard of rank 0 decides
keeper = Keeper(together, model, optimizer)
for step in keeper.steps(n):
    ...
    if keeper.allows(together.observe(step, loss=loss, grad_norm=norm)):
        optimizer.step()
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist

from descentry.guard.actions import Action, Continue
from descentry.guard.guard import Guard
from descentry.guard.wall import Wall
from descentry.integrations.ranks import OddRank, Ranks
from descentry.integrations.watcher import Watcher
from descentry.integrations.wire import SIZE, packed, unpacked

NAMES = ("loss", "grad_norm")
"""What the ranks exchange."""
Answer = TypeVar("Answer")
_log = logging.getLogger("descentry.guard")


class Together:
    """A guard that is asked on every rank and answers the same on all.

    `every`: calls of `observe` between two exchanges.  1: each step, which refusals need; more: cheaper, the guard then
    sees the mean of so many steps (a Keeper's `batches_per_step` is to be multiplied by it).  `timeout_s`: the longest
    that an exchange waits for a rank that died or hangs.  Then the guard is off on this rank for good, which is told
    once, and the training goes on without it: `is_off`.  `odd`: ranks that stood out, on rank 0.

    Exchanges go over a gloo group of their own, on the CPU: those of the training are not touched.  Building one is
    itself a collective call: on every rank, at the same place.  Without torch.distributed it is the guard alone.
    """

    def __init__(
        self, guard: Watcher, *, every: int = 1, timeout_s: float = 60.0, ranks: Ranks | None = None
    ) -> None:
        self.guard, self.every, self.ranks = guard, max(1, every), ranks or Ranks(n_names=len(NAMES))
        self.odd: list[OddRank] = []
        self.wall, self.door, self.is_off, self.act = Wall(), Wall(), False, guard.act
        self.is_alone = not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1)
        self.rank = 0 if self.is_alone else dist.get_rank()
        self._n_calls = 0
        self._own: list[list[float]] = [[] for _ in NAMES]
        if not self.is_alone:
            self.group = dist.new_group(backend="gloo", timeout=timedelta(seconds=timeout_s))
            self.act = bool(self._exchanged(lambda: self._sent(np.array([guard.act], np.uint8))[0], 0))

    def before_step(
        self, grad_norm: float | None = None, loss: float | None = None, loss_scale: float | None = None
    ) -> bool:
        """Whether every rank may apply this update, as rank 0's guard says; True where the guard only advises."""
        if self.is_off:
            return True
        may = self.rank != 0 or self.wall.call(
            lambda: self.guard.before_step(number(grad_norm), number(loss), number(loss_scale)), True
        )
        if self.is_alone or not self.act:
            return may
        return bool(self._exchanged(lambda: self._sent(np.array([may], np.uint8))[0], 1))

    def observe(self, step: int, **signals: Any) -> Action:
        """What every rank is to do after the backward pass of `step`.

        `loss` and `grad_norm` of the ranks are averaged for the guard; other signals are those of rank 0.
        """
        nothing: Action = Continue()
        if self.is_off:
            return nothing
        if self.is_alone:
            return self.wall.call(lambda: self.guard.observe(step, **signals), nothing)
        self._n_calls += 1
        for own, name in zip(self._own, NAMES, strict=True):
            value = number(signals.get(name))
            own += [] if value is None else [value]
        if self._n_calls % self.every:
            return nothing
        return self._exchanged(lambda: self._decided(step, signals), nothing)

    def saved(self, step: int) -> None:
        """A checkpoint of every rank: rank 0's guard knows of it."""
        if self.rank == 0:
            self.guard.saved(step)

    def forgotten(self, step: int) -> None:
        """That checkpoint is there no more."""
        if self.rank == 0:
            self.guard.forgotten(step)

    def close(self) -> None:
        """The training is over.  The group ends with the training's own."""
        if isinstance(self.guard, Guard):
            self.guard.close()

    def _decided(self, step: int, signals: dict[str, Any]) -> Action:
        """Rank 0's decision on the values of all; a rank that does not hear of it keeps all others from acting."""
        table = self._gathered()
        nothing: Action = Continue()
        action = nothing
        if self.rank == 0:
            action = self.wall.call(lambda: self._decide(step, signals, table), nothing)
        action = unpacked(self._sent(packed(action)))
        if not isinstance(action, Continue):
            self._sum(np.ones(1))
        return action

    def _decide(self, step: int, signals: dict[str, Any], table: np.ndarray[Any, Any]) -> Action:
        """`table`: float64[ranks, 2 * names], values and whether they are there."""
        for i, name in enumerate(NAMES):
            values = table[table[:, i + len(NAMES)] > 0.0, i]
            if values.size:
                signals = {**signals, name: float(values.mean())}
            if values.size == len(table):
                self._name(self.ranks.observe(step, name, values))
        return self.guard.observe(step, **signals)

    def _name(self, odd: list[OddRank]) -> None:
        for one in odd:
            _log.warning("%s", one)
        self.odd += odd

    def _gathered(self) -> np.ndarray[Any, Any]:
        means = [sum(own) / len(own) if own else 0.0 for own in self._own]
        row = torch.tensor(means + [float(bool(own)) for own in self._own], dtype=torch.float64)
        self._own = [[] for _ in NAMES]
        rows = [torch.empty_like(row) for _ in range(dist.get_world_size())]
        dist.all_gather(rows, row, group=self.group)
        return np.asarray(torch.stack(rows))

    def _sent(self, row: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Rank 0's row, on every rank."""
        assert row.size <= SIZE
        sent = torch.from_numpy(row.copy())
        dist.broadcast(sent, src=0, group=self.group)
        return np.asarray(sent)

    def _sum(self, row: np.ndarray[Any, Any]) -> None:
        dist.all_reduce(torch.from_numpy(row), group=self.group)

    def _exchanged(self, do: Callable[[], Answer], otherwise: Answer) -> Answer:
        """What an exchange gives; one that fails is the last one."""
        answer = self.door.call(do, otherwise)
        if self.door.faults:
            self.is_off = True
            _log.warning("rank %d: an exchange failed, the guard is off here from now on", self.rank)
        return answer


def shared(guard: Watcher) -> Watcher:
    """The guard as all processes share it; itself where it already is shared, or where there is one process."""
    if isinstance(guard, Together):
        return guard
    together = Together(guard)
    return guard if together.is_alone else together


def number(value: Any) -> float | None:
    """The value as a float; None where it is none."""
    if value is None or isinstance(value, float):
        return value
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError):  # a string, a tensor of many elements
        return None
