"""Whole curves, collected where they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from descentry.record.chunk import Floats, Ints
from descentry.record.event import Event
from descentry.record.roles import Role


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One series of a run, as logged: order and duplicates kept.

    `steps` int64[n], `values` float64[n] (NaN and infinities as logged), `wall_times` float64[n] or None.
    The arrays are read-only.
    """

    name: str
    role: Role | None
    steps: Ints
    values: Floats
    wall_times: Floats | None = None

    def __post_init__(self) -> None:
        for array in (self.steps, self.values, self.wall_times):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A training run: an id, its curves by name, settings, what was noticed, and where it came from."""

    run: str
    format: str
    path: str
    curves: Mapping[str, Curve]
    config: Mapping[str, object] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    def by_role(self, role: Role) -> Curve | None:
        """The first curve with that role, or None."""
        return next((curve for curve in self.curves.values() if curve.role == role), None)

    if TYPE_CHECKING:  # attached by `descentry.pictures`, for type checkers alone

        def plot(self, **options: Any) -> Any: ...
        def to_pandas(self) -> Any: ...
