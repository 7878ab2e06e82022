"""Where a finding lies in its run, and how near counts as near."""

from dataclasses import dataclass

from descentry.patterns.protocol import View
from descentry.record.finding import Finding
from descentry.record.roles import Role


@dataclass(frozen=True, slots=True)
class Span:
    """`onset` to `end` of a finding inside a run that goes from `first` to `last`.

    `spacing`: steps between two logged points of its curve; `tolerance`: steps within which two things happen
    together, 1 % of the run or three points.
    """

    curve: str
    onset: int
    end: int
    first: int
    last: int
    spacing: float
    tolerance: float


def span_of(finding: Finding, view: View) -> Span:
    """The span of a finding.  A curve without finite values is measured by the run's other curves."""
    shape = view.shapes.get(finding.curve)
    if shape is None or not len(shape):
        shape = view.shape(Role.LEARNING_RATE) or view.shape(Role.GRAD_NORM)
    first = shape.first_step if shape is not None else finding.onset_step
    last = max(view.step, finding.onset_step)
    n_points = shape.n_points if shape is not None else 1
    spacing = (last - first) / max(1, n_points)
    end = finding.end_step if finding.end_step is not None else last
    tolerance = max(0.01 * (last - first), 3.0 * spacing)
    return Span(finding.curve, finding.onset_step, end, first, last, max(1.0, spacing), tolerance)
