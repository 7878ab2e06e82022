"""Checkpoints to go back to: a few, dense near now and sparse long ago, in memory or in a folder."""

import copy
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch


class Stateful(Protocol):
    """A model, an optimizer, a scheduler, a scaler, an iterator over batches."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any) -> Any: ...


class Checkpoints:
    """The states of `parts` by step.

    `n_kept`: at most so many (at least three): the oldest, the newest, and of those between the ones whose gaps grow
    with their age, so that the step before any onset is near.  `folder`: files there instead of copies in memory,
    written whole or not at all.
    """

    def __init__(
        self, parts: Mapping[str, Stateful], n_kept: int = 12, folder: str | Path | None = None
    ) -> None:
        self.parts, self.n_kept = dict(parts), max(3, n_kept)
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._kept: dict[int, Any] = {}

    @property
    def steps(self) -> list[int]:
        """The steps that can be gone back to, rising."""
        return sorted(self._kept)

    def save(self, step: int) -> list[int]:
        """Keeps the state before `step` is trained; the steps that were given up for it come back."""
        state = {name: part.state_dict() for name, part in self.parts.items()} | {"random": _random_state()}
        if self.folder is None:
            self._kept[step] = copy.deepcopy(state)
        else:
            self._kept[step] = self.folder / f"step-{step}.pt"
            part = self._kept[step].with_suffix(".part")
            torch.save(state, part)
            part.replace(self._kept[step])
        return self._thin()

    def load(self, step: int) -> None:
        """Restores the state of `step` and gives up the later ones.  KeyError: it is not there."""
        kept = self._kept[step]
        state = torch.load(kept, weights_only=False) if isinstance(kept, Path) else copy.deepcopy(kept)
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        _set_random_state(state["random"])
        for later in [one for one in self._kept if one > step]:
            self._drop(later)

    def _thin(self) -> list[int]:
        dropped = []
        while len(self._kept) > self.n_kept:
            steps = self.steps
            now = steps[-1]
            gaps = [(steps[i + 1] - steps[i - 1]) / (now - steps[i] + 1) for i in range(1, len(steps) - 1)]
            dropped.append(steps[1 + int(np.argmin(gaps))])
            self._drop(dropped[-1])
        return dropped

    def _drop(self, step: int) -> None:
        kept = self._kept.pop(step)
        if isinstance(kept, Path):
            kept.unlink(missing_ok=True)


def _random_state() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def _set_random_state(state: Mapping[str, Any]) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
