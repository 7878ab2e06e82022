"""nan: NaN or Inf in a loss; a loss that collapses to exactly 0; a cross-entropy below 0.

A NaN needs no statistics: the first one is said at once.  Exact zeros are a collapse when N_ZEROS of them
follow a level that was nowhere near zero: a loss that is learnt down to 0.0 passes through small values
first.  A negative value is impossible only where the objective is known to be a cross-entropy: a perplexity
is logged beside it, a vocabulary size is known, or the name says so.
Known liars: the Hugging Face Trainer (`logging_nan_inf_filter`, on by default) and ClearML write 0.0 for NaN.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import Points, View
from descentry.patterns.reinforced import is_reinforced
from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import LOSS_ROLES, Role
from descentry.signal.robust import median, point_noise
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number

N_BEFORE = 64
"""Finite values kept before the onset, to tell a calm end from a growing one."""
_CROSS_ENTROPY = re.compile(r"(^|[^a-z])(ce|xent|cross.?entropy|lm.?loss|mlm.?loss)([^a-z]|$)", re.I)


@dataclass
class NanState:
    curve: str
    role: Role
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=N_BEFORE))
    before: tuple[float, ...] = ()
    n_seen: int = 0
    n_nan: int = 0
    n_inf: int = 0
    first_step: int | None = None
    last_step: int | None = None
    first_seen_index: int = 0
    n_finite_since: int = 0
    start_level: float = float("nan")
    n_zeros: int = 0
    zero_step: int | None = None
    collapse_step: int | None = None
    detected_step: int | None = None
    negative_step: int | None = None
    negative_value: float = 0.0
    restarted_at: int | None = None


@dataclass(frozen=True, slots=True)
class Nan:
    """Says so at the first NaN, at the third exact zero after a sound level, at the first impossible value."""

    id: ClassVar[str] = "nan"
    cadence: ClassVar[str] = "point"
    roles: ClassVar[frozenset[Role]] = LOSS_ROLES

    n_zeros: int = 3
    """Exact zeros in a row that make a collapse.  Higher: a logger that writes a few zeros is forgiven."""
    zero_share: float = 0.02
    """The level before the zeros, as a share of the first level, above which 0 is no continuation of it."""
    rare_share: float = 0.01
    """Up to this share of the values may be lost, and come back, for a warning; more is critical."""
    n_recovered: int = 50
    """Finite values in a row after the last NaN that count as recovery."""

    def init(self, curve: str, role: Role) -> NanState:
        return NanState(curve, role)

    def update_one(self, state: NanState, step: int, value: float) -> bool:
        state.n_seen += 1
        if value - value == 0.0:
            if value > 0.0 and state.first_step is None and not state.n_zeros:
                # The common case, kept short: nothing odd so far and nothing odd now.
                if len(state.recent) < 8:
                    state.start_level = max(state.recent, default=value)
                state.recent.append(value)
                return False
            return self._finite(state, step, value)
        return self._nonfinite(state, step, value)

    def update(self, state: NanState, points: Points) -> bool:
        values = points.values
        is_calm = state.first_step is None and not state.n_zeros and len(state.recent) >= 8
        if is_calm and bool((values > 0.0).all() and np.isfinite(values).all()):
            state.n_seen += len(values)
            state.recent.extend(values[-N_BEFORE:].tolist())
            return False
        return self._each(state, points.steps, values)

    def _each(self, state: NanState, steps: Ints, values: Floats) -> bool:
        news = False
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            news |= self.update_one(state, step, value)
        return news

    def _finite(self, state: NanState, step: int, value: float) -> bool:
        if state.first_step is not None:
            state.n_finite_since += 1
            return state.n_finite_since == self.n_recovered
        if value == 0.0:
            if state.n_zeros == 0:
                state.zero_step = step
            state.n_zeros += 1
            if state.n_zeros == self.n_zeros and state.collapse_step is None and self._was_sound(state):
                state.collapse_step, state.before = state.zero_step, tuple(state.recent)
                state.detected_step = step
                return True
            return False
        state.n_zeros = 0
        if len(state.recent) < 8:
            state.start_level = max((*state.recent, value))
        state.recent.append(value)
        if value < 0.0 and state.negative_step is None:
            state.negative_step, state.negative_value = step, value
            return True
        return False

    def _was_sound(self, state: NanState) -> bool:
        """Whether the values before the zeros were far from zero."""
        if len(state.recent) < 4 or min(state.recent) <= 0.0:
            return False
        return median(np.array(state.recent)[-8:]) > self.zero_share * state.start_level

    def _nonfinite(self, state: NanState, step: int, value: float) -> bool:
        is_nan = value != value
        state.n_nan += is_nan
        state.n_inf += not is_nan
        state.last_step = step
        state.n_finite_since = 0
        if state.first_step is None:
            if state.detected_step is None:
                state.detected_step = step
            state.first_step, state.before, state.first_seen_index = step, tuple(state.recent), state.n_seen
            return True
        return False

    def restart(self, state: NanState, step: int, superseded: Shape) -> bool:
        del superseded
        if state.first_step is not None and state.restarted_at is None:
            state.restarted_at = step
        state.n_zeros = 0
        return False

    def current(self, state: NanState, view: View) -> list[Finding]:
        if state.first_step is not None:
            return [self._nan_finding(state, view)]
        if state.collapse_step is not None:
            return [self._zero_finding(state, view)]
        if state.negative_step is not None and _is_cross_entropy(state.curve, view):
            return [self._negative_finding(state)]
        return []

    def _nan_finding(self, state: NanState, view: View) -> Finding:
        assert state.first_step is not None
        assert state.last_step is not None
        count = state.n_nan + state.n_inf
        word = "NaN" if state.n_nan else "infinite"
        recovered = state.n_finite_since >= self.n_recovered or (
            state.n_finite_since > count and state.n_finite_since >= 3
        )
        is_rare = count <= max(3, self.rare_share * state.n_seen) and state.restarted_at is None
        onset = state.zero_step if state.n_zeros and state.zero_step is not None else state.first_step
        if state.first_seen_index == 1:
            story = f"the loss is {word} from the first logged step on"
        else:
            last = number(state.before[-1]) if state.before else "a finite value"
            story = f"the loss turns {word} at step {grouped(state.first_step)}, from {last} just before"
        if recovered and count == 1:
            story += "; finite again after that one value"
        elif recovered:
            story += f"; {grouped(count)} values in all, finite again after step {grouped(state.last_step)}"
        else:
            story += f"; {grouped(count)} values since"
        facts = _facts_before(state)
        facts.update(
            from_start=float(state.first_seen_index == 1),
            inf=float(state.n_inf > 0),
            zero_before=float(state.n_zeros > 0),
            recovered=float(recovered),
            n_events=float(count),
            on_training=float(state.role is Role.TRAIN_LOSS),
        )
        return Finding(
            pattern=self.id,
            severity=Severity.WARNING if recovered and is_rare else Severity.CRITICAL,
            confidence=0.999,
            curve=state.curve,
            onset_step=onset,
            end_step=state.last_step if recovered else None,
            detected_at_step=state.detected_step if state.detected_step is not None else state.first_step,
            resolved_at_step=view.step if recovered else None,
            statement=story,
            evidence=_evidence_before(state, state.first_step),
            facts=facts,
        )

    def _zero_finding(self, state: NanState, view: View) -> Finding:
        assert state.collapse_step is not None
        facts = {**_facts_before(state), "zero_before": 1.0, "from_start": 0.0}
        return Finding(
            pattern=self.id,
            severity=Severity.CRITICAL,
            confidence=0.95,
            curve=state.curve,
            onset_step=state.collapse_step,
            end_step=None,
            detected_at_step=state.detected_step if state.detected_step is not None else view.step,
            statement=f"the loss drops from {number(state.before[-1])} to exactly 0 at step "
            f"{grouped(state.collapse_step)}: no loss is learnt to 0 in one step; a NaN may be hidden behind it",
            evidence=_evidence_before(state, state.collapse_step),
            facts=facts,
        )

    def _negative_finding(self, state: NanState) -> Finding:
        assert state.negative_step is not None
        return Finding(
            pattern=self.id,
            severity=Severity.CRITICAL,
            confidence=0.95,
            curve=state.curve,
            onset_step=state.negative_step,
            end_step=None,
            detected_at_step=state.negative_step,
            statement=f"a cross-entropy cannot be negative: {number(state.negative_value)} "
            f"at step {grouped(state.negative_step)}",
            evidence=(
                Evidence("below the least possible value", state.curve, state.negative_step,
                         state.negative_value, 0.0),
            ),
            facts={"negative": 1.0},
        )  # fmt: skip


def _is_cross_entropy(curve: str, view: View) -> bool:
    if _CROSS_ENTROPY.search(curve):
        return True
    if is_reinforced(view):
        return False
    return Role.PERPLEXITY in view.names or Role.VAL_PERPLEXITY in view.names or "vocab_size" in view.config


def _facts_before(state: NanState) -> dict[str, float]:
    """How the loss behaved on its way to the onset."""
    before = np.array(state.before)
    if len(before) < 12:
        return {}
    split = max(4, len(before) // 4)
    settled, last = before[:-split], before[-split:]
    noise = max(point_noise(settled), 1e-12)
    rise = (median(last) - median(settled)) / noise
    leap = (float(last.max()) - median(settled)) / noise
    return {
        "rising_before": float(rise > 4.0 or leap > 12.0),
        "calm_before": float(abs(rise) < 3.0 and leap < 6.0),
    }


def _evidence_before(state: NanState, step: int) -> tuple[Evidence, ...]:
    if len(state.before) < 4:
        return ()
    before = np.array(state.before)
    level = median(before[: max(4, len(before) * 3 // 4)])
    return (
        Evidence(
            f"last finite value {number(before[-1])}, level before {number(level)}",
            state.curve, step, float(before[-1]), level,
        ),
    )  # fmt: skip
