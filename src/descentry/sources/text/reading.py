"""Lines to rows: the state of one log, line after line."""

from descentry.record.chunk import Chunk
from descentry.sources.notes import Notes, quoted
from descentry.sources.text.bars import Bars, bar_of, looks_like_bar
from descentry.sources.text.clock import Clock
from descentry.sources.text.dialects import INTRUDERS
from descentry.sources.text.placing import Placing
from descentry.sources.text.plan import NOTHING, Kind, Plan, plan_of
from descentry.sources.text.position import Position
from descentry.sources.text.quick import Quick
from descentry.sources.text.settings import settings_of
from descentry.sources.text.table import Points, Table
from descentry.sources.text.tokens import clean, cut_moment, split, value, whole
from descentry.sources.text.vocabulary import SPLIT_WORDS, is_metric, is_train_loss, is_valish, tokens

MAX_LINE = 1 << 16
"""Characters of a line that is looked at; a longer one is no log line."""
MAX_PLANS = 2048
MAX_CONFIG = 512
_ABOUT_TRAINING = frozenset({"scale", "lr", "score", "reward", "throughput", "time", "samplespersec"})
"""Last words of names that a validation above them says nothing about."""


class Reading:
    """Reads lines; `take` gives the rows that are done."""

    def __init__(self, notes: Notes) -> None:
        self.plans: dict[str, Plan] = {}
        self.last_spellings: dict[str, str] = {}
        self._notes = notes
        self._table = Table()
        self._placing = Placing(self._table)
        self._position = Position()
        self._bars = Bars()
        self._clock = Clock()
        self._quick = Quick(self._placing, self._position, self._table, self._clock)
        self._config: dict[str, object] = {}
        self._known_config: set[str] = set()
        self._context = ""
        self._fine_names: set[str] = set()
        self._has_inline_epochs = False
        self._has_fine_loss = False
        self._n_numbered = 0
        self._twins: dict[tuple[str, ...], int] = {}
        self._number = 0

    # ------------------------------------------------------------------ in and out

    def lines(self, lines: list[str], number: int, *, is_one: bool = False) -> None:
        """Reads lines, the first of which is line `number`; all of them are parts of it where `is_one`."""
        i, n = 0, len(lines)
        while i < n:
            done = self._quick.run(lines, i)
            if done:
                self._context = ""
                i += done
                continue
            self._number = number if is_one else number + i
            self._line(lines[i])
            i += 1

    def take(self) -> Chunk:
        """The finished rows, with what was noticed and found."""
        if self._table.n_refused:
            self._notes.add("too_many_series", "more names than a log has: further ones are left out")
            self._table.n_refused = 0
        config, self._config = self._config, {}
        return self._table.take(self._notes.take(), config)

    def end(self, number: int) -> None:
        """The log has ended: what waited goes out."""
        for text, at in self._bars.end(number):
            self._number = at
            self._row_of(text)
        if self._bars.n_left_out:
            message = "progress bars beside the lines with losses were left out"
            self._notes.add("progress_bar", message, warning=False, count=self._bars.n_left_out)
        self._placing.end()
        self._table.close()

    # ------------------------------------------------------------------ understanding

    def understood(self, text: str) -> tuple[str, str, list[str]]:
        """The cleaned line, its skeleton and numbers."""
        line = cut_moment(clean(text.strip()))[0].strip()
        skeleton, numbers = split(line)
        return line, skeleton, numbers

    def plan(self, skeleton: str, *, keep: bool = True) -> Plan:
        """The plan of a skeleton, worked out once."""
        plan = self.plans.get(skeleton)
        if plan is None:
            plan = plan_of(skeleton)
            if keep:
                if len(self.plans) >= MAX_PLANS:
                    self.plans.clear()
                    self.last_spellings.clear()
                self.plans[skeleton] = plan
        return plan

    def _line(self, text: str) -> None:
        if len(text) > MAX_LINE:
            self._notes.add(
                "bad_line", f"a line of {len(text)} characters was left out: too long for a log", self._number
            )
            return
        text = clean(text).strip()
        if not text:
            return
        if looks_like_bar(text) and self._bar(text):
            return
        found = settings_of(text) if text[0] == "|" or "(" in text or "{" in text else None
        if found:
            self._settle(found)
            return
        plan = self._row_of(text)
        if plan is not None:
            self._quick.learn(text, plan)

    def _bar(self, text: str) -> bool:
        bar = bar_of(text)
        if bar is None:
            return False
        for row, at in self._bars.feed(bar, self._number):
            kept, self._number = self._number, at
            self._row_of(row)
            self._number = kept
        if bar.rest and not looks_like_bar(bar.rest):
            self._row_of(bar.rest)
        elif bar.rest:
            self._bar(bar.rest)
        return True

    def _settle(self, found: dict[str, object]) -> None:
        for name, setting in found.items():
            if name not in self._known_config and len(self._known_config) < MAX_CONFIG:
                self._known_config.add(name)
                self._config[name] = setting

    # ------------------------------------------------------------------ rows

    def _row_of(self, text: str) -> Plan | None:
        """Reads a line as a row; the plan of one that was."""
        line, moment = cut_moment(text)
        line = line.strip()
        skeleton, numbers = split(line)
        plan = self.plan(skeleton)
        if plan is NOTHING:
            return None
        if self._is_broken(skeleton, plan):
            self._notes.add("bad_line", "a line that another message broke off was left out", self._number)
            return None
        if numbers:
            self.last_spellings[skeleton] = numbers[-1]
        if plan.kind is Kind.CONTEXT:
            self._context = plan.context
        elif plan.kind is Kind.HEADER:
            self._header(plan, numbers)
        else:
            self._row(plan, numbers, self._clock.seconds(moment))
            return plan
        return None

    def _is_broken(self, skeleton: str, plan: Plan) -> bool:
        """Whether a message stands where lines of this shape go on: the number before it may be cut."""
        if not plan.names or not INTRUDERS.search(skeleton):
            return False
        n = len(plan.names)
        return any(len(other.names) > n and other.names[:n] == plan.names for other in self.plans.values())

    def _header(self, plan: Plan, numbers: list[str]) -> None:
        self._note_totals(plan, numbers)
        if plan.step >= 0:
            return
        epoch = whole(numbers[plan.epoch])
        if epoch is None:
            return
        self._position.header_epoch = epoch
        self._context = plan.context if plan.context in ("validation", "test") else ""
        if not self._position.is_fine and not self._n_numbered:
            self._placing.header(epoch)

    def _row(self, plan: Plan, numbers: list[str], wall: float) -> None:
        self._note_totals(plan, numbers)
        points = {
            name: value(numbers[at]) * scale
            for name, at, scale in zip(plan.names, plan.where, plan.scales, strict=True)
        }
        if plan.has_train_loss or plan.has_val:
            self._bars.saw_summary()
        if plan.step >= 0 or plan.batch >= 0:
            self._fine(plan, numbers, points, wall)
        elif plan.epoch >= 0:
            self._epoch(plan, numbers, points, wall)
        else:
            self._uncounted(plan, points, wall)

    def _fine(self, plan: Plan, numbers: list[str], points: Points, wall: float) -> None:
        if plan.step < 0 and plan.epoch < 0 and self._has_inline_epochs:
            self._placing.uncounted({f"evaluation batch {name}": v for name, v in points.items()}, wall)
            return
        step = self._position.fine_step(plan, numbers)
        if step is None:
            self._notes.add(
                "bad_value", f"{quoted(numbers[max(plan.step, plan.batch)])} is no step", self._number
            )
            return
        if plan.is_twin:
            points = self._twin(plan, step, points)
        self._has_inline_epochs |= plan.epoch >= 0
        self._position.is_fine = True
        self._fine_names.update(name.lower() for name in plan.names)
        self._has_fine_loss |= plan.has_train_loss
        self._context = ""
        self._placing.counted(step, points, wall, plan.family, has_loss=plan.has_train_loss)

    def _twin(self, plan: Plan, step: int, points: Points) -> Points:
        """Two engines print the same line at the same step: the second one's series get names of their own."""
        if self._twins.get(plan.names) == step:
            return {f"{name} (2)": v for name, v in points.items()}
        self._twins[plan.names] = step
        return points

    def _epoch(self, plan: Plan, numbers: list[str], points: Points, wall: float) -> None:
        spelling = numbers[plan.epoch]
        epoch = whole(spelling)
        if epoch is None or "." in spelling:
            self._uncounted(plan, {**points, "epoch": value(spelling)}, wall)
            return
        self._position.header_epoch = epoch
        self._context = ""
        if self._position.is_fine or self._n_numbered:
            self._placing.uncounted({self._summary_name(name): v for name, v in points.items()}, wall)
        else:
            self._placing.counted(epoch, points, wall, "epoch", has_loss=plan.has_train_loss)

    def _summary_name(self, name: str) -> str:
        """The name of an epoch's figure where lines within the epoch have one like it."""
        is_rival = name.lower() in self._fine_names or (self._has_fine_loss and is_train_loss(name))
        return f"epoch {name}" if is_rival and not is_valish(name) else name

    def _uncounted(self, plan: Plan, points: Points, wall: float) -> None:
        if self._context:
            points = {self._in_context(name): v for name, v in points.items()}
        if not self._placing.has_begun or self._n_numbered:
            if plan.has_train_loss and not plan.context and not self._context:
                self._numbered(points, wall)
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
        return f"{self._context} {name}"

    def _numbered(self, points: Points, wall: float) -> None:
        """A row of a log that prints no step: its own number among such rows."""
        if not self._n_numbered:
            self._notes.add("missing_step", "no step is printed: rows are numbered from 0", self._number)
        step = self._n_numbered
        self._n_numbered += 1
        self._has_fine_loss = True
        self._fine_names.update(name.lower() for name in points)
        self._placing.counted(step, points, wall, "", has_loss=True)

    def _note_totals(self, plan: Plan, numbers: list[str]) -> None:
        if plan.epoch_total >= 0 and "epochs" not in self._known_config:
            self._settle_total("epochs", numbers[plan.epoch_total])
        if plan.total >= 0:
            name = "max_steps" if plan.step >= 0 and plan.epoch < 0 else "batches_per_epoch"
            if name not in self._known_config:
                self._settle_total(name, numbers[plan.total])

    def _settle_total(self, name: str, spelling: str) -> None:
        total = whole(spelling)
        if total:
            self._settle({name: total})
