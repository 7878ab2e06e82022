"""The step of a table without labels where the best name starts anew in every epoch, as for CSV (`survey`)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from descentry.sources.labels import Labels
from descentry.sources.survey import Survey
from descentry.sources.tables.arrow_columns import Numbers, columns_of, is_number, numbers
from descentry.sources.tables.arrow_file import ArrowFile

MAX_LOOKED_AT = 500_000
"""Rows that are looked at one by one: a step that starts anew has done so by then."""
UNLABELLED = Labels()


def with_best_step(paths: Sequence[Path], names: Sequence[str]) -> Labels:
    """No labels, with the column of steps that is better than the best name, if there is one.

    `names`: the columns of numbers.  Raises InputError.
    """
    survey = Survey(names)
    if not survey.names or (survey.step is not None and _only_rises(paths, survey.step)):
        return UNLABELLED
    n_seen = 0
    for found in _columns(paths, survey.names):
        n = len(found[0].values)
        survey.add({name: _spelled(its) for name, its in zip(survey.names, found, strict=True)}, n)
        n_seen += n
        if n_seen >= MAX_LOOKED_AT:
            break
    _, labels = survey.runs(str(paths[0]))[0]
    return replace(UNLABELLED, step=labels.step, step_event=labels.step_event)


def _only_rises(paths: Sequence[Path], name: str) -> bool:
    """Whether a column never goes back."""
    last = -np.inf
    for (its,) in _columns(paths, [name]):
        values = its.values[its.is_valid]
        if len(values) and (values[0] < last or (np.diff(values) < 0).any()):
            return False
        last = float(values[-1]) if len(values) else last
    return True


def _columns(paths: Sequence[Path], names: Sequence[str]) -> Iterator[list[Numbers]]:
    """The columns of these names, batch after batch; one that a file does not have is nowhere valid."""
    tops = list(dict.fromkeys([*names, *(name.split("/")[0] for name in names)]))
    for path in paths:
        with ArrowFile(path) as table:
            for _, batch in table.batches(tops, range(table.n_groups)):
                columns, n = columns_of(batch), batch.num_rows
                missing = Numbers(np.full(n, np.nan), np.zeros(n, np.bool_))
                yield [
                    numbers(columns[name]) if name in columns and is_number(columns[name].type) else missing
                    for name in names
                ]


def _spelled(column: Numbers) -> list[str]:
    """The numbers as a CSV would spell them, "" where there is none."""
    cells = column.values if column.whole is None else column.whole
    return [
        repr(x) if there else "" for x, there in zip(cells.tolist(), column.is_valid.tolist(), strict=True)
    ]
