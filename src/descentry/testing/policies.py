"""The laws of policies, as checks that raise LawBroken: call `check_policy` on your own file.

    from descentry.testing.policies import check_policy
    def test_mine_keeps_the_laws() -> None:
        check_policy("policies/mine.toml")

`play` drives a guard over a made curve as a training would: it goes back when it is told to.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from descentry.guard.actions import Deed, RollBack, Stop
from descentry.guard.guard import Guard
from descentry.guard.rules import Part, Policy
from descentry.record.chunk import Chunk
from descentry.testing import curves
from descentry.testing.curves_signals import exploding, gradients
from descentry.testing.noise import NOISES
from descentry.testing.verdicts import demand

N_POINTS = 2_000
EVERY = 50
"""Steps between two checkpoints."""
MOST_TIMES = 20
"""A policy that makes a training so many times as long goes round in circles."""
Rows = tuple[Mapping[str, float], ...]


@dataclass(frozen=True)
class Played:
    """What a guard asked for: with the step, and with the steps trained until then.  `ended`: before the limit."""

    deeds: tuple[tuple[int, int, Deed], ...]
    n_trained: int
    ended: bool

    @property
    def stopped(self) -> Stop | None:
        """The stop that ended it; None where it ran to its end."""
        last = self.deeds[-1][2] if self.deeds else None
        return last if isinstance(last, Stop) else None


def check_policy(part: Part) -> None:
    """All laws.  Raises LawBroken, or UsageError where the policy is not understood."""
    policy = Policy.of(part)
    check_round_trip(policy)
    check_silence(policy)
    check_end(policy)


def check_round_trip(policy: Policy) -> None:
    """As plain data, through JSON, it is the same policy again."""
    again = Policy.of(json.loads(json.dumps(policy.as_mapping())))
    demand(
        "plain data make the same policy", "as JSON", [] if again == policy else [f"{again} against {policy}"]
    )


def check_silence(policy: Policy, seeds: Iterable[int] = (0,)) -> None:
    """Nothing is done to healthy runs, whatever their noise."""
    for name, noise in NOISES.items():
        for seed in seeds:
            chunk = gradients(curves.healthy(N_POINTS, seed, noise), seed)
            deeds = play(policy, chunk).deeds
            demand("a healthy run is left alone", f"{name}, seed {seed}", [str(one) for one in deeds[:3]])


def check_end(policy: Policy) -> None:
    """On runs that no action saves: budgets are kept, and it ends in a stop or falls silent."""
    for name, chunk in hurt().items():
        played = play(policy, chunk)
        demand("it ends", name, [] if played.ended else [f"{played.n_trained} steps, and no end"])
        n_back = sum(isinstance(deed, RollBack) for _, _, deed in played.deeds)
        over = (
            [] if n_back <= policy.roll_back_budget else [f"{n_back} of {policy.roll_back_budget} roll backs"]
        )
        demand("roll backs stay within the budget", name, over)
        demand("a rule acts no oftener and no sooner than it says", name, _hasty(policy, played))


def hurt(n_points: int = N_POINTS) -> Mapping[str, Chunk]:
    """Runs that are lost: what is wrong with them comes with the batch, and goes on."""
    half, plain = n_points // 2, gradients(curves.healthy(n_points, 1), 1)
    spikes = plain
    for at in range(half, n_points - 100, 150):
        spikes = exploding(curves.spike(spikes, at, 4.0, 30.0), at, 30.0, 5)
    return {
        "spikes": spikes,
        "nan": curves.nan(plain, half),
        "divergence": exploding(curves.divergence(plain, half, 4.0), half, 30.0),
        "plateau": curves.plateau(plain, half),
        "overfit": curves.overfit(gradients(curves.healthy(n_points, 2, n_validations=60), 2), half, 1.0),
    }


def play(
    part: Part, chunk: Chunk, *, every: int = EVERY, act: bool = True, n_steps: int | None = None
) -> Played:
    """The guard on this curve, whose rows are batches: gone back to, passed over, until a stop or the last batch."""
    rows = rows_of(chunk)
    guard = Guard(part, act=act, n_steps=n_steps, background=False, budget_s=inf)
    deeds: list[tuple[int, int, Deed]] = []
    position, step, n_trained, saved = 0, 0, 0, dict[int, int]()
    while position < len(rows) and n_trained < MOST_TIMES * len(rows):
        if step % every == 0:
            guard.saved(step)
            saved[step] = position
        action = guard.observe(step, batch=position, **rows[position])
        position, step, n_trained = position + 1, step + 1, n_trained + 1
        asked = guard.history[-1][1] if len(guard.history) > len(deeds) else None
        if asked is not None:
            deeds.append((step - 1, n_trained, asked))
        if isinstance(action, RollBack):
            step, position = action.to_step, saved[action.to_step] + action.skip
        if isinstance(action, Stop):
            break
    demand("the guard does not fail", "play", list(guard.faults))
    return Played(tuple(deeds), n_trained, n_trained < MOST_TIMES * len(rows))


def rows_of(chunk: Chunk) -> Rows:
    """The signals of each row, as a loop hands them to `observe`."""
    rows: list[dict[str, float]] = [{} for _ in range(chunk.n_rows)]
    for name, (at, values) in chunk.columns.items():
        for row, value in zip(at.tolist(), values.tolist(), strict=True):
            rows[row]["loss" if name == curves.TRAIN else name] = value
    return tuple(rows)


def _hasty(policy: Policy, played: Played) -> list[str]:
    """Deeds beyond the rungs of all rules on their pattern, or within the cool-down of the one before."""
    problems = []
    for on in {rule.on for rule in policy.rules}:
        rules = [rule for rule in policy.rules if rule.on == on]
        at = [n for _, n, deed in played.deeds if deed.reason.startswith(f"{on}: ")]
        if len(at) > sum(len(rule.do) for rule in rules):
            problems.append(f"{on}: {len(at)} actions")
        if len(rules) == 1:
            gaps = [b - a for a, b in pairwise(at)]
            problems += [f"{on}: again after {gap} steps" for gap in gaps if gap < rules[0].cool_down]
    return problems
