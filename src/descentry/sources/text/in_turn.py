"""Lines of several known shapes in turn (training, validation, training, …), read together as columns."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from descentry.sources.text.clock import UNKNOWN, Clock
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.plan import Kind
from descentry.sources.text.position import Position
from descentry.sources.text.shapes import MANY, Shape, floats
from descentry.sources.text.stray import tells
from descentry.sources.text.table import Sink

NextStep = Callable[[], int | None]
"""The step of the next line of a shape; None where it is too large for one."""


class InTurn:
    """Reads what `Quick` knows.  None of its lines changes which shapes may be read so."""

    def __init__(self, gathering: Gathering, position: Position, table: Sink, clock: Clock) -> None:
        self._gathering = gathering
        self._placing = gathering.placing
        self._position = position
        self._table = table
        self._clock = clock
        self._said: list[int] = []

    def run(self, shapes: Sequence[Shape], lines: list[str], start: int) -> int:
        """Reads lines from `start` while each is of one of these shapes; how many that were."""
        which, cells = _matched(shapes, lines, start)
        if not which:
            return 0
        parts = [_Part(shape, its, self._clock) for shape, its in zip(shapes, cells, strict=True)]
        steps = self._steps(parts, which)
        self._gather(parts, which, steps)
        return len(steps)

    def _steps(self, parts: list["_Part"], which: list[int]) -> list[int]:
        """The step of each line, up to the first that is too large for one."""
        nexts = [self._next_step(part) for part in parts]
        steps: list[int] = []
        for at in which:
            step = nexts[at]()
            if step is None:
                break
            self._placing.last = step
            steps.append(step)
        self._saw()
        return steps

    def _next_step(self, part: "_Part") -> NextStep:
        shape = part.shape
        if shape.plan.kind is Kind.HEADER:
            return self._of_header(part) if shape.says_epoch else lambda: self._placing.last
        if shape.counts_epochs:
            return self._of_epoch(part)
        if shape.inner >= 0:
            return self._of_counted(part)
        if self._gathering.is_numbering:
            return lambda: self._gathering.numbers(1)[0]
        return lambda: self._placing.last

    def _of_header(self, part: "_Part") -> NextStep:
        epochs = part.wholes(part.shape.epoch)

        def step() -> int:
            self._saw()
            self._gathering.begin_epoch(next(epochs))
            return self._placing.last

        return step

    def _of_epoch(self, part: "_Part") -> NextStep:
        epochs = part.wholes(part.shape.epoch)

        def step() -> int:
            self._position.header_epoch = epoch = next(epochs)
            return epoch

        return step

    def _of_counted(self, part: "_Part") -> NextStep:
        """A step of its own, or one within an epoch, which stands in the line or above it."""
        shape, position = part.shape, self._position
        inner = part.wholes(shape.inner)
        epochs = part.wholes(shape.epoch) if shape.epoch >= 0 else None
        totals = part.wholes(shape.total) if shape.total >= 0 else None

        def step() -> int | None:
            epoch = position.epoch_above if epochs is None else next(epochs)
            if epoch is None:
                self._said.append(count := next(inner))
                return count
            total = 0 if totals is None else next(totals)
            return position.step_within(epoch, next(inner), total, is_batch=shape.plan.step < 0)

        return step

    def _saw(self) -> None:
        """Tells the position which steps stood in lines that say no epoch."""
        said = [step for i, step in enumerate(self._said) if not i or step != self._said[i - 1]]
        if said:
            self._position.saw(said)
        self._said = []

    def _gather(self, parts: list["_Part"], which: list[int], steps: list[int]) -> None:
        """Hands the lines to the table."""
        add = self._table.add
        rows = [part.rows() for part in parts]
        names = [part.names for part in parts]
        counted = [part.shape.is_counted for part in parts]
        for at, step in zip(which, steps, strict=False):
            if names[at]:
                wall, values = next(rows[at])
                add(step, dict(zip(names[at], values, strict=True)), wall, is_counted=counted[at])


class _Part:
    """The lines of one shape, as columns."""

    def __init__(self, shape: Shape, cells: list[str], clock: Clock) -> None:
        n_groups = shape.match.groups
        self.shape = shape
        self.names = shape.plan.names
        self._columns = [cells[at::n_groups] for at in range(n_groups)]
        self._clock = clock

    def wholes(self, at: int) -> Iterator[int]:
        """The whole numbers in a group, line by line."""
        return map(int, self._columns[at])

    def rows(self) -> Iterator[tuple[float, tuple[float, ...]]]:
        """The wall time and the values of each line."""
        values = [floats(self._columns[at], scale) for _, at, scale in self.shape.series]
        moments = zip(*self._columns[:3], strict=True) if self.shape.has_moment else None
        walls = repeat(UNKNOWN) if moments is None else map(self._clock.seconds, moments)
        return zip(walls, zip(*values, strict=True), strict=False)


def _matched(shapes: Sequence[Shape], lines: list[str], start: int) -> tuple[list[int], list[list[str]]]:
    """The shape of each line, and the groups of the lines of each shape."""
    matches = [shape.match.fullmatch for shape in shapes]
    after = [0] * len(shapes)
    which: list[int] = []
    cells: list[list[str]] = [[] for _ in shapes]
    at = 0
    for line in lines[start : start + MANY]:
        before, at = at, after[at]
        found = matches[at](line)
        if found is None:
            for at, match in enumerate(matches):  # noqa: B007
                found = match(line)
                if found is not None:
                    break
            else:
                break
            after[before] = at
        words = shapes[at].words
        if words and any(tells(found[i + 1]) for i in words):
            break
        which.append(at)
        cells[at] += found.groups()
    return which, cells
