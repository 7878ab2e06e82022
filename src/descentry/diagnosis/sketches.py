"""The curves that every picture of a run shows, reduced so that no extreme is lost."""

from collections.abc import Iterator

from descentry.record.report import Sketch
from descentry.record.roles import Role
from descentry.signal.shape import Shape
from descentry.stream.outcome import Outcome

USUAL = (Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LEARNING_RATE, Role.GRAD_NORM)
MOST = 16
"""Curves that are kept for pictures: hundreds may be named where every layer is at fault."""


def sketches(outcome: Outcome) -> Iterator[Sketch]:
    """The usual curves, the training loss first, then those that findings are about; without points: none."""
    known = {outcome.names[role]: role for role in USUAL if role in outcome.names}
    roles: dict[str, Role | None] = {curve.name: curve.role for curve in outcome.curves} | dict(known)
    named = [*known, *(finding.curve for finding in outcome.findings)]
    for name in list(dict.fromkeys(named))[:MOST]:
        shape = outcome.shapes.get(name)
        if shape is not None and len(shape):
            yield _sketch(name, roles.get(name), shape)


def _sketch(name: str, role: Role | None, shape: Shape) -> Sketch:
    return Sketch(name, role, shape.steps.astype("int64"), shape.levels, shape.low, shape.high)
