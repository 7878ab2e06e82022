"""Drives every detector over a log, chunk by chunk: the one code path of finished and live runs."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from time import sleep

import numpy as np

from descentry.patterns.protocol import Detector, PointDetector, ShapeDetector, View
from descentry.patterns.registry import at_rate
from descentry.patterns.registry import detectors as all_detectors
from descentry.record.chunk import Chunk
from descentry.record.event import Event, merged
from descentry.record.finding import Finding
from descentry.record.roles import MANY_ROLES, Role
from descentry.signal.shape import Shape
from descentry.stream.clock import PACE, Clock
from descentry.stream.delay import Pace, with_delays
from descentry.stream.derive import Derived, plan
from descentry.stream.gaps import Gaps
from descentry.stream.leads import explained
from descentry.stream.lives import Change, Lives
from descentry.stream.naming import Naming
from descentry.stream.outcome import Outcome
from descentry.stream.segments import Segmenter
from descentry.stream.track import MAX_MANY, WATCHED, Track, track, unwatched

BREATH = 1e-5
"""Seconds of sleep between two judges where other threads wait: they need not wait for the interpreter's own switch."""
N_HEAD_ROWS = 256
"""Rows in which a better name can still take over a role: every source shows its columns by then."""
MAX_EVENTS = 10_000
"""A log that is watched for weeks may be odd more often: from then on what is alike is counted together."""


class Stream:
    """The state of one run being read.  Everything in it can be pickled.

    `feed` takes the next chunk of the log and returns what changed; `so_far` is what is known by now; `end` says
    that the log is complete.
    `settings`: what the user knows of the run (`vocab_size`, `loss_function`); they overrule what the log says.
    `alarm_rate`: false alarms per healthy run, all detectors together; None leaves the detectors as they are.
    `is_polite`: other threads are let in between two judges.
    """

    def __init__(
        self,
        detectors: Sequence[Detector] | None = None,
        overrides: Mapping[str, Role] | None = None,
        settings: Mapping[str, object] | None = None,
        alarm_rate: float | None = None,
        is_polite: bool = False,
    ) -> None:
        chosen = all_detectors() if detectors is None else detectors
        if alarm_rate is not None:
            chosen = at_rate(chosen, alarm_rate)
        self._point_detectors = tuple(one for one in chosen if isinstance(one, PointDetector))
        self._shape_detectors = tuple(one for one in chosen if isinstance(one, ShapeDetector))
        self._naming = Naming(dict(overrides or {}))
        self._head: list[Chunk] | None = []
        self._events: list[Event] = []
        self._settings = dict(settings or {})
        self._config: dict[str, object] = dict(self._settings)
        self._is_polite = is_polite
        self._reset()

    def _reset(self) -> None:
        self._n_rows = 0
        self._segments = Segmenter()
        self._tracks: dict[str, Track] = {}
        self._names: dict[Role, str] = {}
        self._derived: list[Derived] = []
        self._restarts: list[int] = []
        self._gaps = Gaps()
        self._pace = Pace()
        self._silences: list[Event] = []
        self._clock = Clock()
        self._judged: dict[int, list[Finding]] = {}
        self._lives = Lives(frozenset(one.id for one in self._point_detectors))
        self._step = 0
        self._n_many = 0

    @property
    def standing(self) -> tuple[Finding, ...]:
        """What is said at present."""
        return tuple(self._lives.standing.values())

    @property
    def dated(self) -> frozenset[str]:
        """Patterns of single points, which are seen when they happen; the others are judged from time to time."""
        return self._lives.dated

    @property
    def step(self) -> int:
        """The newest step; 0 before the first."""
        return self._step

    @property
    def names(self) -> Mapping[Role, str]:
        """The curve that plays each role by now."""
        return self._names

    def shape(self, name: str) -> Shape | None:
        """The shape of one curve by now; None where there is no such curve, or no judge reads it."""
        one = self._tracks.get(name)
        return None if one is None or one.summary is None else one.summary.shape()

    def feed(self, chunk: Chunk) -> list[Change]:
        """Take the next rows of the log; what opened, changed or was resolved comes back."""
        self._note(chunk.events)
        if chunk.config:
            self._config.update({**chunk.config, **self._settings})
        if not chunk.n_rows:
            return []
        if chunk.n_rows == 1 and self._head is None:
            return self._feed(chunk)
        # Differences of values near the largest double overflow; what comes out is judged like any other value.
        with np.errstate(over="ignore", invalid="ignore"):
            return self._feed(chunk)

    def _note(self, events: Iterable[Event]) -> None:
        self._events.extend(events)
        if len(self._events) > MAX_EVENTS:
            self._events = merged(self._events)

    def _feed(self, chunk: Chunk) -> list[Change]:
        if self._head is None:
            return self._advance_grown(chunk)
        room = N_HEAD_ROWS - self._n_rows
        young = chunk if chunk.n_rows <= room else chunk.take(0, room)
        self._head.append(young)
        changes = self._advance_young(young)
        if self._n_rows >= N_HEAD_ROWS:
            self._head = None
        if chunk.n_rows > room:
            changes += self._advance_grown(chunk.take(room, chunk.n_rows))
        return changes

    def end(self) -> Outcome:
        """Judge for the last time, knowing that nothing more comes."""
        self.finish()
        return self.so_far()

    def finish(self) -> list[Change]:
        """Judge for the last time, knowing that nothing more comes; what changed by that comes back."""
        return self._judge(list(PACE), ended=True)

    def so_far(self) -> Outcome:
        """What is known at present, without a new judgement."""
        view = self._view(ended=True)
        tracks = self._tracks.values()
        first_step = min((one.tally.first_step for one in tracks), default=0)
        summaries = {one.name: one.summary for one in tracks if one.summary is not None}
        return Outcome(
            findings=with_delays(
                explained(self.standing, self._step, first_step), self._step, self._pace.hours_a_step
            ),
            curves=tuple(one.tally.summary(one.name, one.role) for one in tracks),
            shapes=view.shapes,
            roles={one.name: one.role for one in tracks},
            names=view.names,
            events=(
                *self._events,
                *self._silences,
                *(item.event() for item in self._derived),
                *unwatched(self._n_many),
            ),
            restarts=tuple(self._restarts),
            resumes=tuple(view.resumes),
            config=self._config,
            step=self._step,
            first_nonfinite={
                name: summary.first_nonfinite_step
                for name, summary in summaries.items()
                if summary.first_nonfinite_step is not None
            },
        )

    def _advance_young(self, chunk: Chunk) -> list[Change]:
        """In the head a newly seen name may change the roles: then all is read again from the start."""
        fresh = _newcomers(chunk, self._naming.roles)
        if not fresh:
            return self._advance(chunk)
        moved = self._naming.settle(fresh)
        derived = plan(self._naming)
        if moved or derived != self._derived:
            return self._replay(derived)
        return self._advance(chunk)

    def _replay(self, derived: list[Derived]) -> list[Change]:
        """Read the head anew.  What was said under the old names leaves no trace but the changes told."""
        before = self._lives
        self._reset()
        self._derived = derived
        for chunk in self._head or ():
            self._advance(chunk)
        return before.judge(self.standing, self._step)

    def _advance_grown(self, chunk: Chunk) -> list[Change]:
        """After the head: a series plays its role from its first row on, wherever the chunk begins."""
        fresh = _newcomers(chunk, self._naming.roles)
        self._welcome(fresh)
        changes: list[Change] = []
        start = 0
        # Series that no judge reads change nothing for the others: no need to stop where they begin.
        playing = [name for name in fresh if self._naming.roles[name] in WATCHED]
        for row in sorted({int(chunk.columns[name].rows[0]) for name in playing}):
            changes += self._advance(chunk.take(start, row)) if row > start else []
            start = row
        return changes + self._advance(chunk.take(start, chunk.n_rows) if start else chunk)

    def _welcome(self, names: list[str]) -> None:
        """Give the roles that are still free to series that appear after the head."""
        held = {item.role for item in self._derived}
        for name in names:
            self._naming.join(name, held)
        if names:
            self._derived += [item for item in plan(self._naming) if item.role not in held]

    def _advance(self, chunk: Chunk) -> list[Change]:
        self._n_rows += chunk.n_rows
        if chunk.wall_times is not None:
            self._silences.extend(self._gaps.take(chunk.steps, chunk.wall_times))
            self._pace.take(chunk.steps, chunk.wall_times)
        if self._derived:
            extra = {item.name: item.column(chunk) for item in self._derived}
            columns = {**chunk.columns, **{name: column for name, column in extra.items() if column}}
            chunk = Chunk(chunk.steps, columns, chunk.wall_times)
        for name in _newcomers(chunk, self._tracks):
            self._open(name)
        if chunk.n_rows == 1:
            return self._advance_one(chunk)
        changes: list[Change] = []
        for piece, opens in self._segments.split(chunk):
            if opens:
                self._restart(int(piece.steps[0]))
            changes += self._run(piece)
        return changes

    def _open(self, name: str) -> None:
        role = next((item.role for item in self._derived if item.name == name), self._naming.roles.get(name))
        has_room = role not in MANY_ROLES or self._n_many < MAX_MANY
        self._tracks[name] = track(name, role, self._point_detectors, has_room=has_room)
        self._n_many += role in MANY_ROLES
        if role is not None and self._tracks[name].summary is not None:
            self._names.setdefault(role, name)

    def _advance_one(self, chunk: Chunk) -> list[Change]:
        """The scalar form of `_advance`: one row, no arrays."""
        step = int(chunk.steps[0])
        if self._segments.take_row(chunk.columns, step):
            self._restart(step)
        self._step = step
        news = False
        self._clock.count(chunk, self._names)
        self._clock.note_one(chunk.columns, self._names)
        for name, (_rows, values) in chunk.columns.items():
            news |= self._tracks[name].push_one(step, values.item(0))
        struck = self._clock.strike()
        if struck or self._clock.is_asked:
            return self._judge(struck, ended=False)
        return self._glance() if news else []

    def _run(self, piece: Chunk) -> list[Change]:
        """Push rows up to each moment of judgement, judge, and go on."""
        changes: list[Change] = []
        while piece.n_rows:
            stop = self._clock.rows_to_next(piece, self._names)
            stop = self._clock.rows_to_haste(piece, self._names, stop)
            news = self._push(piece if stop == piece.n_rows else piece.take(0, stop))
            struck = self._clock.strike()
            if struck or self._clock.is_asked:
                changes += self._judge(struck, ended=False)
            elif news:
                changes += self._glance()
            if stop == piece.n_rows:
                break
            piece = piece.take(stop, piece.n_rows)
        return changes

    def _push(self, part: Chunk) -> bool:
        """Hand the rows to the tracks; True when a detector has something new to say."""
        self._step = int(part.steps[-1])
        self._clock.count(part, self._names)
        news = False
        for name, (rows, values) in part.columns.items():
            news |= self._tracks[name].push(part.steps[rows], values)
        return news

    def _restart(self, step: int) -> None:
        self._restarts.append(step)
        self._clock.haste.restart()
        for one in self._tracks.values():
            one.restart(step)

    def _view(self, ended: bool) -> View:
        return View(
            shapes={o.name: o.summary.shape() for o in self._tracks.values() if o.summary is not None},
            names=dict(self._names),
            step=self._step,
            restarts=tuple(self._restarts),
            ended=ended,
            config=self._config,
            roles={one.name: one.role for one in self._tracks.values()},
            resumes=self._resumes(),
            superseded={one.name: one.superseded for one in self._tracks.values() if one.superseded},
        )

    def _resumes(self) -> tuple[int, ...]:
        """The steps up to now at which the log went back, said that it was resumed, or its clock stood still."""
        told = [event.step for event in (*self._events, *self._silences) if event.kind == "resume"]
        known = [step for step in told if step is not None and step <= self._step]
        return tuple(sorted({*self._restarts, *known}))

    @np.errstate(over="ignore", invalid="ignore")
    def _judge(self, struck: list[Role], ended: bool) -> list[Change]:
        """Ask the detectors of single points, and the judges whose clock has struck or that are asked in haste."""
        view = self._view(ended)
        findings = self._point_findings(view)
        for i, detector in enumerate(self._shape_detectors):
            is_hasty = self._clock.is_asked and getattr(detector, "hastens", False)
            if is_hasty or any(role in struck for role in detector.clock):
                if self._is_polite:
                    sleep(BREATH)
                stood = tuple(self._judged.get(i, ()))
                self._judged[i] = detector.judge(replace(view, standing=tuple(findings), stood=stood))
            findings += self._judged.get(i, [])
        return self._lives.judge(findings, self._step)

    def _glance(self) -> list[Change]:
        """What point detectors say at once, between two judgements; judges stand by what they said."""
        findings = self._point_findings(self._view(ended=False))
        for i in range(len(self._shape_detectors)):
            findings += self._judged.get(i, [])
        return self._lives.judge(findings, self._step)

    def _point_findings(self, view: View) -> list[Finding]:
        return [finding for one in self._tracks.values() for finding in one.current(view)]


def _newcomers(chunk: Chunk, known: Container[str]) -> list[str]:
    """The series that are not known yet, in the order of their first rows: of appearance, however it is cut."""
    fresh = [name for name in chunk.columns if name not in known]
    return sorted(fresh, key=lambda name: int(chunk.columns[name].rows[0]))


def run(
    chunks: Iterable[Chunk],
    overrides: Mapping[str, Role] | None = None,
    settings: Mapping[str, object] | None = None,
    alarm_rate: float | None = None,
) -> Outcome:
    """Everything the stream knows about a complete log."""
    stream = Stream(overrides=overrides, settings=settings, alarm_rate=alarm_rate)
    for chunk in chunks:
        stream.feed(chunk)
    return stream.end()
