"""A policy as plain data: which finding, how sure, leads to which actions, how often, how soon again.

Nothing here decides; `ladder.py` does.  `Policy.of` takes the names of built-in policies, mappings as a TOML or JSON
file gives them, or both, and says in one line what it cannot understand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from descentry.record.errors import UsageError
from descentry.record.finding import Severity

DEEDS = ("skip_batch", "roll_back", "scale_lr", "clip_to", "checkpoint", "stop")


MOST_ROLL_BACKS = 6
"""Roll backs of all rules together, where a policy does not say."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Rung:
    """One action of a rule.

    `before`: steps before the finding's onset that a roll back goes to; `skip`: batches to pass over, counted from
    the newest batch seen; `rate`, `norm`, `for_steps`: as in actions.py.  `share`: `before`, `skip` and `for_steps` are
    at most this share of the planned steps, where they are planned: what suits 10^6 steps is too much for 500.
    """

    action: str
    before: int = 0
    skip: int = 0
    rate: float = 1.0
    norm: float | None = None
    for_steps: int | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What a finding leads to.

    `on`: a pattern id, or `nonfinite` (a loss or gradient norm that is no number), or `surprise` (an update that stands
    out of all before: gate.py); `cause`: only where this cause leads; `do`: the first time, the second ….
    After the last rung the rule is silent.  `least_confidence`: calibrated; lower: sooner, oftener wrong.  `lasting`:
    points for which it must have stood.  `in_a_row`: how many `nonfinite` or `surprise` in a row.
    `cool_down`: points from one action of this rule to its next.  `since_start`: only an onset in this first share of
    the points counts.
    """

    on: str
    do: tuple[Rung, ...]
    cause: str | None = None
    least_confidence: float = 0.5
    least_severity: Severity = Severity.WARNING
    lasting: int = 0
    in_a_row: int = 1
    cool_down: int = 0
    since_start: float = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """When an update is kept from the weights.

    `score`: how far beyond the reach of its own noise a value must lie, as a multiple (1: the stated rate of false
    alarms; higher: fewer vetoes); `factor`: least multiple of its recent level; `warm_up`: points before which only
    what is not finite is kept away; `most_in_a_row`: vetoes one after the other, after which updates pass: data that
    have changed for good must be learnt.
    """

    score: float = 1.0
    factor: float = 3.0
    warm_up: int = 50
    most_in_a_row: int = 20


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """When no better validation is to be expected (early_stop.py).

    `criterion`: `patience`, `gl`, `pq` or `up`; `limit`: validations without a gain, the loss of generalisation in
    percent, its quotient, or successive rises; `min_delta`: least gain that counts; `strip`: validations of a strip.
    """

    criterion: str = "patience"
    limit: float = 10.0
    min_delta: float = 0.0
    strip: int = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, and what watches beside them.  `most_roll_backs`: budget of all rules together, after which it stops."""

    rules: tuple[Rule, ...] = ()
    gate: Gate | None = None
    early_stop: EarlyStop | None = None
    most_roll_backs: int = MOST_ROLL_BACKS
    names: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, *parts: "str | Mapping[str, Any] | Policy") -> "Policy":
        """The policies joined: rules one after the other, later settings overrule.  UsageError: what is unknown."""
        from descentry.guard.builtin import builtin

        whole = cls()
        for part in parts:
            whole = _joined(whole, builtin(part) if isinstance(part, str) else part)
        return whole


def parse(told: Mapping[str, Any], where: str = "policy") -> Policy:
    """A policy from plain values.  UsageError: an unknown key, a value of another kind."""
    rules = tuple(
        _rule(rule, f"{where}: rules[{i}]") for i, rule in enumerate(_list(told.get("rules", ()), where))
    )
    known = {"name", "title", "source", "rules", "gate", "early_stop", "most_roll_backs"}
    _refuse(set(told) - known, known, where)
    gate = _made(Gate, told["gate"], f"{where}: gate") if "gate" in told else None
    stop = _made(EarlyStop, told["early_stop"], f"{where}: early_stop") if "early_stop" in told else None
    budget = int(told.get("most_roll_backs", MOST_ROLL_BACKS))
    return Policy(rules, gate, stop, budget, (str(told.get("name", where)),))


def _joined(first: Policy, second: "Mapping[str, Any] | Policy") -> Policy:
    other = second if isinstance(second, Policy) else parse(second)
    is_default = other.most_roll_backs == MOST_ROLL_BACKS
    return Policy(
        (*first.rules, *other.rules),
        other.gate or first.gate,
        other.early_stop or first.early_stop,
        first.most_roll_backs if is_default else other.most_roll_backs,
        (*first.names, *other.names),
    )


def _rule(told: Any, where: str) -> Rule:
    values = dict(_mapping(told, where))
    rungs = tuple(
        _rung(rung, f"{where}.do[{i}]") for i, rung in enumerate(_list(values.pop("do", ()), where))
    )
    if not rungs or "on" not in values:
        raise UsageError(f"{where}: a rule needs `on`, a pattern, and `do`, a list of actions")
    if "least_severity" in values:
        values["least_severity"] = _severity(values["least_severity"], where)
    return _made(Rule, {**values, "do": rungs}, where)


def _rung(told: Any, where: str) -> Rung:
    rung = _made(Rung, told, where)
    if rung.action not in DEEDS:
        raise UsageError(f"{where}: unknown action {rung.action!r}; one of {', '.join(DEEDS)}")
    return rung


def _severity(word: object, where: str) -> Severity:
    try:
        return Severity(str(word))
    except ValueError:
        raise UsageError(
            f"{where}: unknown severity {word!r}; one of {', '.join(s.value for s in Severity)}"
        ) from None


def _made(kind: type[Made], told: Any, where: str) -> Made:
    """A dataclass from a mapping; unknown keys are told by name."""
    values = _mapping(told, where)
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    _refuse(set(values) - known, known, where)
    try:
        return kind(**values)
    except TypeError as error:
        raise UsageError(f"{where}: {error}") from None


def _refuse(unknown: set[str], known: set[str], where: str) -> None:
    if unknown:
        raise UsageError(f"{where}: unknown {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")


def _mapping(told: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        raise UsageError(f"{where}: expected a table, found {type(told).__name__}")
    return told


def _list(told: Any, where: str) -> Sequence[Any]:
    if not isinstance(told, Sequence) or isinstance(told, str):
        raise UsageError(f"{where}: expected a list, found {type(told).__name__}")
    return told
