"""From a name, a file or plain data to a policy; what cannot be understood is said in one line, with its place."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from importlib.resources import files
from os import fspath
from pathlib import Path
from typing import Any, TypeVar

from descentry.guard.rules import BY_VALUE, DEEDS, EarlyStop, Gate, Part, Policy, RateSearch, Rule, Rung
from descentry.patterns.registry import detectors
from descentry.record.errors import UnreadableError, UsageError
from descentry.record.finding import Severity

Made = TypeVar("Made")
KEYS = {"schema", "name", "title", "source", "joins", "rules", "gate", "early_stop", "rate_search"} | {
    "most_roll_backs"
}
SCHEMA = "descentry/policy/1"
MAX_BYTES = 1 << 20
"""A policy file is larger by mistake only."""
INF = float("inf")
WHOLE: Mapping[str, tuple[int, int]] = {
    "before": (0, 10**12), "skip": (0, 10**9), "for_steps": (1, 10**12), "lasting": (0, 10**12),
    "in_a_row": (1, 10**9), "cool_down": (0, 10**12), "warm_up": (0, 10**9), "most_in_a_row": (1, 10**9),
    "strip": (1, 10**6), "most_roll_backs": (0, 10**6), "most": (1, 100),
}  # fmt: skip
REAL: Mapping[str, tuple[float, float]] = {
    "rate": (1e-9, 10.0), "norm": (1e-12, 1e12), "share": (1e-9, 1.0), "least_confidence": (0.0, 1.0),
    "since_start": (0.0, 1.0), "score": (0.0, 1e6), "factor": (0.0, 1e6), "limit": (0.0, INF), "min_delta": (0.0, INF),
    "least_update": (1e-9, 1.0),
}  # fmt: skip
"""Lowest and highest value of each setting."""
CRITERIA = ("patience", "gl", "pq", "up")


def read(part: Part) -> Policy:
    """The policy that a name, a path, plain data or a policy stands for."""
    if isinstance(part, Policy):
        return part
    if isinstance(part, Mapping):
        return parse(part)
    path = fspath(part)
    if isinstance(part, str) and not path.endswith((".toml", ".json")):
        return builtin(part)
    return parse(_loaded(path), path)


def builtin_names() -> tuple[str, ...]:
    """The names of the built-in policies, sorted."""
    entries = files("descentry.guard").joinpath("policies").iterdir()
    return tuple(sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".toml")))


@cache
def builtin(name: str) -> Policy:
    """The built-in policy of that name.  UsageError: there is none."""
    if name not in builtin_names():
        raise UsageError(f"no policy is called {name!r}; built in: {', '.join(builtin_names())}")
    told = tomllib.loads(files("descentry.guard").joinpath("policies", f"{name}.toml").read_text("utf-8"))
    return parse(told, name)


def parse(told: Mapping[str, Any], where: str = "policy") -> Policy:
    """A policy from plain values, behind the built-in ones that it `joins`.

    UsageError: an unknown key, a value of another kind or out of its bounds.
    """
    _refuse(set(told) - KEYS, KEYS, where)
    if told.get("schema", SCHEMA) != SCHEMA:
        raise UsageError(f"{where}: schema {told['schema']!r}, expected {SCHEMA!r}")
    rules = _list(told.get("rules", ()), f"{where}: rules")
    own = Policy(
        tuple(_rule(rule, f"{where}: rules[{i}]") for i, rule in enumerate(rules)),
        _part(Gate, told, "gate", where),
        _part(EarlyStop, told, "early_stop", where),
        _checked("most_roll_backs", told["most_roll_backs"], where) if "most_roll_backs" in told else None,
        (str(told.get("name", where)),),
        _part(RateSearch, told, "rate_search", where),
    )
    first = Policy()
    for name in _list(told.get("joins", ()), f"{where}: joins"):
        first = first.joined(builtin(str(name)))
    return first.joined(own)


def _loaded(path: str) -> Mapping[str, Any]:
    """What the file holds."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnreadableError(path, f"no policy can be read: {error}") from None
    if len(text) > MAX_BYTES:
        raise UsageError(f"{path}: more than {MAX_BYTES} bytes, which no policy has")
    load: Callable[[str], Any] = json.loads if path.endswith(".json") else tomllib.loads
    try:
        return _mapping(load(text.decode("utf-8")), path)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from None


def _part(kind: type[Made], told: Mapping[str, Any], key: str, where: str) -> Made | None:
    return _made(kind, told[key], f"{where}: {key}") if key in told else None


def _rule(told: Any, where: str) -> Rule:
    values = dict(_mapping(told, where))
    rungs = tuple(
        _rung(rung, f"{where}.do[{i}]") for i, rung in enumerate(_list(values.pop("do", ()), f"{where}.do"))
    )
    if not rungs or "on" not in values:
        raise UsageError(f"{where}: a rule needs `on`, a pattern, and `do`, a list of actions")
    if values["on"] not in _patterns():
        raise UsageError(
            f"{where}: unknown pattern {values['on']!r}; one of {', '.join(sorted(_patterns()))}"
        )
    return _made(Rule, {**values, "do": rungs}, where)


def _rung(told: Any, where: str) -> Rung:
    rung = _made(Rung, told, where)
    if rung.action not in DEEDS:
        raise UsageError(f"{where}: unknown action {rung.action!r}; one of {', '.join(DEEDS)}")
    needed = {"scale_lr": "rate", "clip_to": "norm"}.get(rung.action)
    if needed is not None and needed not in told:
        raise UsageError(f"{where}: {rung.action} needs `{needed}`")
    return rung


@cache
def _patterns() -> frozenset[str]:
    return frozenset({*BY_VALUE, *(one.id for one in detectors())})


def _made(kind: type[Made], told: Any, where: str) -> Made:
    """A dataclass from a mapping; unknown keys are told by name."""
    values = _mapping(told, where)
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    _refuse(set(values) - known, known, where)
    checked = {name: _checked(name, value, where) for name, value in values.items()}
    try:
        return kind(**checked)
    except TypeError as error:
        raise UsageError(f"{where}: {error}") from None


def _checked(name: str, value: Any, where: str) -> Any:
    """The value, of its kind and within its bounds."""
    if name == "do":
        return value
    if name == "least_severity":
        return _severity(value, where)
    if name == "criterion" and value not in CRITERIA:
        raise UsageError(f"{where}: unknown criterion {value!r}; one of {', '.join(CRITERIA)}")
    if name in WHOLE or name in REAL:
        return _bounded(name, value, where)
    if not isinstance(value, str):
        raise UsageError(f"{where}: {name} is {value!r}, expected a word")
    return value


def _bounded(name: str, value: Any, where: str) -> Any:
    is_whole = name in WHOLE
    low, high = WHOLE[name] if is_whole else REAL[name]
    is_kind = isinstance(value, int if is_whole else int | float) and not isinstance(value, bool)
    if not is_kind or not low <= value <= high:
        what = "a whole number" if is_whole else "a number"
        raise UsageError(f"{where}: {name} is {value!r}, expected {what} from {low:g} to {high:g}")
    return value


def _severity(word: object, where: str) -> Severity:
    try:
        return Severity(str(word))
    except ValueError:
        known = ", ".join(one.value for one in Severity)
        raise UsageError(f"{where}: unknown severity {word!r}; one of {known}") from None


def _refuse(unknown: set[str], known: set[str], where: str) -> None:
    if unknown:
        named = ", ".join(sorted(map(str, unknown)))
        raise UsageError(f"{where}: unknown {named}; known: {', '.join(sorted(known))}")


def _mapping(told: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        raise UsageError(f"{where}: expected a table, found {type(told).__name__}")
    return told


def _list(told: Any, where: str) -> Sequence[Any]:
    if not isinstance(told, Sequence) or isinstance(told, str | bytes):
        raise UsageError(f"{where}: expected a list, found {type(told).__name__}")
    return told
