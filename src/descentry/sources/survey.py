"""What all rows of a log say of its columns of labels, and of its steps: looked at before it is read.

A column is a run's where rows share its values; a split's where every value is one; a rank's where it counts
processes that log the same steps.  Of several columns of steps one that never goes back is better than a better
name that starts anew in every epoch.  Where nothing better than an epoch is logged, a number of the batch is a step.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from descentry.record.errors import DamagedError, UsageError
from descentry.sources.labels import (
    EXPORTED,
    MAX_RUNS,
    RANKS,
    RUNS,
    SPLITS,
    Cells,
    Labels,
    is_split,
    present,
    rank_of,
    run_and_split,
    run_id,
)
from descentry.sources.naming import STEP_NAMES
from descentry.sources.numbers import whole_step
from descentry.sources.protocol import OneRun

SURE = frozenset({"_step", "trainer/global_step"})
"""Steps that their writers never count back."""
COARSE = frozenset({"epoch", "index"})
TOTALS = ("total_steps", "total_step")
"""Steps by another name: counted over all epochs, or planned and always the same."""
BATCHES = (
    "batch", "batch_id", "batch_index", "batch_number", "batch_num", "batch_no", "batch_nr", "minibatch",
    "mini_batch", "step_in_epoch", "iter_in_epoch", "local_step",
)  # fmt: skip
"""Numbers of the batch in its epoch; `batch` may as well be a size: only one that rises is a number."""
MIN_ROWS = 2
"""Rows that a run has on average; where each value stands once, a row is a run's summary."""
FEW_BACK = 10
"""Where a number of the batch rises so many times as often as it falls within an epoch, a run was resumed there."""
MAX_FOUND = 200_000
"""Different labels that are kept to be counted."""
NAMED = frozenset({"run_id", "run_uuid", "run", "run_name", "trial_id", "experiment_key"})
"""Columns that are there to tell runs apart: one run with two rows is enough."""
MAX_VALUES = 4096

Found = list[tuple[str, Labels]]


def only(path: Path, runs: Sequence[tuple[str, OneRun]]) -> OneRun:
    """The one run of a place.  Raises UsageError where it holds several, or none."""
    if len(runs) != 1:
        raise UsageError(f"{path} holds {len(runs)} runs, expected one; read its folder or use --run")
    return runs[0][1]


class Survey:
    """Takes the columns of labels and steps, block after block; `runs` says what they mean.

    `has_rivals`: whether to look for better steps, which takes every row.
    """

    def __init__(self, names: Sequence[str], *, has_rivals: bool = True) -> None:
        wanted = [name for name in STEP_NAMES if name not in COARSE]
        self._runs = present(names, RUNS)
        self._splits = present(names, SPLITS)
        self._ranks = present(names, RANKS)
        self._steps = present(names, wanted)
        rivals = present(names, (*wanted, *TOTALS))
        is_sure = not has_rivals or not self._steps or self._steps[0].lower() in SURE
        self._rivals = [] if is_sure or len(rivals) < 2 else [_Steps(name) for name in rivals]
        self._epoch = present(names, ("epoch",))
        batches = [] if self._steps or not has_rivals else present(names, BATCHES)
        self._batch = _Steps(batches[0]) if batches else None
        self._is_literal = tuple(name.lower() for name in names) == EXPORTED
        self._n_rows = 0
        self._found: dict[Cells, None] = {}
        self._is_too_many = self._is_crowded = False
        self._values: dict[str, dict[str, str]] = {name: {} for name in (*self._splits, *self._ranks)}

    @property
    def labels(self) -> list[str]:
        """The columns that may be labels."""
        return [*self._runs, *self._splits, *self._ranks]

    @property
    def step(self) -> str | None:
        """The best column of steps by its name."""
        return self._steps[0] if self._steps else None

    @property
    def names(self) -> list[str]:
        """The columns to take; none where there is nothing to find out."""
        labels = self.labels
        if not labels and not self._rivals and self._batch is None:
            return []
        batch = [] if self._batch is None else [*self._epoch, self._batch.name]
        rivals = [rival.name for rival in self._rivals]
        return list(dict.fromkeys([*labels, *self._steps[:1], *rivals, *batch]))

    def add(self, columns: Mapping[str, Sequence[str]], n_rows: int | None = None) -> None:
        """Cells of consecutive rows, by the `names`; "" where a row has none.

        `n_rows`: how many there were, where only the first of those with the same labels are given.
        """
        n = len(next(iter(columns.values()), ()))
        self._n_rows += n if n_rows is None else n_rows
        if self._runs and not self._is_too_many:
            self._found.update(dict.fromkeys(zip(*(columns[name] for name in self._runs), strict=True)))
            self._is_too_many = len(self._found) > MAX_FOUND
            self._is_crowded = self._is_too_many and self._n_rows >= MIN_ROWS * len(self._found)
        step = columns[self._steps[0]] if self._steps else [""] * n
        for name, known in self._values.items():
            if len(known) <= MAX_VALUES:
                for cell, at in zip(columns[name], step, strict=True):
                    known.setdefault(cell, at)
        for rival in self._rivals:
            rival.add(self._keys(columns, self.labels, n), columns[rival.name])
        if self._batch is not None:
            self._batch.add(self._keys(columns, [*self.labels, *self._epoch], n), columns[self._batch.name])

    def _keys(self, columns: Mapping[str, Sequence[str]], names: Sequence[str], n: int) -> list[Cells]:
        """The cells of each of `n` rows in the columns of these names."""
        return list(zip(*(columns[name] for name in names), strict=True)) if names else [()] * n

    def runs(self, where: str) -> Found:
        """The runs by their ids, each with its labels; one without labels where there are none.

        Raises DamagedError where there are too many to be true.  `where`: how it names the log.
        """
        split, rank = self._split(), self._rank()
        columns, found = self._run_columns(where)
        step, event = self._step()
        ranks = [] if rank is None else [x for cell in self._values[rank] if (x := rank_of(cell)) is not None]
        is_train_only = split is not None and len(self._values[split].keys() - {""}) == 1
        plain = next(iter(self._values[split].keys() - {""})) if split is not None and is_train_only else ""
        common = Labels(
            columns, None, len(found) < 2, self._is_literal, split,
            plain if plain.lower().startswith("train") else "",
            rank, min(ranks, default=0), step, event,
        )  # fmt: skip
        if not found:
            return [("", common)]
        return [(run_id(cells), _of_run(common, cells)) for cells in found]

    def _run_columns(self, where: str) -> tuple[tuple[str, ...], list[Cells]]:
        """The columns that together tell most runs apart, and the runs."""
        if self._is_too_many and not self._is_crowded:
            return (), []
        chosen: list[int] = []
        found: list[Cells] = []
        for i in range(len(self._runs)):
            more = self._distinct([*chosen, i])
            n_needed = len(more) + 1 if self._runs[i].lower() in NAMED else MIN_ROWS * len(more)
            if len(more) > 1 and self._n_rows < n_needed:
                continue
            if len(more) > MAX_RUNS:
                problem = f"holds more than {MAX_RUNS} runs by its column `{self._runs[i]}`"
                raise DamagedError(where, problem, "export fewer runs at once")
            if not chosen or len(more) > len(found):
                chosen, found = ([i], more) if len(found) < 2 else ([*chosen, i], more)
        return tuple(self._runs[i] for i in chosen), found

    def _distinct(self, chosen: Sequence[int]) -> list[Cells]:
        cut = (
            run_and_split(tuple(cells[i] for i in chosen), is_literal=self._is_literal)[0]
            for cells in self._found
        )
        return list(dict.fromkeys(cut))

    def _split(self) -> str | None:
        for name in self._splits:
            values = self._values[name].keys() - {""}
            if not self._n_rows and name.lower() in SPLITS[:2]:
                return name
            if values and len(values) < MAX_VALUES and all(map(is_split, values)):
                return name
        return None

    def _rank(self) -> str | None:
        for name in self._ranks:
            firsts = {cell: at for cell, at in self._values[name].items() if cell}
            if len(firsts) > 1 and len(firsts) < MAX_VALUES and self._are_processes(firsts):
                return name
        return None

    def _are_processes(self, firsts: Mapping[str, str]) -> bool:
        """Whether values are numbers of processes: most begin at the step at which another begins."""
        if any(rank_of(cell) is None for cell in firsts) or self._n_rows < MIN_ROWS * len(firsts):
            return False
        steps = list(firsts.values())
        return 2 * len(set(steps)) <= len(steps) + 1 or not self._steps

    def _step(self) -> tuple[str | None, str]:
        """The column of steps that is better than the best name, and why; None where that name is good."""
        if self._batch is not None and self._is_number(self._batch):
            return self._batch.name, f"`{self._batch.name}` rises within each epoch: taken for the step"
        if not self._rivals or not self._rivals[0].n_back:
            return None, ""
        best, *others = self._rivals
        for rival in others:
            if (
                rival.is_whole
                and not rival.n_back
                and rival.n_rows == best.n_rows
                and rival.n_rise >= best.n_rise / 2
            ):
                message = (
                    f"`{best.name}` starts anew where `{rival.name}` goes on, so that is taken for the step"
                )
                return rival.name, message
        return None, ""

    def _is_number(self, batch: "_Steps") -> bool:
        """Whether a column counts batches: it rises with most rows, and within an epoch falls with few or none."""
        n_back = batch.n_back * FEW_BACK if self._epoch else batch.n_back * self._n_rows
        return batch.is_whole and 2 * batch.n_rise >= batch.n_rows > 0 and n_back <= batch.n_rise


def _of_run(common: Labels, cells: Cells) -> Labels:
    return Labels(
        common.runs, cells, common.is_alone, common.is_literal, common.split, common.plain_split,
        common.rank, common.plain_rank, common.step, common.step_event,
    )  # fmt: skip


class _Steps:
    """How one column of steps goes, in the rows with the same labels."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.n_rows = self.n_back = self.n_rise = 0
        self.is_whole = True
        self._last: dict[Cells, int] = {}

    def add(self, keys: Sequence[Cells], cells: Sequence[str]) -> None:
        last = self._last
        for key, cell in zip(keys, cells, strict=True):
            if not cell:
                continue
            step = whole_step(cell)
            if step is None:
                self.is_whole = False
                continue
            before = last.get(key)
            if before is not None:
                self.n_back += step < before
                self.n_rise += step > before
            if before is not None or len(last) < MAX_RUNS:
                last[key] = step
            self.n_rows += 1
