"""Facts about the learning rate around a finding."""

import numpy as np

from descentry.diagnosis.span import Span
from descentry.patterns.protocol import View
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.robust import median
from descentry.signal.shape import Shape


def rate_facts(span: Span, finding: Finding, view: View) -> dict[str, float]:
    """The `lr.*` facts; only `lr.known` = 0 where no learning rate is logged."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None:
        return {"lr.known": 0.0}
    peak = float(rate.high.max())
    inside = rate.levels[(rate.last_steps >= span.onset) & (rate.first_steps <= span.end)]
    if not len(inside):
        inside = np.array([rate.level_at(span.onset)])
    spread = peak - float(rate.low.min())
    facts = {
        "lr.known": 1.0,
        "lr.zero": float(np.abs(inside).max() == 0.0),
        "lr.peak": peak,
        "lr.constant": float(spread <= 1e-6 * peak),
        "lr.warmup_share": warmup_share(rate),
        "lr.rising_at_onset": float(_is_rising(rate, span)),
        "lr.schedule_ended": float(_has_ended(rate, span, peak)),
    }
    if peak > 0:
        facts["lr.span_share_of_peak"] = median(inside) / peak
    before, after = _around(rate, span)
    if before > 0:
        facts["lr.change_at_onset"] = after / before
    if "rate_aligned" in finding.facts:
        facts["lr.events_aligned"] = finding.facts["rate_aligned"]
    return facts


def warmup_share(rate: Shape) -> float:
    """The share of the run's steps in which the rate climbs from the start; 0.0 when it starts at full size."""
    levels = rate.levels
    if len(levels) < 3:
        return 0.0
    top = float(levels[: max(3, len(levels) // 2)].max())
    if top <= 0 or levels[0] > 0.9 * top:
        return 0.0
    at = int(np.flatnonzero(levels >= 0.98 * top)[0])
    length = max(1, rate.last_step - rate.first_step)
    return float((rate.steps[at] - rate.first_step) / length)


def _around(rate: Shape, span: Span) -> tuple[float, float]:
    """The rate shortly before and shortly after the onset."""
    reach = max(span.tolerance, 2.0 * span.spacing)
    before = rate.levels[(rate.last_steps < span.onset) & (rate.last_steps >= span.onset - reach)]
    after = rate.levels[(rate.first_steps >= span.onset) & (rate.first_steps <= span.onset + reach)]
    if not len(before) or not len(after):
        return 0.0, 0.0
    return median(before), median(after)


def _is_rising(rate: Shape, span: Span) -> bool:
    back = rate.level_at(span.onset - max(span.tolerance, 5 * span.spacing))
    return rate.level_at(span.onset) > 1.01 * back and rate.level_at(span.onset) > 0


def _has_ended(rate: Shape, span: Span, peak: float) -> bool:
    """Whether the rate had come down to its end before the onset and stays there."""
    now = rate.level_at(span.onset)
    later = rate.levels[rate.first_steps >= span.onset]
    low = float(rate.levels.min())
    had_peak = bool((rate.levels[rate.last_steps <= span.onset] >= 0.98 * peak).any())
    stays = not len(later) or float(later.max()) <= 1.1 * now + 0.002 * peak
    return (
        had_peak and stays and peak > 0 and (now <= 0.02 * peak or (now <= 1.05 * low and low < 0.35 * peak))
    )
