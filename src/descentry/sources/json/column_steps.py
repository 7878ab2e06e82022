"""Columns that have steps of their own: `{"loss": […], "eval_steps": [100, 200], "val_loss": [2.4, 2.3]}`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from descentry.sources.naming import best_step, step_rank
from descentry.sources.numbers import whole_step
from descentry.sources.words import words

Columns = Mapping[str, list[Any]]

_OF_SPLIT = re.compile(r"(?:val|valid|validation|eval|evaluation|test|dev)[_/. -](?P<step>.+)", re.IGNORECASE)
_EVALUATED = frozenset({"val", "test"})


def split_off(columns: Columns) -> tuple[Columns, list[dict[str, list[Any]]]]:
    """The columns with one step for all, and groups with a `step` of their own.

    A group has the length of its step: that of an evaluation (`eval_steps`) serves columns of a validation, or any
    that are shorter than the longest; a plain step that is shorter serves those.
    """
    main = dict(columns)
    length = max(map(len, columns.values()), default=0)
    groups = []
    for step in columns:
        its = _served(main, step, length) if step in main else ()
        if its:
            groups.append({"step": columns[step], **{name: main.pop(name) for name in its}})
            del main[step]
    return main, groups


def _served(columns: Columns, step: str, length: int) -> Sequence[str]:
    """The columns that a column of steps serves alone; empty where it is none of its own."""
    values = columns[step]
    found = _OF_SPLIT.fullmatch(step)
    is_of_split = found is not None and step_rank(found["step"]) is not None
    if not (is_of_split or (len(values) < length and best_step([step]))) or None in map(whole_step, values):
        return ()
    return [
        name
        for name, its in columns.items()
        if len(its) == len(values)
        and name != step
        and best_step([name]) is None
        and (len(its) < length or not _EVALUATED.isdisjoint(words(name)))
    ]
