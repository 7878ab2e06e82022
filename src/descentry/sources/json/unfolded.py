"""Rows that hold objects and lists, as columns: the leaves of all rows at once.

Gives the names that `rows.flat` gives row by row: `train/loss`, and `name/0` for a short list of numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from descentry.sources.json.leaves import MAX_DEPTH, MAX_LIST

NESTED = frozenset({dict, list})
_COUNTABLE = frozenset({int, float, bool})


class Various(ValueError):
    """The rows hold other things under the same name: they are read one by one."""


def is_nested(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the first row holds objects or lists."""
    return any(type(raw[0]) in NESTED for raw in columns.values())


def unfolded(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]] | None:
    """The columns of the leaves; lists that are no series stay as they are.  None where rows differ."""
    leaves: dict[str, list[Any]] = {}
    try:
        for name, raw in columns.items():
            for leaf, values in _leaves(name, raw, 0):
                if leaf in leaves:
                    return None
                leaves[leaf] = values
    except Various:
        return None
    return leaves


def _leaves(name: str, raw: list[Any], depth: int) -> Iterator[tuple[str, list[Any]]]:
    kind = type(raw[0])
    if kind not in NESTED:
        yield name, raw
        return
    if set(map(type, raw)) != {kind}:
        raise Various
    if kind is list:
        yield from _items(name, raw)
    elif depth == MAX_DEPTH or len(set(map(tuple, raw))) > 1:
        raise Various
    else:
        for key in raw[0]:
            yield from _leaves(f"{name}/{key}", list(map(itemgetter(key), raw)), depth + 1)


def _items(name: str, raw: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    lengths = set(map(len, raw))
    kinds = set(map(type, chain.from_iterable(raw)))
    if len(lengths) == 1 and max(lengths) <= MAX_LIST and kinds <= _COUNTABLE:
        yield from ((f"{name}/{i}", list(map(itemgetter(i), raw))) for i in range(max(lengths)))
    elif min(lengths) > MAX_LIST or (min(lengths) > 0 and not kinds & _COUNTABLE):
        yield name, raw
    else:
        raise Various
