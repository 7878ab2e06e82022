"""Checkpoints to go back to: a few, dense near now and sparse long ago, in memory or in a folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from descentry.integrations.pytorch.states import copied, is_plain, random_state, set_random_state, size_of
from descentry.integrations.ring import Ring
from descentry.integrations.room import SHARE, Room, memory_left


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

    `n_kept`: at most so many, see `Ring`.  Copies lie in the CPU's memory, each as large as the
    states; or in `folder`, one file each, written whole or not at all, except for what is no tensor or plain value.
    """

    def __init__(
        self,
        parts: Mapping[str, Stateful],
        n_kept: int = 12,
        folder: str | Path | None = None,
        with_random: bool = True,
    ) -> None:
        self.parts, self.with_random = dict(parts), with_random
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._ring = Ring[_Kept](n_kept)
        self.room = Room()

    @property
    def steps(self) -> list[int]:
        """The steps that can be gone back to, rising."""
        return self._ring.steps

    def save(self, step: int) -> list[int]:
        """Keeps the state before `step` is trained; the steps that were given up for it come back.

        Without room in memory it is not kept, and older ones are given up: that is told once.

        OSError, RuntimeError: the file cannot be written; what was kept before still is.
        """
        state = {name: part.state_dict() for name, part in self.parts.items()}
        if self.with_random:
            state["random"] = random_state()
        if self.folder:
            return _forgotten(self._ring.keep(step, self._written(step, state)))
        size = size_of(state)
        given_up = self._made_room(size)
        if self.room.holds(size):
            given_up += _forgotten(self._ring.keep(step, _Kept(copied(state))))
        return given_up

    def _made_room(self, size: int) -> list[int]:
        """Gives up checkpoints, the youngest but one first, where that makes room for another."""
        given_up: list[int] = []
        n_others = max(0, len(self.steps) - 1)
        while (
            len(self.steps) > 1 and memory_left() * SHARE < size <= (memory_left() + n_others * size) * SHARE
        ):
            given_up += _forgotten(self._ring.drop(self.steps[-2]))
            n_others -= 1
        return given_up

    def load(self, step: int, put: Callable[[str, Any], None] | None = None) -> None:
        """Restores the state of `step` and gives up the later ones; `put`: called with name and state instead.

        KeyError: it is not there; OSError, RuntimeError: its file cannot be read: nothing was touched then.
        """
        state = self._ring[step].read()
        random = state.pop("random", None)
        for name, part in state.items():
            if put is None:
                self.parts[name].load_state_dict(copied(part))
            else:
                put(name, copied(part))
        if random is not None:
            set_random_state(random)
        _forgotten(self._ring.drop_after(step))

    def drop(self, step: int) -> None:
        """Gives up the checkpoint of `step`, where there is one."""
        _forgotten(self._ring.drop(step))

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


def _forgotten(given_up: list[tuple[int, _Kept]]) -> list[int]:
    """The steps of what was given up, whose files are deleted."""
    for _, kept in given_up:
        if kept.file is not None:
            kept.file.unlink(missing_ok=True)
    return [step for step, _ in given_up]
