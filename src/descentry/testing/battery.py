"""The curves that every detector is tried on: one of each kind, small enough to be read row by row."""

from collections.abc import Mapping

import numpy as np

from descentry.record.chunk import Chunk
from descentry.testing import curves, curves_events, curves_signals, curves_validation
from descentry.testing.curves import TRAIN, healthy


def battery(n_points: int = 900) -> Mapping[str, Chunk]:
    """Made runs by name: a healthy one, one for each pattern, and what logs do on top of it."""
    part = n_points // 10
    base = healthy(n_points, seed=7)
    quarters = [part * 3, part * 5, part * 7]
    return {
        "healthy": base,
        "spike": curves.spike(base, at=6 * part, height=1.5),
        "spikes": curves.spike(curves.spike(base, at=4 * part, height=1.0), at=8 * part, height=2.0),
        "nan tail": curves.nan(base, at=7 * part),
        "one infinity": curves.nan(base, at=5 * part, n_points=1, value=np.inf),
        "zeros": curves.nan(base, at=6 * part, value=0.0),
        "plateau": curves.plateau(base, at=4 * part),
        "stall": curves.plateau(base, at=part // 3, until=5 * part),
        "flat": curves.flat(base),
        "divergence": curves.divergence(base, at=6 * part, rise=1.5),
        "overfit": curves.overfit(base, at=4 * part, rise=0.8),
        "staircase": curves.staircase(base, quarters),
        "lr steps": curves.staircase(base, quarters, by="lr"),
        "epochs": curves.staircase(base, quarters, ratio=0.8, by="epoch"),
        "grokking": curves_validation.grokking(base, at=6 * part),
        "double descent": curves_validation.double_descent(base, at=5 * part, height=0.8),
        "metric": curves_validation.metric(base, at=5 * part, lost=0.4),
        "leakage": curves_validation.leakage(base, share=0.3),
        "test set": curves_validation.with_test_loss(base),
        "cut off": base.take(0, part),
        "gradients explode": curves_signals.exploding(base, at=5 * part, factor=1e3),
        "gradients vanish": curves_signals.vanishing(base, at=4 * part),
        "inside": curves_signals.collapsing_scale(
            curves_signals.saturating(
                curves_signals.dying(curves_signals.updates(base, still=(1,)), at=5 * part, share=0.6),
                at=4 * part,
                factor=100.0,
            ),
            at=6 * part,
        ),
        "objectives": curves_signals.hacking(
            curves_signals.trading(base, at=4 * part, rise=2.0), at=5 * part, fall=0.3
        ),
        "another level": curves_events.data_shift(base, at=5 * part, size=0.5, version=True),
        "swings": curves_events.swinging(base, n_cycles=9.0, amplitude=0.2),
        "bump": curves_events.bumped(base, at=6 * part, height=0.8, back=part // 4, decay=part / 5),
        "high start": curves_events.started_high(base, excess=20.0, decay=part / 10, vocab_size=50257),
        "given away": curves_events.given_away(base),
        "sawtooth": curves.sawtooth(base, sigma=1.0),
        "overlap": curves.resumed(base, at=6 * part, back=part),
        "blow-up": curves.nan(curves.divergence(base, at=5 * part, rise=8.0), at=8 * part),
        "late start": curves.nan(base, at=0, n_points=3),
        "negative": curves.with_values(base, TRAIN, base.columns[TRAIN].values - 3.0),
    }
