"""What a detector is: frozen parameters, explicit state, any chunking of the points gives the same findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.shape import Shape

MAX_EPOCHS = 10_000
"""More epoch boundaries than this are not told apart: nothing can be laid beside them."""


@dataclass(frozen=True, slots=True)
class Points:
    """Consecutive points of one curve, in log order, inside one segment.

    `steps` int64[n], `values` float64[n], NaN and infinities as logged.
    """

    curve: str
    role: Role
    steps: Ints
    values: Floats


@runtime_checkable
class PointDetector(Protocol):
    """Looks at every point of every curve with one of `roles`; one state per curve.

    `update` (vector form) and `update_one` (scalar form, for live single points) say the same.  Both return
    True when `current` may have changed.  `restart` tells that the log went back to `step`: `superseded`
    is what it had said from there on.
    """

    id: ClassVar[str]
    cadence: ClassVar[str]
    roles: ClassVar[frozenset[Role]]

    def init(self, curve: str, role: Role) -> Any: ...

    def update(self, state: Any, points: Points) -> bool: ...

    def update_one(self, state: Any, step: int, value: float) -> bool: ...

    def restart(self, state: Any, step: int, superseded: Shape) -> bool: ...

    def current(self, state: Any, view: "View") -> list[Finding]: ...


@dataclass(frozen=True, slots=True)
class View:
    """The run so far, as judges see it: at a moment that the count of points fixes, never their arrival.

    `shapes`: the reduction of every curve by name; `names`: the curve that plays each role, the first where
    several do; `roles`: the role of every curve; `restarts`: steps at which the log went back or began anew;
    `resumes`: those and the steps at which the log or its clock tells of a resume, in log order; `standing`: what
    the detectors before this one say at this moment; `stood`: what this one said at its last look; `superseded`: by
    name of a training loss and by the step to which the log went back, the first levels that stood from there on;
    `ended`: the log is complete.
    """

    shapes: Mapping[str, Shape]
    names: Mapping[Role, str]
    step: int
    restarts: Sequence[int] = ()
    standing: Sequence[Finding] = ()
    ended: bool = False
    config: Mapping[str, object] = field(default_factory=dict)
    roles: Mapping[str, Role | None] = field(default_factory=dict)
    resumes: Sequence[int] = ()
    stood: Sequence[Finding] = ()
    superseded: Mapping[str, Mapping[int, Floats]] = field(default_factory=dict)

    def every(self, *roles: Role) -> list[tuple[str, Shape]]:
        """Name and reduction of each curve with one of these roles, in order of appearance; empty curves left out."""
        return [
            (name, shape)
            for name, shape in self.shapes.items()
            if self.roles.get(name) in roles and len(shape)
        ]

    def shape(self, role: Role) -> Shape | None:
        """The reduction of the curve with that role, or None when there is none or it has no finite value."""
        name = self.names.get(role)
        shape = self.shapes.get(name) if name is not None else None
        return shape if shape is not None and len(shape) else None

    def epoch_steps(self) -> Floats:
        """The steps at which a new epoch begins, float64[k]; empty when the log does not tell."""
        epoch = self.shape(Role.EPOCH)
        if epoch is not None and len(epoch) > 1:
            whole = np.floor(epoch.levels + 1e-9)
            return epoch.first_steps[1:][np.diff(whole) > 0].astype(np.float64)
        length = self.config.get("batches_per_epoch", self.config.get("steps_per_epoch"))
        if not isinstance(length, int | float) or not 1 < length < self.step:
            return np.empty(0)
        return np.arange(1, int(self.step // length) + 1, dtype=np.float64)[:MAX_EPOCHS] * float(length)

    def said(self, pattern: str, curve: str | None = None) -> Finding | None:
        """The standing finding of that pattern (on that curve), or None."""
        for finding in self.standing:
            if finding.pattern == pattern and curve in (None, finding.curve):
                return finding
        return None


@runtime_checkable
class ShapeDetector(Protocol):
    """Judges the whole shape of a run so far.  A pure function of the view, so chunks cannot matter.

    `clock`: the roles whose number of points decides when to judge.  One that sets `hastens = True` is also asked
    when the training loss has just risen (stream/haste.py), and at each of the first validations.
    """

    id: ClassVar[str]
    cadence: ClassVar[str]
    clock: ClassVar[tuple[Role, ...]]

    def judge(self, view: View) -> list[Finding]: ...


Detector = PointDetector | ShapeDetector
