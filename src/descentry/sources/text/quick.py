"""The quick way through runs of lines of one shape: one compiled expression a line, columns at the end."""

from typing import NamedTuple

from descentry.sources.text.clock import Clock
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.in_turn import InTurn, Place
from descentry.sources.text.plan import Kind, Plan
from descentry.sources.text.position import Position
from descentry.sources.text.shapes import Outline, Shape, cells_of, floats, outline_of, shape_of
from descentry.sources.text.stray import masked, n_silent, tells
from descentry.sources.text.table import Sink
from descentry.sources.text.tokens import HOLE

WORTH_IT = 3
"""So often a shape is seen before its expression is made."""
ENOUGH = 8
"""So many lines that differ in words which tell nothing must have one plan."""
MAX_SHAPES = {(False, True): 16, (False, False): 8, (True, True): 8, (True, False): 8}
"""Shapes that are kept: those with words of any spelling, and those that are read as columns, by themselves."""
MAX_SEEN = 1024
SHORT = 4
"""A run of so few lines is read together with the lines of other shapes behind it."""

SOME = 256
"""Lines of a shape with any words that are tried at once: the first word that tells something ends them."""


class Evidence(NamedTuple):
    """What lines that differ in their words alone have said: their plan, None where they differ."""

    plan: Plan | None
    n: int
    last: str


class Quick:
    """Knows the shapes of plain lines: a counter of steps, of epochs, or of batches within epochs, and values.

    So are lines with a loss and no counter, once rows are numbered, or below those that are counted; and those
    that say the epoch of the lines below.
    """

    def __init__(self, gathering: Gathering, position: Position, table: Sink, clock: Clock) -> None:
        self._gathering = gathering
        self._placing = gathering.placing
        self._position = position
        self._table = table
        self._clock = clock
        self._n_seen: dict[str, int] = {}
        self._evidence: dict[str, Evidence] = {}
        self._shapes: list[Shape] = []
        self._is_known = False
        self._in_turn = InTurn(gathering, position, table, clock)

    def learn(self, text: str, plan: Plan, numbers: list[str], *, is_tabled: bool = False) -> None:
        """A line with that plan, for those numbers, was read the long way.  `is_tabled`: as the row of a table."""
        if self._is_known or plan.is_heading or plan.is_broken:
            return
        outline = outline_of(text, numbers)
        if outline is None:
            return
        key = outline.key
        if len(self._n_seen) >= MAX_SEEN:
            self._n_seen.clear()
        self._n_seen[key] = self._n_seen.get(key, 0) + 1
        if self._n_seen[key] == WORTH_IT:
            self._add(shape_of(outline, plan, text)._replace(is_tabled=is_tabled))
        elif not is_tabled:
            self._learn_words(outline, plan, text)

    def drop_tables(self) -> None:
        """Rows of tables mean something else now."""
        self._shapes = [shape for shape in self._shapes if not shape.is_tabled]
        self._n_seen.clear()

    def _learn_words(self, outline: Outline, plan: Plan, text: str) -> None:
        """Makes a shape with words of any spelling, once enough lines that differ in those said the same."""
        skeleton = HOLE.join(map(masked, outline.skeleton.split(HOLE)))
        if skeleton == outline.skeleton:
            return
        key = outline._replace(skeleton=skeleton).key
        if len(self._evidence) >= MAX_SEEN:
            self._evidence.clear()
        known = self._evidence.get(key, Evidence(plan, 0, ""))
        same = known.plan if known.plan == plan else None
        n = known.n + (outline.skeleton != known.last)
        self._evidence[key] = Evidence(same, n, outline.skeleton)
        if same is not None and n == ENOUGH:
            self._add(shape_of(outline, plan, text, is_loose=True))

    def _add(self, shape: Shape) -> None:
        """Keeps a shape, where there is room for one of its kind, instead of those that it stands for."""
        shapes = [its for its in self._shapes if its.words or not its.stands_for(shape)]
        kind = bool(shape.words), shape.is_plain
        if sum((bool(its.words), its.is_plain) == kind for its in shapes) < MAX_SHAPES[kind]:
            self._shapes = [*shapes, shape]

    def run(self, lines: list[str], start: int, place: Place) -> int:
        """Reads as many lines of known shapes as follow each other from `start`; how many that were.

        `place`: which line of the log an index is of.
        """
        line = lines[start]
        self._is_known = False
        for i, shape in enumerate(self._shapes):
            if shape.match.fullmatch(line):
                self._is_known = True
                if self._is_free(shape):
                    if i:
                        self._shapes.insert(0, self._shapes.pop(i))
                    done = self._rows(shape, lines, start)
                    return self._with_rest(done, lines, start, place)
                return self._with_rest(self._one_by_one(shape, lines, start, place), lines, start, place)
        return 0

    def _one_by_one(self, shape: Shape, lines: list[str], start: int, place: Place) -> int:
        """Reads lines of one shape of which the lines before decide what each means."""
        match, plan = shape.match.fullmatch, shape.plan
        for i in range(start, len(lines)):
            found = match(lines[i])
            if found is None or any(tells(found[at + 1]) for at in shape.words):
                return i - start
            if plan.kind is Kind.HEADER:
                self._gathering.header(plan, shape.numbers(found.groups()))
            else:
                wall = self._clock.seconds((found[1], found[2], found[3])) if shape.has_moment else NAN
                self._gathering.row(plan, shape.numbers(found.groups()), wall, place(i))
            if self._is_free(shape):
                return i - start + 1
        return len(lines) - start

    def _with_rest(self, done: int, lines: list[str], start: int, place: Place) -> int:
        """How many lines were read when those of several shapes in turn, behind a short run, were, too."""
        at = start + done
        if not 0 < done < SHORT or len(self._shapes) < 2 or at >= len(lines) or self._gathering.context:
            return done
        return done + self._in_turn.run(self._shapes, self._is_free, lines, at, place)

    def _is_free(self, shape: Shape) -> bool:
        """Whether lines of that shape go straight to the table now."""
        if not shape.is_plain:
            return False
        if shape.plan.kind is Kind.HEADER:
            return True
        if shape.counts_epochs:
            return self._gathering.are_epochs_rows and self._placing.is_quick("epoch")
        if shape.inner < 0 and self._gathering.is_numbering:
            return shape.plan.has_train_loss and self._placing.is_quick("")
        if shape.inner < 0:
            return self._gathering.is_following and self._placing.is_following
        return self._placing.is_quick(shape.plan.family)

    def _rows(self, shape: Shape, lines: list[str], start: int) -> int:
        found = lines[start : start + SOME] if shape.words else lines
        cells = cells_of(shape.match.fullmatch, found, 0 if shape.words else start)
        n_groups = shape.match.groups
        columns = [cells[at::n_groups] for at in range(n_groups)]
        if shape.words:
            n_plain = n_silent([columns[at] for at in shape.words])
            columns = [column[:n_plain] for column in columns]
        if not columns[0]:
            return 0
        if shape.plan.kind is Kind.HEADER:
            return self._headers(shape, columns)
        steps = self._steps(shape, columns)
        if not steps:
            return 0
        n = len(steps)
        values = {name: floats(columns[at][:n], scale) for name, at, scale in shape.series}
        seconds = self._clock.seconds
        walls = (
            [seconds(row) for row in zip(*columns[:3], strict=True)][:n] if shape.has_moment else [NAN] * n
        )
        self._table.run(steps, values, walls, is_counted=shape.is_counted)
        self._placing.last = steps[-1]
        self._gathering.context = ""
        return n

    def _headers(self, shape: Shape, columns: list[list[str]]) -> int:
        """Of lines that say the epoch of those below, with nothing between them, the first and the last count."""
        if shape.says_epoch:
            for spelling in (columns[shape.epoch][0], columns[shape.epoch][-1]):
                self._gathering.begin_epoch(int(spelling))
        return len(columns[0])

    def _steps(self, shape: Shape, columns: list[list[str]]) -> list[int]:
        """The steps of the lines, up to the first that is too large for one."""
        if shape.counts_epochs:
            steps = list(map(int, columns[shape.epoch]))
            self._position.header_epoch = steps[-1]
            return steps
        if shape.inner < 0 and not self._gathering.is_numbering:
            return [self._placing.last] * len(columns[0])
        if shape.inner < 0:
            return list(self._gathering.numbers(len(columns[0])))
        inner = list(map(int, columns[shape.inner]))
        above = self._position.epoch_above
        if shape.epoch < 0 and above is None:
            self._position.saw(inner)
            return inner
        epochs = [above or 0] * len(inner) if shape.epoch < 0 else list(map(int, columns[shape.epoch]))
        totals = map(int, columns[shape.total]) if shape.total >= 0 else [0] * len(inner)
        steps = []
        for epoch, batch, total in zip(epochs, inner, totals, strict=True):
            step = self._position.step_within(epoch, batch, total, is_batch=shape.plan.step < 0)
            if step is None:
                break
            steps.append(step)
        return steps


NAN = float("nan")
