"""What a row of JSON is: settings, a row of a log, a result."""

from collections.abc import Mapping
from typing import Any

from descentry.record.roles import LOSS_ROLES, Role
from descentry.sources.json.leaves import as_number, flat
from descentry.sources.json.values import clean_name
from descentry.sources.naming import best_step
from descentry.sources.numbers import number
from descentry.sources.roles import resolve

MAX_CONFIG = 1000
CONFIG_KEYS = frozenset(
    {"meta", "config", "summary", "args", "hparams", "hyperparameters", "params", "settings"}
)


_NUMBERS = frozenset({int, float})
RESULTS = LOSS_ROLES | {
    Role.ACCURACY, Role.VAL_ACCURACY, Role.PERPLEXITY, Role.VAL_PERPLEXITY, Role.REWARD, Role.KL, Role.THROUGHPUT,
}  # fmt: skip
"""Roles of what no one sets."""


def is_plain(row: Mapping[str, Any]) -> bool:
    """Whether a row may be read as a part of a table: few fields, names that need no care."""
    odd = {"mode", "env_info", "exp_name"} & row.keys() or row.keys() >= {"epoch", "iter", "step"}
    return len(row) <= MAX_CONFIG and not odd and all(name == clean_name(name) for name in row)


def is_log_row(row: Mapping[str, Any]) -> bool:
    """Whether a row has numbers and says by a name what one of them is: rows of a data set do not."""
    names = [name for name, raw in flat(row) if as_number(raw) is not None]
    if not names or is_config(row):
        return False
    return best_step(names) is not None or set(resolve(names[:MAX_CONFIG]).values()) != {Role.METRIC}


def is_result(row: Mapping[str, Any]) -> bool:
    """Whether a row holds what a training gives, and not only what it is given: a loss, an accuracy, …"""
    return is_log_row(row) and bool(RESULTS & _roles(row))


def _roles(row: Mapping[str, Any]) -> set[Role | None]:
    names = [name for name, raw in flat(row) if as_number(raw) is not None]
    return set(resolve(names[:MAX_CONFIG]).values())


def is_config(row: Mapping[str, Any]) -> bool:
    """Whether a row holds settings: nothing but fields named so, or no number at all."""
    if "env_info" in row or "exp_name" in row:
        return True
    if not _NUMBERS.isdisjoint(map(type, row.values())):
        return False
    if any(type(raw) is str and number(raw) is not None for raw in row.values()):
        return False
    if all(key.startswith("_") or key.lower() in CONFIG_KEYS for key in row):
        return True
    return not any(_holds_number(raw) for raw in row.values() if isinstance(raw, dict | list))


def _holds_number(raw: dict[str, Any] | list[Any]) -> bool:
    return any(as_number(leaf) is not None for _, leaf in flat({"": raw}))
