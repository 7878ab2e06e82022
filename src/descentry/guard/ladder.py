"""From what stands to what is done: rules in order, each with its rungs, budgets and cool-downs.

Pure bookkeeping: everything it knows comes in by arguments and goes out as an action, so a replay decides the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from descentry.guard.actions import Checkpoint, ClipTo, Deed, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.rules import Policy, Rule, Rung
from descentry.record.finding import Finding

Stand = tuple[str, str, str, int]
"""A finding as it stands: pattern, curve, severity, events.  A further spike, or one that came back, is another."""
_NOWHERE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known when an action may be chosen.

    `saved`: the steps of the checkpoints there are, with the number of batches drawn until then; `n_batches`: drawn by
    now; `n_points`: steps seen in all, those trained again included; `n_bad`, `n_surprises`: in a row up to now, since
    the steps `bad_from`, `surprise_from`; `causes`: the likeliest cause of what stands, by pattern; `rate_back`: what
    brings the learning rate back to that before a resume, 0.0 where nothing need; `advises`: nothing will be done;
    `decided_from`: the step from which the best rate is known, None where it is not.
    """

    step: int
    n_batches: int
    n_points: int
    saved: Mapping[int, int]
    findings: tuple[Finding, ...] = ()
    causes: Mapping[str, str] = field(default_factory=lambda: _NOWHERE)
    n_bad: int = 0
    bad_from: int = 0
    n_surprises: int = 0
    surprise_from: int = 0
    why: str = ""
    best_step: int | None = None
    n_steps: int | None = None
    rate_back: float = 0.0
    advises: bool = False
    decided_from: int | None = None


@dataclass
class Ladder:
    """How often each rule has acted, and when; `seen`: since which point each finding has stood.

    `advises`: nothing is done about what it asks for, so a rule asks once for as long as its finding stands.
    """

    policy: Policy
    advises: bool = False
    at: list[int] = field(default_factory=list)
    free_from: list[int] = field(default_factory=list)
    has_asked: list[bool] = field(default_factory=list)
    n_roll_backs: int = 0
    seen: dict[Stand, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_rules = len(self.policy.rules)
        self.at = self.at or [0] * n_rules
        self.free_from = self.free_from or [0] * n_rules
        self.has_asked = self.has_asked or [False] * n_rules

    def choose(self, now: Moment) -> Deed | None:
        """The first action that a rule asks for now; None where none does."""
        self._note(now)
        for i, rule in enumerate(self.policy.rules):
            if self.at[i] >= len(rule.do):
                continue
            told = self._asks(rule, now)
            is_new, self.has_asked[i] = not self.has_asked[i], told is not None
            if (
                told is None
                or now.n_points < self.free_from[i]
                or _is_refuted(rule.do[self.at[i]], told[0], now)
            ):
                self.has_asked[i] &= not is_new
                continue
            if is_new or not self.advises:
                return self._climbs(i, rule, *told, now)
        return None

    def rolled_back(self) -> None:
        """The run is another one from the checkpoint on: what stood is forgotten, budgets are not."""
        self.seen.clear()
        self.has_asked = [False] * len(self.has_asked)

    def _climbs(self, i: int, rule: Rule, onset: int, why: str, now: Moment) -> Deed:
        rung = rule.do[self.at[i]]
        self.at[i] += 1
        self.free_from[i] = now.n_points + rule.cool_down
        if rule.on == "resume_rate":
            rung = replace(rung, rate=rung.rate * now.rate_back)
        return self._done(rung, onset, f"{rule.on}: {why}", now)

    def _note(self, now: Moment) -> None:
        """Since when each finding has stood."""
        standing = {_stand(one) for one in now.findings}
        self.seen = {key: since for key, since in self.seen.items() if key in standing}
        for key in standing:
            self.seen.setdefault(key, now.n_points)

    def _asks(self, rule: Rule, now: Moment) -> tuple[int, str] | None:
        """Onset and reason, where the rule's finding stands now."""
        if rule.on == "nonfinite":
            return (now.bad_from, now.why) if now.n_bad >= rule.in_a_row else None
        if rule.on == "surprise":
            return (now.surprise_from, now.why) if now.n_surprises >= rule.in_a_row else None
        if rule.on == "resume_rate":
            return (now.step, f"{1.0 / now.rate_back:.3g} times the rate before") if now.rate_back else None
        for one in now.findings:
            if one.pattern == rule.on and self._counts(rule, one, now):
                return max((one.onset_step, *one.steps[-1:])), one.statement
        return None

    def _counts(self, rule: Rule, one: Finding, now: Moment) -> bool:
        stood = now.n_points - self.seen[_stand(one)]
        return (
            one.confidence >= rule.least_confidence
            and one.severity.rank >= rule.least_severity.rank
            and stood >= rule.lasting
            and one.onset_step <= rule.since_start * max(now.n_steps or 0, now.step, 1)
            and (rule.cause is None or now.causes.get(one.pattern) == rule.cause)
        )

    def _done(self, rung: Rung, onset: int, why: str, now: Moment) -> Deed:
        """The rung as an action at this moment."""
        match rung.action:
            case "skip_batch":
                return SkipBatch(why)
            case "scale_lr":
                return ScaleLr(rung.rate, _bounded(rung.for_steps, rung, now), why)
            case "clip_to":
                return ClipTo(rung.norm or 1.0, why)
            case "checkpoint":
                return Checkpoint(why)
            case "roll_back" if self.n_roll_backs < self.policy.roll_back_budget:
                self.n_roll_backs += 1
                return _roll_back(rung, onset, why, now)
            case "roll_back":
                return Stop(f"{why} (after {self.n_roll_backs} roll backs)", now.best_step)
            case _:
                return Stop(why, now.best_step)


def _stand(one: Finding) -> Stand:
    return one.pattern, one.curve, one.severity.value, len(one.steps)


def _roll_back(rung: Rung, onset: int, why: str, now: Moment) -> RollBack:
    """To the newest checkpoint before the onset that is there; where none is that old, to the oldest."""
    target = onset - (_bounded(rung.before, rung, now) or 0)
    if not now.saved:
        return RollBack(max(0, target), rung.skip, rung.rate, rung.norm, why)
    old = [step for step in now.saved if step <= target]
    step = max(old) if old else min(now.saved)
    skip = now.n_batches - now.saved[step] + (_bounded(rung.skip, rung, now) or 0) if rung.skip else 0
    return RollBack(step, skip, rung.rate, rung.norm, why)


def _is_refuted(rung: Rung, onset: int, now: Moment) -> bool:
    """Whether it would begin again at a rate that was compared and found to be worse."""
    if now.decided_from is None or rung.action != "roll_back" or rung.rate >= 1.0:
        return False
    return _roll_back(rung, onset, "", now).to_step <= now.decided_from


def _bounded(n: int | None, rung: Rung, now: Moment) -> int | None:
    """At most the rung's share of the planned steps, where they are planned."""
    if n is None or now.n_steps is None:
        return n
    return min(n, max(1, round(rung.share * now.n_steps)))
