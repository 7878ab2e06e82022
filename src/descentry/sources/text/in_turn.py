"""Lines of several known shapes in turn (training, validation, training, …), read together as columns."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from descentry.sources.text.clock import UNKNOWN, Clock
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.plan import Kind
from descentry.sources.text.position import Position
from descentry.sources.text.shapes import FEW, MANY, Shape, floats
from descentry.sources.text.stray import tells
from descentry.sources.text.table import Sink

LONG = 48
"""So many lines of one shape in a row are read as columns at once."""
Place = Callable[[int], int]
"""Which line of the log an index is of."""
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

    def run(
        self,
        shapes: Sequence[Shape],
        is_free: Callable[[Shape], bool],
        lines: list[str],
        start: int,
        place: Place,
    ) -> int:
        """Reads lines from `start` while each is of one of these shapes; how many
        that were.  Those that are not free are read one by one, and end it where they change which are."""
        free = list(map(is_free, shapes))
        which, cells = _matched(shapes, lines, start)
        parts = [_Part(shape, its, self._clock) for shape, its in zip(shapes, cells, strict=True)]
        nexts = [
            self._next_step(part) if its_free else None for part, its_free in zip(parts, free, strict=True)
        ]
        done = 0
        for at in which:
            next_step = nexts[at]
            if next_step is None:
                self._alone(parts[at], place(start + done))
                done += 1
                if list(map(is_free, shapes)) != free:
                    break
                continue
            step = next_step()
            if step is None:
                break
            self._placing.last = step
            self._put(parts[at], step)
            done += 1
        self._saw()
        return done

    def _put(self, part: "_Part", step: int) -> None:
        """Hands a line to the table."""
        if part.names:
            wall, values = next(part.values)
            points = dict(zip(part.names, values, strict=True))
            self._table.add(step, points, wall, is_counted=part.is_counted)

    def _alone(self, part: "_Part", number: int) -> None:
        """Reads a line that the lines before decide about."""
        self._saw()
        wall, numbers = next(part.spelled)
        if part.shape.plan.kind is Kind.HEADER:
            self._gathering.header(part.shape.plan, numbers)
        else:
            self._gathering.row(part.shape.plan, numbers, wall, number)

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


class _Part:
    """The lines of one shape, as columns.  `values` and `spelled`: of line after line, behind its wall time."""

    def __init__(self, shape: Shape, cells: list[str], clock: Clock) -> None:
        n_groups = shape.match.groups
        self.shape = shape
        self.names = shape.plan.names
        self.is_counted = shape.is_counted
        self._columns = [cells[at::n_groups] for at in range(n_groups)]
        self._clock = clock
        self.values = self._values() if shape.is_plain else iter(())
        self.spelled = self._spelled()

    def wholes(self, at: int) -> Iterator[int]:
        """The whole numbers in a group, line by line."""
        return map(int, self._columns[at])

    def _walls(self) -> Iterator[float]:
        if not self.shape.has_moment:
            return repeat(UNKNOWN)
        return map(self._clock.seconds, zip(*self._columns[:3], strict=True))

    def _values(self) -> Iterator[tuple[float, tuple[float, ...]]]:
        values = [floats(self._columns[at], scale) for _, at, scale in self.shape.series]
        return zip(self._walls(), zip(*values, strict=True), strict=False)

    def _spelled(self) -> Iterator[tuple[float, list[str]]]:
        for wall, groups in zip(self._walls(), zip(*self._columns, strict=True), strict=False):
            yield wall, self.shape.numbers(groups)


def _matched(shapes: Sequence[Shape], lines: list[str], start: int) -> tuple[list[int], list[list[str]]]:
    """The shape of each line, and the groups of the lines of each shape, until many in a row are alike."""
    matches = [shape.match.fullmatch for shape in shapes]
    after = [0] * len(shapes)
    which: list[int] = []
    cells: list[list[str]] = [[] for _ in shapes]
    at = n_alike = 0
    for line in _some(lines, start):
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
        n_alike = n_alike + 1 if at == before else 1
        if n_alike == LONG:
            break
    return which, cells


def _some(lines: list[str], start: int) -> Iterator[str]:
    """Some lines from `start`: most runs are short."""
    yield from lines[start : start + FEW]
    yield from lines[start + FEW : start + MANY]
