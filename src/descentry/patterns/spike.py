"""spike: the loss leaps far above its own recent level, then comes back, fully or in part.

Level and noise come from the blocks before (signal/level.py).  A point that stands above the level
by more noise than `candidate` opens an excursion, which ends when a later block has come back.  Which
excursions count is decided by how far this curve's own noise reaches and how long it stays there
(signal/tails.py): at the rate `alarm_rate` by noise alone, whatever its length.  A leap must also
matter to the eye: a share of the whole descent, or of the level.

A live run is told of a leap at its very point, since what leaps so far is no noise, whether or not it will come
back.  Each new point is a new chance to err: at n points the rate is spread over the points so far, which sums to
the logarithm of a run's length, so a share of one in `live_looks` keeps it for any length (alpha spending).  At the
end of the log all is judged again by the tails of the whole.  Blocks are closed and bars are set by count, so any
chunking gives the same answer.  NaN belongs to `nan` and is skipped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import Points, View
from descentry.patterns.spike_finding import finding
from descentry.patterns.spike_state import SpikeState
from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE
from descentry.signal.excursion import Excursion, bar_of, forget_low, margin, rank_score, run_up
from descentry.signal.level import BlockLevel, residuals
from descentry.signal.robust import median
from descentry.signal.shape import Shape

MAX_EVENTS = 512
MOST_AT_ONCE = 5
"""Excursions that are judged together."""
COUNTS = range(1, MOST_AT_ONCE + 1)
LIVE_PARTS = (0.5, *(0.5 / (MOST_AT_ONCE - 1) for _ in COUNTS[1:]))
"""What the highest, the second highest, … of a growing run may spend of its rate."""
SLOW_KNOWN = 100
"""Points from which it is known how far the level strays by slow noise."""
LEAST_STAY = 2
"""High points in a row that are a stay at all."""
BARS_GROWTH = 1.1
"""Growth of the count of points after which the bars of a live run are set anew."""


@dataclass(frozen=True, slots=True)
class Spike:
    """Leaps that noise of this curve does not explain and that come back."""

    id: ClassVar[str] = "spike"
    cadence: ClassVar[str] = "point"
    roles: ClassVar[frozenset[Role]] = frozenset({Role.TRAIN_LOSS, Role.VAL_LOSS})

    candidate: float = 6.0
    """Noise units above the level that open an excursion.  Lower: more work, no more findings."""
    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: small spikes are missed."""
    rate_share: float = 0.5
    """Part of the rate that is the spikes': single points have more chances to err than shapes.  Higher: more false
    alarms."""
    descent_share: float = 0.05
    """Least height as a share of the whole descent so far."""
    huge_share: float = 0.25
    """Height as a share of the descent that no slow noise has, even before it is known.  Higher: fewer, larger ones."""
    stands_out: float = 1.5
    """A stay must be so many times as high as the highest strays but five.  Lower: slow noise is called a spike."""
    unseen_share: float = 0.002
    """Changes below this share of the descent count as noise.  Higher: blind to leaps in a fine tail."""
    attempt_share: float = 0.05
    """A restart within this share of the steps so far is another attempt, no resume."""
    live_looks: float = 18.0
    """The natural logarithm of how much longer than its first points a run may grow: 10^9 from twenty.  Higher:
    leaps of a live run are told later."""
    level_share: float = 0.10
    """Least height as a share of the level, which suffices while the level is not yet near zero."""

    def init(self, curve: str, role: Role) -> SpikeState:
        return SpikeState(curve, role, BlockLevel(self.unseen_share))

    def update_one(self, state: SpikeState, step: int, value: float) -> bool:
        if value - value != 0.0:
            return False
        if state.first_step is None:
            state.first_step = step
        news = False
        if value > state.upper:
            news = self._above(state, step, value, state.values)
        state.steps.append(step)
        state.values.append(value)
        if len(state.values) >= state.base.size:
            news |= self._close(state, np.array(state.steps, np.int64), np.array(state.values)[None, :])
            state.steps.clear()
            state.values.clear()
        return news

    def update(self, state: SpikeState, points: Points) -> bool:
        finite = np.isfinite(points.values)
        steps, values = points.steps[finite], points.values[finite]
        if state.first_step is None and len(steps):
            state.first_step = int(steps[0])
        done, news = 0, False
        while done < len(values):
            whole = state.n_whole(len(values) - done)
            if state.values or whole == 0:
                news |= self.update_one(state, int(steps[done]), float(values[done]))
                done += 1
                continue
            until = done + whole * state.base.size
            news |= self._blocks(state, steps[done:until], values[done:until].reshape(whole, -1))
            done = until
        return news

    def _blocks(self, state: SpikeState, steps: Ints, rows: Floats) -> bool:
        """The vector form of `update_one`: all blocks at once, candidates one by one."""
        levels, noises, _ = state.base.ahead(rows)
        upper = levels + self.candidate * noises
        # The first block is measured against what is known now; block k against the blocks before it.
        n_rows, size = rows.shape
        state_upper = np.concatenate([[state.upper], upper[:-1]])
        hot = np.flatnonzero((rows > state_upper[:, None]).any(axis=1))
        if state.open is None and not len(hot):
            return self._close(state, steps, rows)
        row, news = 0, False
        while row < n_rows:
            following = row if state.open is not None else min(_next(hot, row), n_rows)
            if following > row:
                news |= self._close(state, steps[row * size : following * size], rows[row:following])
                row = following
                continue
            block = slice(row * size, (row + 1) * size)
            for i in np.flatnonzero(rows[row] > state.upper).tolist():
                step, value = int(steps[row * size + i]), float(rows[row, i])
                news |= self._above(state, step, value, rows[row, :i])
            news |= self._close(state, steps[block], rows[row : row + 1])
            row += 1
        return news

    @np.errstate(over="ignore", invalid="ignore")
    def _close(self, state: SpikeState, steps: Ints, rows: Floats) -> bool:
        """Blocks are complete: count the tails, move level and noise on, see whether an excursion ended.

        True when an excursion has turned out to be a spike.
        """
        event = state.open
        ahead = state.base.ahead(rows)
        self._count(state, rows, ahead[2])
        medians = state.base.close(rows, ahead)
        state.last_block = rows[-1].copy()
        if event is not None:
            self._follow(state, event, medians, int(steps[-1]))
        self._set_limit(state)
        if state.base.n_points < state.bars_due:
            return False
        self._set_bars(state)
        # With more points noise is known better: what was in doubt may have become clear.
        told = [self._tell(state, event, int(steps[-1])) for event in state.events]
        return any(told)

    def _set_bars(self, state: SpikeState) -> None:
        """The scores from which one, two, … excursions of a live run are no noise."""
        state.bars_due = math.ceil(BARS_GROWTH * state.base.n_points)
        state.renew_tails()
        state.bars = self._bars(state, growing=True)

    def _tell(self, state: SpikeState, event: Excursion, step: int) -> bool:
        """Whether an excursion is known for a spike now and was not before."""
        if event.told_at is not None or not state.bars:
            return False
        # Of heavy-tailed noise most excursions are far below any bar: they cost nothing.
        is_low = event.stay < LEAST_STAY and event.score < state.bars[-1] * margin(event)
        if is_low or not self._is_real(state, event, bar_of(state.events, state.bars), growing=True):
            return False
        event.told_at = step
        return True

    def _set_limit(self, state: SpikeState) -> None:
        base = state.base
        state.upper = base.level + self.candidate * base.noise if base.is_known else float("inf")

    def _count(self, state: SpikeState, rows: Floats, noises: Floats) -> None:
        """Count the tails of the noise: residuals from each block's own line.  Single strays belong to it.

        Stays above the limit do not, nor does anything until an excursion has ended.  Of several rows at once none
        holds a candidate; the first alone is measured against what is known now.
        """
        high = rows[0] > state.upper
        is_stay = bool((high[1:] & high[:-1]).any())
        if is_stay or (state.open is not None and state.open.first_index < state.base.n_points):
            return
        noise = np.concatenate([[state.base.least], noises[:-1]])
        sound = noise > 0
        if sound.any():
            limit = state.upper if state.open is not None else float("inf")
            state.tails.add(residuals(rows[sound], limit) / noise[sound, None])

    def _follow(self, state: SpikeState, event: Excursion, medians: Floats, step: int) -> None:
        """Close the open excursion when the curve is back, or when it has become the new level."""
        event.low_since = min(event.low_since, float(medians.min()))
        came_back = event.low_since <= event.level + 0.25 * event.height
        if came_back or event.n_points > max(100, 0.15 * state.base.n_points):
            event.end_step = step
            state.open = None

    def _above(self, state: SpikeState, step: int, value: float, so_far: Sequence[float] | Floats) -> bool:
        """A point above the limit: a new excursion, or one more point of the open one; True for news.

        `so_far`: the values of its block before it.
        """
        index = state.base.n_points + len(so_far)
        event = state.open
        if event is None and state.events and state.events[-1].last_index == index - 1:
            # It had been closed at the end of a block whose first half was still low.
            event = state.open = state.events[-1]
            event.end_step = None
        if event is None:
            base, near = state.base, np.concatenate([state.last_block, so_far])
            previous = float(near[-1]) if len(near) else float("nan")
            event = Excursion(step, base.level, base.noise, value, step, index, index, previous, base.least)
            event.run_up = run_up(np.append(near, value))
            state.open = event
            state.events.append(event)
            state.n_excursions += 1
            if len(state.events) > MAX_EVENTS:
                forget_low(state.events)
        event.take(step, value, index)
        return self._tell(state, event, step)

    def restart(self, state: SpikeState, step: int, superseded: Shape) -> bool:
        """The log goes back: excursions that are written anew are forgotten.

        A resume is measured against the level that it should go on from; another attempt begins afresh.
        """
        state.events = [event for event in state.events if event.onset_step < step]
        state.steps.clear()
        state.values.clear()
        state.open = None
        first = state.first_step if state.first_step is not None else step
        if not len(superseded):
            return False
        if step - first <= self.attempt_share * (superseded.last_step - first):
            state.base.forget_level()
            state.upper = float("inf")
        else:
            state.base.resume(median(superseded.levels[:5]))
            self._set_limit(state)
        return False

    def current(self, state: SpikeState, view: View) -> list[Finding]:
        events = self._real(state) if view.ended else [event for event in state.events if self._stands(event)]
        if not events:
            return []
        return [finding(state.curve, state.role, state.base.descent, events, view)]

    def _stands(self, event: Excursion) -> bool:
        """Whether what a live run was told is still so: what stays up is another pattern."""
        return event.told_at is not None and event.comes_back and not event.is_climb

    def _real(self, state: SpikeState) -> list[Excursion]:
        """The excursions of a complete log that noise does not explain, that matter, and that come back."""
        if not state.events:
            return []
        bar = bar_of(state.events, self._bars(state, growing=False))
        return [event for event in state.events if self._is_real(state, event, bar, growing=False)]

    def _bars(self, state: SpikeState, growing: bool) -> tuple[float, ...]:
        """The scores that noise passes once, twice, … as seldom as the rate asks.

        Of several, the m-th highest has a lower bar: where noise is expected to pass it e times, m do with
        probability e^m / m! (Poisson), which may be the rate.
        """
        fit = state.known_tails.fit(growing)
        rate = self.rate_share * self.alarm_rate / (self.live_looks if growing else 1.0)
        parts = LIVE_PARTS if growing else (1.0,) * MOST_AT_ONCE
        asked = (
            (math.factorial(m) * part * rate) ** (1.0 / m) for m, part in zip(COUNTS, parts, strict=True)
        )
        return tuple(max(self.candidate + 1.0, fit.reach(expected)) for expected in asked)

    def _is_real(self, state: SpikeState, event: Excursion, bar: float, growing: bool) -> bool:
        base = state.base
        matters = event.height >= self.descent_share * base.descent or (
            event.height >= self.level_share * abs(event.level)
            and abs(event.level) > 0.15 * max(abs(base.highest), abs(base.lowest))
        )
        if not matters or not event.comes_back or event.is_climb:
            return False
        # Heavy tails bring single strays, never a stay far above the level; slow noise does, where it is not known yet.
        # A descent that has hardly begun makes anything huge.
        is_huge = not growing and event.height >= self.huge_share * base.descent >= 5.0 * event.noise
        is_beyond = event.score >= bar * margin(event)
        return is_beyond or (
            (is_huge or event.first_index >= SLOW_KNOWN) and self._stays(state, event, bar, growing)
        )

    def _stays(self, state: SpikeState, event: Excursion, bar: float, growing: bool) -> bool:
        """Whether it stays up for longer than noise does, and stands out among the strays of this curve."""
        rate = self.rate_share * self.alarm_rate / (self.live_looks if growing else 1.0)
        if event.score < self.stands_out * max(self.candidate, rank_score(state.events, MOST_AT_ONCE)):
            return False
        tails = state.known_tails
        # Of slow noise whatever is high stays: then only the height speaks.
        if event.height < tails.alike * bar * event.point_noise:
            return False
        return event.stay >= tails.stay(state.n_excursions, rate)


def _next(sorted_rows: Ints, row: int) -> int:
    at = int(np.searchsorted(sorted_rows, row))
    return int(sorted_rows[at]) if at < len(sorted_rows) else 1 << 62
