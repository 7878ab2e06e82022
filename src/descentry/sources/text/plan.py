"""What the skeleton of a line says: which number is a counter, which a value and of which series."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from descentry.sources.text.vocabulary import is_train_loss, is_valish


class Kind(Enum):
    NOTHING = auto()
    HEADER = auto()
    """Counters alone: the lines below belong to them."""
    CONTEXT = auto()
    """No numbers, but a word on what the lines below are about (`Validation:`)."""
    ROW = auto()


@dataclass(frozen=True, slots=True)
class Plan:
    """`step`, `batch`, `epoch`: indices of counters, -1 for none; `total`: of the batch's or step's total;
    `names` and `where`: series and the indices of their numbers; `scales`: what 1 K or % is;
    `context`: the split that this line, or the lines below it, are about; `is_dict`: a printed dict;
    `is_heading`: the lines below belong to this step; `is_end`: the line stands at its epoch's end; `over`:
    what the number at an index is divided by, `{3: 4}` for `9800/10000`, as pairs;
    `repeats`: `("loss (2)", "loss")` where a line names a series twice."""

    kind: Kind
    step: int = -1
    batch: int = -1
    epoch: int = -1
    total: int = -1
    epoch_total: int = -1
    names: tuple[str, ...] = ()
    where: tuple[int, ...] = ()
    scales: tuple[float, ...] = ()
    context: str = ""
    is_dict: bool = False
    is_twin: bool = False
    is_heading: bool = False
    is_single: bool = False
    family: str = ""
    has_train_loss: bool = False
    has_val: bool = False
    is_broken: bool = False
    is_end: bool = False
    over: tuple[tuple[int, int], ...] = ()
    repeats: tuple[tuple[str, str], ...] = ()

    @property
    def is_counted(self) -> bool:
        return self.step >= 0 or self.batch >= 0 or self.epoch >= 0

    @property
    def is_validation_batch(self) -> bool:
        """Whether batches count the line, and it is of validation or test data alone."""
        return self.batch >= 0 and self.step < 0 and self.has_val and not self.has_train_loss


NOTHING = Plan(Kind.NOTHING)


def described(plan: Plan) -> Plan:
    """The plan with what follows from its names and counters."""
    counters = ("step", plan.step), ("batch", plan.batch), ("epoch", plan.epoch)
    return replace(
        plan,
        family=plan.family or "+".join(word for word, index in counters if index >= 0),
        has_train_loss=any(map(is_train_loss, plan.names)),
        has_val=any(map(is_valish, plan.names)) or plan.context in ("validation", "test"),
        repeats=tuple(pair for name in plan.names if (pair := _repeat(name)) and pair[1] in plan.names),
    )


def _repeat(name: str) -> tuple[str, str] | None:
    """A name that was numbered, since the line has it already, and that name."""
    base, _, number = name.rpartition(" (")
    return (name, base) if base and number[:-1].isdigit() and number.endswith(")") else None
