"""Drives every detector over a log, chunk by chunk: the one code path of finished and live runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from descentry.patterns.protocol import Detector, PointDetector, Points, ShapeDetector, View
from descentry.patterns.registry import detectors as all_detectors
from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.record.finding import Finding
from descentry.record.report import CurveSummary
from descentry.record.roles import LOSS_ROLES, Role
from descentry.signal.shape import Shape
from descentry.signal.summary import Summary
from descentry.stream.derive import Derived, plan
from descentry.stream.leads import explained
from descentry.stream.lives import Change, Lives
from descentry.stream.naming import Naming
from descentry.stream.segments import Segmenter
from descentry.stream.tally import Tally

N_HEAD_ROWS = 256
"""Rows in which a better name can still take over a role: every source shows its columns by then."""
CLOCKS = {Role.TRAIN_LOSS: (12, 1.1), Role.VAL_LOSS: (4, 1.04)}
"""Judged at this many points of the role and then whenever they have grown by this factor.

A tenth more points is as late as a verdict on a shape can come; a million points are judged 120 times.
"""
_WATCHED = LOSS_ROLES | {
    Role.LEARNING_RATE, Role.GRAD_NORM, Role.LOSS_SCALE, Role.SKIPPED_STEPS, Role.EPOCH, Role.WEIGHT_NORM,
    Role.UPDATE_RATIO, Role.ACCURACY, Role.VAL_ACCURACY, Role.REWARD, Role.KL, Role.ENTROPY,
}  # fmt: skip
"""Roles whose curves are summarised for the judges; the others are only counted."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the stream hands to diagnosis at the end.

    `shapes` holds the watched curves by name, `names` the curve of each role, `restarts` the steps at which
    the log went back (in log order), `curves` the figures of every series.
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

    @property
    def view(self) -> View:
        """The complete run, as judges see it."""
        return View(self.shapes, self.names, self.step, self.restarts, self.findings, True, self.config)


class Stream:
    """The state of one run being read.  Everything in it can be pickled.

    `feed` takes the next chunk of the log and returns what changed; `end` says that the log is complete.
    """

    def __init__(
        self, detectors: Sequence[Detector] | None = None, overrides: Mapping[str, Role] | None = None
    ) -> None:
        chosen = all_detectors() if detectors is None else detectors
        self._point_detectors = tuple(one for one in chosen if isinstance(one, PointDetector))
        self._shape_detectors = tuple(one for one in chosen if isinstance(one, ShapeDetector))
        self._naming = Naming(dict(overrides or {}))
        self._head: list[Chunk] | None = []
        self._n_rows = 0
        self._events: list[Event] = []
        self._config: dict[str, object] = {}
        self._reset()

    def _reset(self) -> None:
        self._segments = Segmenter()
        self._summaries: dict[str, Summary] = {}
        self._tallies: dict[str, Tally] = {}
        self._states: dict[tuple[int, str], object] = {}
        self._watching: dict[str, list[tuple[PointDetector, object]]] = {}
        self._derived: list[Derived] = []
        self._restarts: list[int] = []
        self._lives = Lives()
        self._due = {role: n_points for role, (n_points, _factor) in CLOCKS.items()}
        self._counts = dict.fromkeys(CLOCKS, 0)
        self._step = 0

    @property
    def standing(self) -> tuple[Finding, ...]:
        """What is said at present."""
        return tuple(self._lives.standing.values())

    def feed(self, chunk: Chunk) -> list[Change]:
        """Take the next rows of the log; what opened, changed or was resolved comes back."""
        self._events.extend(chunk.events)
        self._config.update(chunk.config)
        changes: list[Change] = []
        if not chunk.n_rows:
            return changes
        if self._head is None:
            self._welcome(chunk)
            return self._advance(chunk)
        room = N_HEAD_ROWS - self._n_rows
        young, rest = (chunk, None) if chunk.n_rows <= room else (chunk.take(0, room), chunk)
        self._head.append(young)
        changes += self._advance_young(young)
        if self._n_rows >= N_HEAD_ROWS:
            self._head = None
        if rest is not None:
            old = rest.take(room, rest.n_rows)
            self._welcome(old)
            changes += self._advance(old)
        return changes

    def end(self) -> Outcome:
        """Judge for the last time, knowing that nothing more comes."""
        self._judge(ended=True)
        shapes = {name: summary.shape() for name, summary in self._summaries.items()}
        events = [*self._events, *(item.event() for item in self._derived)]
        nonfinite = {
            name: summary.first_nonfinite_step
            for name, summary in self._summaries.items()
            if summary.first_nonfinite_step is not None
        }
        roles = {name: self._role(name) for name in self._tallies}
        return Outcome(
            findings=explained(self.standing, self._step),
            curves=tuple(tally.summary(name, roles[name]) for name, tally in self._tallies.items()),
            shapes=shapes,
            roles=roles,
            names=self._names(),
            events=tuple(events),
            restarts=tuple(self._restarts),
            config=self._config,
            step=self._step,
            first_nonfinite=nonfinite,
        )

    def _advance_young(self, chunk: Chunk) -> list[Change]:
        """In the head a newly seen name may change the roles: then all is read again from the start."""
        fresh = [name for name in chunk.columns if name not in self._naming.roles]
        moved = bool(fresh) and self._naming.settle(fresh)
        derived = plan(self._naming) if fresh else self._derived
        if moved or [*derived] != self._derived:
            return self._replay(derived)
        return self._advance(chunk)

    def _replay(self, derived: list[Derived]) -> list[Change]:
        before = self._lives.standing
        self._reset()
        self._n_rows = 0
        self._derived = derived
        for chunk in self._head or ():
            self._advance(chunk)
        after, self._lives.standing = self._lives.standing, before
        return self._lives.judge(after.values(), self._step)

    def _welcome(self, chunk: Chunk) -> None:
        """Give roles to series that appear after the head, in the order of their first rows."""
        fresh = [name for name in chunk.columns if name not in self._naming.roles]
        if fresh:
            for name in sorted(fresh, key=lambda name: int(chunk.columns[name].rows[0])):
                self._naming.join([name])
            self._derived = plan(self._naming)

    def _role(self, name: str) -> Role | None:
        for item in self._derived:
            if item.name == name:
                return item.role
        return self._naming.roles.get(name)

    def _names(self) -> dict[Role, str]:
        names: dict[Role, str] = {}
        for name in self._summaries:
            role = self._role(name)
            if role is not None:
                names.setdefault(role, name)
        return names

    def _advance(self, chunk: Chunk) -> list[Change]:
        self._n_rows += chunk.n_rows
        if self._derived:
            extra = {item.name: item.column(chunk) for item in self._derived}
            columns = {**chunk.columns, **{name: column for name, column in extra.items() if column}}
            chunk = Chunk(chunk.steps, columns, chunk.wall_times)
        changes: list[Change] = []
        for piece, opens in self._segments.split(chunk):
            if opens:
                self._restart(int(piece.steps[0]))
            changes += self._run(piece)
        return changes

    def _run(self, piece: Chunk) -> list[Change]:
        """Push rows up to each moment of judgement, judge, and go on."""
        changes: list[Change] = []
        clocks = self._clock_names(piece)
        while piece.n_rows:
            stop, due = self._next_judgement(piece, clocks)
            part = piece if stop == piece.n_rows else piece.take(0, stop)
            urgent = self._push(part)
            if due:
                changes += self._judge(ended=False)
            elif urgent:
                changes += self._glance()
            if stop == piece.n_rows:
                break
            piece = piece.take(stop, piece.n_rows)
        return changes

    def _clock_names(self, piece: Chunk) -> dict[str, Role]:
        found = {}
        for name in piece.columns:
            role = self._role(name)
            if role in CLOCKS:
                found[name] = role
        return found

    def _next_judgement(self, piece: Chunk, clocks: Mapping[str, Role]) -> tuple[int, bool]:
        """Rows to push before the next judgement, and whether one is due then."""
        stop, due = piece.n_rows, False
        for name, role in clocks.items():
            if name not in piece.columns:
                continue
            rows = piece.columns[name].rows
            missing = self._due[role] - self._counts[role]
            if len(rows) >= missing:
                stop, due = min(stop, int(rows[missing - 1]) + 1), True
        return stop, due

    def _push(self, part: Chunk) -> bool:
        """Hand the rows to summaries and point detectors; True when a detector has something new to say."""
        self._step = int(part.steps[-1])
        urgent = False
        for name, (rows, values) in part.columns.items():
            role = self._role(name)
            tally = self._tallies.setdefault(name, Tally())
            if role in CLOCKS:
                self._counts[role] += len(values)
            if len(values) == 1:
                step, value = int(part.steps[rows[0]]), float(values[0])
                tally.add(step, value)
                if role in _WATCHED:
                    urgent |= self._push_one(name, role, step, value)
            else:
                steps = part.steps[rows]
                tally.extend(steps, values)
                if role in _WATCHED:
                    urgent |= self._push_many(name, role, Points(name, role, steps, values))
        return urgent

    def _push_one(self, name: str, role: Role, step: int, value: float) -> bool:
        self._summary(name, role).add(step, value)
        urgent = False
        for detector, state in self._watching[name]:
            urgent |= detector.update_one(state, step, value)
        return urgent

    def _push_many(self, name: str, role: Role, points: Points) -> bool:
        self._summary(name, role).extend(points.steps, points.values)
        urgent = False
        for detector, state in self._watching[name]:
            urgent |= detector.update(state, points)
        return urgent

    def _summary(self, name: str, role: Role) -> Summary:
        summary = self._summaries.get(name)
        if summary is None:
            summary = self._summaries[name] = Summary()
            self._watching[name] = [
                (detector, detector.init(name, role))
                for detector in self._point_detectors
                if role in detector.roles
            ]
        return summary

    def _restart(self, step: int) -> None:
        self._restarts.append(step)
        for name, summary in self._summaries.items():
            superseded = summary.shape().since(step)
            summary.rewind(step)
            for detector, state in self._watching[name]:
                detector.restart(state, step, superseded)

    def _view(self, ended: bool) -> View:
        return View(
            shapes={name: summary.shape() for name, summary in self._summaries.items()},
            names=self._names(),
            step=self._step,
            restarts=tuple(self._restarts),
            ended=ended,
            config=self._config,
        )

    def _glance(self) -> list[Change]:
        """What point detectors say at once, between two judgements; shapes keep what they said last."""
        view = self._view(ended=False)
        point_ids = {detector.id for detector in self._point_detectors}
        shapes = [finding for finding in self.standing if finding.pattern not in point_ids]
        return self._lives.judge([*self._point_findings(view), *shapes], self._step)

    def _judge(self, ended: bool) -> list[Change]:
        for role, (_n_points, factor) in CLOCKS.items():
            if self._counts[role] >= self._due[role]:
                self._due[role] = max(self._counts[role] + 1, int(np.ceil(self._counts[role] * factor)))
        view = self._view(ended)
        findings: list[Finding] = self._point_findings(view)
        for detector in self._shape_detectors:
            findings += detector.judge(replace(view, standing=tuple(findings)))
        return self._lives.judge(findings, self._step)

    def _point_findings(self, view: View) -> list[Finding]:
        findings: list[Finding] = []
        for watching in self._watching.values():
            for detector, state in watching:
                findings += detector.current(state, view)
        return findings


def run(chunks: Iterable[Chunk], overrides: Mapping[str, Role] | None = None) -> Outcome:
    """Everything the stream knows about a complete log."""
    stream = Stream(overrides=overrides)
    for chunk in chunks:
        stream.feed(chunk)
    return stream.end()
