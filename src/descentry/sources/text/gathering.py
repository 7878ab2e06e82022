"""Planned lines to rows: what the counters, the context and the lines before make of a line's numbers."""

from collections.abc import Iterable

from descentry.sources.notes import Notes, quoted
from descentry.sources.text.config import Config
from descentry.sources.text.mllog import MlEvent
from descentry.sources.text.odd import is_odd
from descentry.sources.text.placing import Placing
from descentry.sources.text.plan import Plan
from descentry.sources.text.position import Position
from descentry.sources.text.table import Points
from descentry.sources.text.tokens import value, whole
from descentry.sources.text.vocabulary import SPLIT_WORDS, is_metric, is_train_loss, is_valish, tokens

MAX_NAMES = 4096
_ABOUT_TRAINING = frozenset({"scale", "lr", "score", "reward", "throughput", "time", "samplespersec"})
"""Last words of names that a validation above them says nothing about."""


class Gathering:
    """Keeps what lines mean to the lines after them, and hands each line's points to `placing`."""

    def __init__(self, placing: Placing, position: Position, notes: Notes, config: Config) -> None:
        self.context = ""
        self.placing = self._placing = placing
        self._position = position
        self._notes = notes
        self._config = config
        self._fine_names: set[str] = set()
        self._told_apart: set[str] = set()
        self._has_inline_epochs = False
        self._has_fine_loss = False
        self._n_numbered = 0
        self._n_events = 0
        self._validated = ""
        self._twins: dict[tuple[str, ...], int] = {}

    def epoch_above(self) -> int | None:
        """The epoch of the newest header, in a log without finer lines; None otherwise."""
        return self._position.header_epoch if self.are_epochs_rows else None

    def header(self, plan: Plan, numbers: list[str]) -> None:
        """A line of counters alone."""
        self._config.note_totals(plan, numbers)
        if plan.is_heading:
            self._heading(plan, numbers)
        if plan.step >= 0 or plan.is_heading:
            return
        epoch = whole(numbers[plan.epoch])
        if epoch is not None:
            self.begin_epoch(epoch, plan.context if plan.context in ("validation", "test") else "")

    def begin_epoch(self, epoch: int, context: str = "") -> None:
        """The lines below are of this epoch, and about that context."""
        self._position.header_epoch = epoch
        self.context = context
        if self.are_epochs_rows:
            self._placing.header(epoch)

    @property
    def are_epochs_rows(self) -> bool:
        """Whether nothing finer than epochs was counted."""
        return not (self._position.is_fine or self._n_numbered)

    def _heading(self, plan: Plan, numbers: list[str]) -> None:
        """The lines below belong to this step."""
        step = self._position.fine_step(plan, numbers)
        if step is not None:
            self._position.is_fine = True
            self.context = ""
            self._placing.header(step)

    def event(self, event: MlEvent, line: int) -> None:
        """An event of MLPerf.  Where nothing but fractions of epochs is counted, evaluations are."""
        self._config.add(event.config)
        if not event.points:
            return
        step = event.step
        if step is None and self._placing.has_begun and not self._n_events:
            self._placing.uncounted(event.points, event.wall)
            return
        if step is None:
            message = f"`{event.counter}` holds fractions: the rows are numbered from 0"
            self._notes.add("missing_step", message, line)
            step = self._n_events
            self._n_events += 1
        self._position.is_fine = True
        has_loss = any(map(is_train_loss, event.points))
        self._placing.counted(step, event.points, event.wall, event.counter, has_loss=has_loss)

    def row(self, plan: Plan, numbers: list[str], wall: float, line: int) -> None:
        """A line with points."""
        self._config.note_totals(plan, numbers)
        points = self._points(plan, numbers, line)
        if not points:
            return
        if plan.step >= 0 or plan.batch >= 0:
            self._fine(plan, numbers, points, wall, line)
        elif plan.epoch >= 0:
            self._epoch(plan, numbers, points, wall, line)
        else:
            self._uncounted(plan, points, wall, line)

    def _points(self, plan: Plan, numbers: list[str], line: int) -> Points:
        """The line's values by name; what is no number is told and left out."""
        points: Points = {}
        over = dict(plan.over) if plan.over else {}
        for name, at, scale in zip(plan.names, plan.where, plan.scales, strict=True):
            number = value(numbers[at]) * scale
            if at in over:
                whole_set = value(numbers[over[at]])
                number = number / whole_set if whole_set else float("nan")
            if number != number and is_odd(numbers[at]):
                message = f"{name}: {quoted(numbers[at])} is no number, left out"
                self._notes.add("bad_value", message, line)
            else:
                points[name] = number
        return self._once(plan, points) if plan.repeats else points

    def _once(self, plan: Plan, points: Points) -> Points:
        """The values without those that the line says again.  Two that have differed once are two series."""
        for name, first in plan.repeats:
            if name in self._told_apart or name not in points or first not in points:
                continue
            one, other = points[name], points[first]
            if one == other or (one != one and other != other):
                points = {its: value for its, value in points.items() if its != name}
            elif len(self._told_apart) < MAX_NAMES:
                self._told_apart.add(name)
        return points

    def _no_step(self, spelling: str, line: int) -> None:
        message = f"{quoted(spelling)} is no step: the values of its line were left out"
        self._notes.add("bad_value", message, line)

    def _fine(self, plan: Plan, numbers: list[str], points: Points, wall: float, line: int) -> None:
        if plan.step < 0 and plan.epoch < 0 and self._has_inline_epochs:
            self._placing.uncounted({f"evaluation batch {name}": v for name, v in points.items()}, wall)
            return
        if self._is_validating(plan, numbers):
            self._placing.uncounted(points, wall)
            return
        step = self._position.fine_step(plan, numbers)
        if step is None:
            self._no_step(numbers[plan.step if plan.step >= 0 else plan.batch], line)
            return
        if plan.is_twin:
            points = self._twin(plan, step, points)
        self._has_inline_epochs |= plan.epoch >= 0
        self._position.is_fine = True
        self._note_fine(plan.names)
        self._has_fine_loss |= plan.has_train_loss
        self.context = ""
        self._placing.counted(step, points, wall, plan.family, has_loss=plan.has_train_loss)

    def _is_validating(self, plan: Plan, numbers: list[str]) -> bool:
        """Whether the line is of a validation that counts its own batches, at the end of an epoch's training."""
        if not plan.is_validation_batch:
            self._validated = ""
            return False
        epoch = numbers[plan.epoch] if plan.epoch >= 0 else ""
        if self._validated != f"{epoch}." and not (
            self._has_fine_loss and self._position.falls_back(plan, numbers)
        ):
            return False
        self._validated = f"{epoch}."
        return True

    def _twin(self, plan: Plan, step: int, points: Points) -> Points:
        """Two engines print one line at one step: the second one's series get names of their own."""
        if self._twins.get(plan.names) == step:
            return {f"{name} (2)": v for name, v in points.items()}
        if len(self._twins) < MAX_NAMES:
            self._twins[plan.names] = step
        return points

    def _epoch(self, plan: Plan, numbers: list[str], points: Points, wall: float, line: int) -> None:
        spelling = numbers[plan.epoch]
        epoch = whole(spelling)
        if is_odd(spelling):
            self._no_step(spelling, line)
            return
        if epoch is None or "." in spelling:
            self._uncounted(plan, {**points, "epoch": value(spelling)}, wall, line)
            return
        self._position.header_epoch = epoch
        self.context = ""
        if self._position.is_fine or self._n_numbered:
            end = self._position.end_of(epoch) if plan.is_end else None
            if end is not None and end > self._placing.last:
                self._placing.header(end)
            self._placing.uncounted({self._summary_name(name): v for name, v in points.items()}, wall)
        else:
            self._placing.counted(epoch, points, wall, "epoch", has_loss=plan.has_train_loss)

    def _summary_name(self, name: str) -> str:
        """The name of an epoch's figure where lines within the epoch have one like it."""
        is_rival = name.lower() in self._fine_names or (self._has_fine_loss and is_train_loss(name))
        return f"epoch {name}" if is_rival and not is_valish(name) else name

    def _uncounted(self, plan: Plan, points: Points, wall: float, line: int) -> None:
        if self.context:
            points = {self._in_context(name): v for name, v in points.items()}
        if not self._placing.has_begun or self._n_numbered:
            if plan.has_train_loss and not self.context:
                self._numbered(points, wall, line)
                return
            if not (
                self._placing.has_begun or self._placing.is_waiting or plan.has_val or "loss_scale" in points
            ):
                return
        if (
            plan.is_single
            and not any(map(is_metric, points))
            and all(v.is_integer() for v in points.values())
        ):
            return
        self._placing.uncounted(points, wall)

    def _in_context(self, name: str) -> str:
        if is_valish(name) or not SPLIT_WORDS.isdisjoint(tokens(name)) or tokens(name)[-1] in _ABOUT_TRAINING:
            return name
        return f"{self.context} {name}"

    def _numbered(self, points: Points, wall: float, line: int) -> None:
        """A row of a log that prints no step: its own number among such rows."""
        if not self._n_numbered:
            self._notes.add("missing_step", "no step is printed: rows are numbered from 0", line)
        (step,) = self.numbers(1)
        self._has_fine_loss = True
        self._note_fine(points)
        self._placing.counted(step, points, wall, "", has_loss=True)

    @property
    def is_numbering(self) -> bool:
        """Whether the next row without a counter gets its own number, and keeps the names of its series."""
        return self._n_numbered > 0 and not self.context

    @property
    def is_following(self) -> bool:
        """Whether rows without a counter belong to the newest step, under the names of their series."""
        return not (self._n_numbered or self.context)

    def numbers(self, n: int) -> range:
        """The numbers of the next n rows."""
        first = self._n_numbered
        self._n_numbered += n
        return range(first, first + n)

    def _note_fine(self, names: Iterable[str]) -> None:
        if len(self._fine_names) < MAX_NAMES:
            self._fine_names.update(name.lower() for name in names)
