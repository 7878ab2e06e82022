"""A few states by step: dense near now and sparse long ago, so that the one before any onset is near."""

from typing import Generic, TypeVar

State = TypeVar("State")


class Ring(Generic[State]):
    """At most `n_kept` states (at least three): the oldest, the newest, and between those whose gaps grow with age."""

    def __init__(self, n_kept: int) -> None:
        self.n_kept = max(3, n_kept)
        self._kept: dict[int, State] = {}

    @property
    def steps(self) -> list[int]:
        """The steps that are there, rising."""
        return sorted(self._kept)

    def __getitem__(self, step: int) -> State:
        return self._kept[step]

    def keep(self, step: int, state: State) -> list[tuple[int, State]]:
        """Takes a state; those that were given up for it come back."""
        self._kept[step] = state
        given_up = []
        while len(self._kept) > self.n_kept:
            given_up += self.drop(_nearest(self.steps))
        return given_up

    def drop(self, step: int) -> list[tuple[int, State]]:
        """Gives up one state, which comes back; nothing where it is not there."""
        return [(step, self._kept.pop(step))] if step in self._kept else []

    def drop_after(self, step: int) -> list[tuple[int, State]]:
        """Gives up the later ones, which come back."""
        return [gone for later in self.steps if later > step for gone in self.drop(later)]


def _nearest(steps: list[int]) -> int:
    """Of the steps between the first and the last, the one whose gap is smallest for its age."""

    def gap(i: int) -> float:
        return (steps[i + 1] - steps[i - 1]) / (steps[-1] - steps[i] + 1)

    return steps[min(range(1, len(steps) - 1), key=gap)]
