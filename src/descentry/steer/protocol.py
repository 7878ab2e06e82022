"""What a training loop sees of whatever steers it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, SupportsFloat

from descentry.record.event import Event

Losses = Mapping[str, SupportsFloat]
"""The loss of each domain or task, by name: anything that `float()` takes, a tensor of one value too."""
State = dict[str, Any]
"""Plain data that JSON can hold: dicts with string keys, lists, strings, finite numbers, booleans, None."""


class Weigher(Protocol):
    """Weights by name, from losses by name."""

    @property
    def weights(self) -> dict[str, float]:
        """A new dict: a weight above 0 for each name known so far.  For sampling they sum to 1."""
        ...

    @property
    def events(self) -> Sequence[Event]:
        """What was odd in the losses so far, each kind once for each name, in order."""
        ...

    def observe(self, step: int, losses: Losses) -> dict[str, float]:
        """The weights, after these losses were taken in.  Losses that are missing or not finite change nothing."""
        ...

    def state_dict(self) -> State:
        """All that the weights to come hang on."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken.  Raises UsageError for a state of another kind, or a torn one."""
        ...


class Pacer(Protocol):
    """How much of a set that is sorted by difficulty stands open."""

    @property
    def share(self) -> float:
        """Above 0, at most 1; it never falls."""
        ...

    @property
    def events(self) -> Sequence[Event]:
        """What was odd in the losses so far."""
        ...

    def observe(self, step: int, losses: Losses) -> float:
        """The share, after this step."""
        ...

    def state_dict(self) -> State:
        """All that the shares to come hang on."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken."""
        ...
