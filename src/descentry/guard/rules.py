"""A policy as plain data: which finding, how sure, leads to which actions, how often, how soon again.

Nothing here decides; `ladder.py` does.  `Policy.of` takes the names of built-in policies, TOML or JSON files, mappings
as such a file gives them, or several of these, and says in one line what it cannot understand (`reading.py`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

from descentry.record.finding import Severity

DEEDS = ("skip_batch", "roll_back", "scale_lr", "clip_to", "checkpoint", "stop")
BY_VALUE = ("nonfinite", "surprise", "resume_rate")
"""What a rule may be on, beside the patterns: what is seen of single values."""
MOST_ROLL_BACKS = 6
"""Roll backs of all rules together, where a policy does not say."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One action of a rule.

    `before`: steps before the finding's onset that a roll back goes to; `skip`: batches to pass over, counted from
    the newest batch seen, 0: they are all drawn again; `rate`, `norm`, `for_steps`: as in actions.py.
    `share`: `before`, `skip` and `for_steps` are at most this share of the planned steps, where they are planned: what
    suits 10^6 steps is too much for 500.
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
    out of all before: gate.py), or `resume_rate` (a schedule that began anew at a resume: resume.py; its `scale_lr`
    brings the rate back, times the rung's `rate`); `cause`: only where this cause leads; `do`: the first time, the
    second ….  After the last rung the rule is silent.  `least_confidence`: calibrated; lower: sooner, oftener wrong.
    `lasting`: points for which it must have stood.  `in_a_row`: how many `nonfinite` or `surprise` in a row.
    `cool_down`: steps seen from one action of this rule to its next, those trained again included.
    `since_start`: only an onset in this first share of the planned steps counts, of the steps so far where no number is
    planned.
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
class RateSearch:
    """How a run that moves its weights too fast looks for a rate (rate_search.py).  Only where steps are planned.

    `least_update`: mean of two successive `update_ratio` that opens it; lower: more runs are begun again to compare.
    `share`: of the planned steps, after which attempts are compared; higher: surer and dearer.  `rate`: of an attempt,
    times that of the one before.  `score`: standard errors by which an attempt must differ to be better or worse;
    higher: more attempts.  `most`: attempts at lower rates.
    """

    least_update: float = 0.03
    share: float = 0.25
    rate: float = 0.3
    score: float = 3.0
    most: int = 6


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, and what watches beside them.

    `most_roll_backs`: budget of all rules together, after which it stops; None: `MOST_ROLL_BACKS`.
    """

    rules: tuple[Rule, ...] = ()
    gate: Gate | None = None
    early_stop: EarlyStop | None = None
    most_roll_backs: int | None = None
    names: tuple[str, ...] = field(default=(), compare=False)
    rate_search: RateSearch | None = None

    @classmethod
    def of(cls, *parts: "Part") -> "Policy":
        """The policies joined: rules one after the other, later settings overrule.

        Each part: the name of a built-in one, the path of a `.toml` or `.json` file, plain data, a Policy.
        UsageError: what is unknown.
        """
        from descentry.guard.reading import read

        whole = cls()
        for part in parts:
            whole = whole.joined(read(part))
        return whole

    @property
    def roll_back_budget(self) -> int:
        """Roll backs of all rules together; those of a search for the rate are counted apart."""
        return MOST_ROLL_BACKS if self.most_roll_backs is None else self.most_roll_backs

    def joined(self, other: "Policy") -> "Policy":
        """Both: the rules of the other come later, its settings overrule."""
        return Policy(
            (*self.rules, *other.rules),
            other.gate or self.gate,
            other.early_stop or self.early_stop,
            self.most_roll_backs if other.most_roll_backs is None else other.most_roll_backs,
            (*self.names, *other.names),
            other.rate_search or self.rate_search,
        )

    def as_mapping(self) -> dict[str, Any]:
        """Plain JSON values from which `of` makes the same policy."""
        told: dict[str, Any] = {"name": "+".join(self.names)} if self.names else {}
        told["rules"] = [_plain(asdict(rule)) for rule in self.rules]
        for name in ("gate", "early_stop", "rate_search"):
            if (part := getattr(self, name)) is not None:
                told[name] = asdict(part)
        return told if self.most_roll_backs is None else {**told, "most_roll_backs": self.most_roll_backs}


Part = str | PathLike[str] | Mapping[str, Any] | Policy
"""What a policy can be made of."""


def _plain(value: Any) -> Any:
    """Without what is None: TOML has no word for it."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Severity) else value
