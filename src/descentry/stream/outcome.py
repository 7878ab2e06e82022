"""What the stream hands to diagnosis when a log is complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from descentry.patterns.protocol import View
from descentry.record.event import Event
from descentry.record.finding import Finding
from descentry.record.report import CurveSummary
from descentry.record.roles import Role
from descentry.signal.shape import Shape


@dataclass(frozen=True, eq=False)
class Outcome:
    """All that is known of a complete run.

    `findings`: gravest first, `explained_by` filled in; `curves`: the figures of every series; `shapes`: the
    watched curves by name; `roles`: series name -> role; `names`: the curve that plays each role;
    `restarts`: steps at which the log went back, in log order; `resumes`: those and the resumes that the log or its
    clock tells of; `first_nonfinite`: curve name -> step of its
    first NaN or infinity.
    """

    findings: tuple[Finding, ...]
    curves: tuple[CurveSummary, ...]
    shapes: Mapping[str, Shape]
    roles: Mapping[str, Role | None]
    names: Mapping[Role, str]
    events: tuple[Event, ...]
    restarts: tuple[int, ...]
    config: Mapping[str, object]
    step: int
    first_nonfinite: Mapping[str, int] = field(default_factory=dict)
    resumes: tuple[int, ...] = ()

    @property
    def view(self) -> View:
        """The complete run, as judges see it."""
        return View(
            self.shapes, self.names, self.step, self.restarts, self.findings, True, self.config, self.roles,
            self.resumes,
        )  # fmt: skip
