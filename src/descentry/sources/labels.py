"""Columns that say whose a row is: of which run, which split, which process.

A run's column with several values makes several runs.  A split's (`train`, `val`, …) goes in front of the names:
`val/loss`.  Of several processes rank 0 keeps the plain names, rank 3 has `rank3/loss`.  Which columns of a log
are such is told by all of its rows (`survey`), what a row's labels mean by `Sorter`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from descentry.sources.notes import Notes
from descentry.sources.numbers import number
from descentry.sources.words import words

RUNS = (
    "run_id", "run_uuid", "run", "run_name", "trial_id", "trial", "trial_name", "experiment_key",
    "experiment_id", "experiment", "experiment_name", "seed",
)  # fmt: skip
"""Columns that tell several runs of one table apart, in lower case, best first."""
SPLITS = ("split", "phase", "mode", "stage", "subset", "partition", "dataset", "set", "type", "kind", "event")
VAGUE = frozenset({"type", "kind", "event"})
"""Names of a split's column that mostly mean something else: not worth a look where the first rows say so."""
RANKS = ("rank", "global_rank", "local_rank", "worker", "worker_id")
MAX_RUNS = 20_000
EXPORTED = ("run", "series", "role", "step", "value")
"""The columns of Descentry's own export of points: its runs are named as they are."""
_SPLIT_WORDS = frozenset({"train", "val", "test"})
_POSITIONS = frozenset({"epoch"})
"""What is of a row, whatever its split."""

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """What the columns of labels of one log mean.

    `runs`: the columns that together name a run; `only`: their values in the run that is read, None for the
    first that comes.  `is_alone`: the log has but one run as yet.  `is_literal`: a run called `a/val` is no
    split of the run `a`.  `plain_split`, `plain_rank`: values whose rows keep plain names.  `step`: the column
    that counts on where the best name's starts anew, None for the best name.
    """

    runs: tuple[str, ...] = ()
    only: Cells | None = None
    is_alone: bool = True
    is_literal: bool = False
    split: str | None = None
    plain_split: str = ""
    rank: str | None = None
    plain_rank: int = 0
    step: str | None = None
    step_event: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of labels, as `Sorter` takes their cells."""
        return (*self.runs, *(name for name in (self.split, self.rank) if name is not None))


class Sorter:
    """Says of each row whether it belongs to the run, and what goes in front of the names of its series."""

    def __init__(self, labels: Labels, notes: Notes) -> None:
        self.labels = labels
        self.names = labels.names
        self._notes = notes
        self._only = labels.only
        self._known: dict[Cells, str | None] = {}
        self._has_ranks = False

    def prefix(self, cells: Cells, line: int | None) -> str | None:
        """Nothing or what goes in front (`val/`), None for rows of another run.  `cells`: of `names`, "" for none."""
        if cells in self._known:
            prefix = self._known[cells]
        else:
            prefix = self._prefix(cells, line)
            if len(self._known) < MAX_RUNS:
                self._known[cells] = prefix
        return prefix

    def tell_others(self, line: int | None, count: int) -> None:
        """Tells of rows that were left out since they are of a run that no one asked for."""
        if self.labels.is_alone and count:
            message = "rows of a run that has come since were left out: read the log anew for all of its runs"
            self._notes.add("other_run", message, line, count=count)

    def config(self) -> dict[str, object]:
        """The columns of the run and their values."""
        values = () if self._only is None else zip(self.labels.runs, self._only, strict=True)
        return {name: _setting(cell) for name, cell in values if cell}

    def _prefix(self, cells: Cells, line: int | None) -> str | None:
        labels = self.labels
        n = len(labels.runs)
        run, split = run_and_split(cells[:n], is_literal=labels.is_literal)
        if n:
            self._only = run if self._only is None else self._only
            if run != self._only:
                return None
        if labels.split is not None:
            its = cells[n]
            split = its if is_split(its) and its != labels.plain_split else ""
        rank = "" if labels.rank is None else self._rank(cells[-1], line)
        return rank + (f"{split}/" if split else "")

    def _rank(self, cell: str, line: int | None) -> str:
        rank = rank_of(cell)
        if rank is None or rank == self.labels.plain_rank:
            return ""
        if not self._has_ranks:
            self._has_ranks = True
            message = (
                f"`{self.labels.rank}` tells several processes apart: {self.labels.plain_rank} has the plain names, "
                f"the others have names like rank{rank}/loss, which play no role"
            )
            self._notes.add("ranks", message, line)
        return f"rank{rank}/"


def labelled(name: str, prefix: str) -> str:
    """The name of a wide row's series with the prefix; a split goes before no name that says it, nor the epoch."""
    rest, _, split = prefix[:-1].rpartition("/")
    if is_split(split):
        said = _SPLIT_WORDS & set(words(name))
        if name.lower() in _POSITIONS or (said and said <= set(words(split))):
            return f"{rest}/{name}" if rest else name
    return prefix + name


def all_labelled(names: Iterable[str], prefix: str) -> dict[str, str]:
    """What each name of a row becomes with the prefix; no two become one."""
    if not prefix:
        return {name: name for name in names}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        its = labelled(name, prefix)
        found[name] = prefix + name if its in taken else its
        taken.add(found[name])
    return found


def run_and_split(cells: Cells, *, is_literal: bool = False) -> tuple[Cells, str]:
    """The names of a run, and the split that the last of a path among them is: TensorBoard's `a/validation`."""
    if is_literal:
        return cells, ""
    run: list[str] = []
    split = ""
    for cell in cells:
        parts = cell.strip("./").split("/")
        if is_split(parts[-1]):
            split = parts.pop()
        run.append("/".join(parts))
    return tuple(run), split


def is_split(cell: str) -> bool:
    """Whether a cell is the name of a split and no more."""
    found = words(cell) if len(cell) <= 20 else ()
    return 0 < len(found) <= 2 and set(found) <= _SPLIT_WORDS


def rank_of(cell: str) -> int | None:
    """The number of a process that a cell spells, or None."""
    whole, _, rest = cell.partition(".")
    return (
        int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 7 and not rest.strip("0") else None
    )


def spelled(value: object) -> str:
    """A label as text: whole numbers without a fraction, "" for none."""
    if isinstance(value, str):
        return value.strip()[:400]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    is_whole = value == value and abs(value) < 2**53 and value == int(value)
    return str(int(value)) if is_whole else str(value)


def run_id(cells: Cells) -> str:
    """How a run is called by its labels."""
    return "/".join(cell for cell in cells if cell)


def present(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Those of `names` that are wanted, in the order of `wanted`."""
    lower: Mapping[str, str] = {name.lower(): name for name in reversed(names)}
    return [lower[word] for word in wanted if word in lower]


def _setting(cell: str) -> object:
    """The label as a setting: a number where it spells one."""
    value = number(cell)
    if value is None:
        return cell
    return int(value) if value == value and abs(value) < 2**53 and value == int(value) else value
