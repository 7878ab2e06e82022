"""A run as a picture needs it: its series, whole or in blocks, its findings, what its settings say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Finding
from descentry.record.report import RunReport, Sketch
from descentry.record.roles import Role
from descentry.record.run import Curve, Run


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One curve: `steps` int64[n] in the log's order, `values`, `low`, `high` float64[n] (equal for single points)."""

    name: str
    role: Role | None
    steps: Ints
    values: Floats
    low: Floats
    high: Floats
    wall_times: Floats | None = None

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def is_raw(self) -> bool:
        """Whether every point is one that was logged."""
        return self.low is self.values and self.high is self.values


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A run to draw.  `findings`: each with the label that it has in every list; `config`: its settings."""

    run: str
    series: tuple[Series, ...]
    findings: tuple[tuple[str, Finding], ...] = ()
    summary: str = ""
    config: Mapping[str, object] = field(default_factory=dict)

    def by_role(self, *roles: Role) -> Series | None:
        """The first series that plays the first of the roles which is played at all, or None."""
        for role in roles:
            found = next((one for one in self.series if one.role == role and len(one)), None)
            if found is not None:
                return found
        return None


def subject(run: Run | None, report: RunReport | None, labels: Iterable[str] = ()) -> Subject:
    """What is known of a run from its curves, its report, or both (one is needed).

    `labels`: one for each of the report's findings.  What the report derived (a loss that is only logged in parts)
    stands beside the curves; the series that it judged come first.
    """
    judged = {sketch.name: sketch for sketch in report.sketches} if report is not None else {}
    curves = dict(run.curves) if run is not None else {}
    first = [_whole(curves[name], sketch.role) if name in curves else _blocks(sketch)
             for name, sketch in judged.items()]  # fmt: skip
    series = (*first, *(_whole(curve, curve.role) for name, curve in curves.items() if name not in judged))
    known = run if run is not None else report
    assert known is not None
    findings = tuple(zip(labels, report.findings, strict=True)) if report is not None else ()
    told = f"{report.verdict.upper()}: {report.summary}" if report is not None else ""
    return Subject(known.run, series, findings, told, run.config if run is not None else {})


def _whole(curve: Curve, role: Role | None) -> Series:
    return Series(curve.name, role, curve.steps, curve.values, curve.values, curve.values, curve.wall_times)


def _blocks(sketch: Sketch) -> Series:
    return Series(sketch.name, sketch.role, sketch.steps, sketch.values, sketch.low, sketch.high)


def standing(steps: Ints) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """bool[n]: which points of a log were not written anew after it went back; their steps never fall."""
    if len(steps) < 2:
        return np.ones(len(steps), bool)
    falls = np.r_[steps[1:] < steps[:-1], False]
    resumed = np.where(falls, np.r_[steps[1:], steps[-1]], np.iinfo(np.int64).max)
    lowest: Ints = np.minimum.accumulate(resumed[::-1])[::-1]
    return steps < lowest


def goings_back(steps: Ints) -> Iterator[int]:
    """The steps at which a log goes back."""
    yield from steps[1:][np.diff(steps) < 0].tolist()
