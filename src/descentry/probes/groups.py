"""Parameters by the module that owns them, and the names of their series.

The word `module` in a name tells it from a quantity of the whole network, whatever the module is called; the patterns
put modules in order by the first number in their names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_GROUPS = 64
"""Modules of their own; beyond, those of one numbered block are measured together."""
_BLOCK = re.compile(r"^(.*?\d+)(\.|$)")


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that are measured together."""

    name: str
    weights: tuple[Any, ...]


def groups(model: Any, frozen: Sequence[str] = (), max_groups: int = MAX_GROUPS) -> tuple[Group, ...]:
    """The groups of a model, in its own order; without what is meant not to train (beginnings of names)."""
    owned: dict[str, list[Any]] = {}
    for name, weight in model.named_parameters():
        if not (frozen and name.startswith(tuple(frozen))):
            owned.setdefault(name.rpartition(".")[0], []).append(weight)
    if len(owned) > max_groups:
        merged: dict[str, list[Any]] = {}
        for name, weights in owned.items():
            found = _BLOCK.match(name)
            merged.setdefault(found.group(1) if found else name, []).extend(weights)
        owned = merged
    return tuple(Group(name or "root", tuple(weights)) for name, weights in owned.items())


def series(quantity: str, module: str) -> str:
    """`grad_norm/module/blocks.0.qkv`."""
    return f"{quantity}/module/{module}"
