"""Checkpoints to go back to: a few, dense near now and sparse long ago, in memory or in a folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from descentry.integrations.pytorch.states import copied, is_plain, random_state, set_random_state


class Stateful(Protocol):
    """A model, an optimizer, a scheduler, a scaler, an iterator over batches."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any, /) -> Any: ...


@dataclass
class _Kept:
    """One checkpoint: what is held in memory, and the file that holds the rest."""

    held: dict[str, Any] = field(default_factory=dict)
    file: Path | None = None

    def read(self) -> dict[str, Any]:
        """The whole state; from the file nothing but tensors and plain values is made."""
        read = torch.load(self.file, map_location="cpu", weights_only=True) if self.file else {}
        return {**self.held, **read}


class Checkpoints:
    """The states of `parts` by step, and the random states (`with_random`).

    `n_kept`: at most so many (at least three): the oldest, the newest, and of those between the ones whose gaps grow
    with their age, so that the step before any onset is near.  Copies lie in the CPU's memory, each as large as the
    states; or in `folder`, one file each, written whole or not at all, except for what is no tensor or plain value.
    """

    def __init__(
        self,
        parts: Mapping[str, Stateful],
        n_kept: int = 12,
        folder: str | Path | None = None,
        with_random: bool = True,
    ) -> None:
        self.parts, self.n_kept, self.with_random = dict(parts), max(3, n_kept), with_random
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._kept: dict[int, _Kept] = {}

    @property
    def steps(self) -> list[int]:
        """The steps that can be gone back to, rising."""
        return sorted(self._kept)

    def save(self, step: int) -> list[int]:
        """Keeps the state before `step` is trained; the steps that were given up for it come back.

        OSError, RuntimeError: the file cannot be written; what was kept before still is.
        """
        state = {name: part.state_dict() for name, part in self.parts.items()}
        if self.with_random:
            state["random"] = random_state()
        self._kept[step] = self._written(step, state) if self.folder else _Kept(copied(state))
        return self._thin()

    def load(self, step: int, put: Callable[[str, Any], None] | None = None) -> None:
        """Restores the state of `step` and gives up the later ones; `put`: called with name and state instead.

        KeyError: it is not there; OSError, RuntimeError: its file cannot be read: nothing was touched then.
        """
        state = self._kept[step].read()
        random = state.pop("random", None)
        for name, part in state.items():
            if put is None:
                self.parts[name].load_state_dict(copied(part))
            else:
                put(name, copied(part))
        if random is not None:
            set_random_state(random)
        for later in [one for one in self._kept if one > step]:
            self.drop(later)

    def drop(self, step: int) -> None:
        """Gives up the checkpoint of `step`, where there is one."""
        kept = self._kept.pop(step, None)
        if kept is not None and kept.file is not None:
            kept.file.unlink(missing_ok=True)

    def _written(self, step: int, state: Mapping[str, Any]) -> _Kept:
        assert self.folder is not None
        plain = {name: part for name, part in state.items() if is_plain(part)}
        file = self.folder / f"step-{step}.pt"
        part = file.with_suffix(".part")
        try:
            torch.save(plain, part)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return _Kept(copied({name: one for name, one in state.items() if name not in plain}), file)

    def _thin(self) -> list[int]:
        dropped = []
        while len(self._kept) > self.n_kept:
            dropped.append(_nearest(self.steps))
            self.drop(dropped[-1])
        return dropped


def _nearest(steps: list[int]) -> int:
    """Of the steps between the first and the last, the one whose gap is smallest for its age."""

    def gap(i: int) -> float:
        return (steps[i + 1] - steps[i - 1]) / (steps[-1] - steps[i] + 1)

    return steps[min(range(1, len(steps) - 1), key=gap)]
