"""Whether a fault shows: a run is laid beside its twin, the same training without the fault.

No detector sees the twin, the true onset or the true cause, so these judgements share nothing with what they judge.
Each gives how strongly a pattern shows: 1 and more is beyond doubt (`must`), 0.4 and more is arguable (`may`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.case import Series, Truth

Floats = NDArray[np.float64]
CERTAIN, ARGUABLE = 1.0, 0.4


@dataclass(frozen=True, slots=True)
class Beside:
    """A run and its twin, and where the fault begins (0 when it is there from the start)."""

    run: Mapping[str, Series]
    twin: Mapping[str, Series]
    at: int
    uniform: float

    def of(self, name: str = "train_loss") -> Floats:
        """The values of a series of the run."""
        return self.run[name][1]

    def level(self, first: float, last: float, name: str = "train_loss", twin: bool = False) -> float:
        """The median between two shares of the run, NaN where nothing finite stands there."""
        values = (self.twin if twin else self.run)[name][1]
        part = values[
            int(first * len(values)) : max(int(first * len(values)) + 1, math.ceil(last * len(values)))
        ]
        part = part[np.isfinite(part)]
        return float(np.median(part)) if len(part) else math.nan

    def noise(self, name: str = "train_loss") -> float:
        """The point-to-point noise of the twin over its last half."""
        values = self.twin[name][1]
        return spread(values[len(values) // 2 :])

    def fall(self, twin: bool = True) -> float:
        """How far the training loss fell in all."""
        return self.level(0.0, 0.005, twin=twin) - self.level(0.9, 1.0, twin=twin)

    def around(self, n: int, name: str = "train_loss") -> tuple[Floats, Floats]:
        """The n values before and after the fault's begin."""
        steps, values = self.run[name]
        k = int(np.searchsorted(steps, self.at))
        return values[max(0, k - n) : k], values[k : k + n]


def spread(values: Floats) -> float:
    """A robust estimate of white noise on a slow course: the median size of differences."""
    change = np.diff(values[np.isfinite(values)])
    return float(np.median(np.abs(change)) / 0.954) if len(change) else 0.0


def flat(of: Beside) -> float:
    """The fall is a small share of the twin's."""
    own = of.level(0.0, 0.01) - of.level(0.9, 1.0)
    noise = spread(of.of())
    # What fell and came back has diverged: it did leave its start.
    lowest = float(np.nanmin(blocks(of.of(), 5)))
    left = of.level(0.0, 0.01) - lowest
    if left > 0.1 * of.fall() and left > 4.0 * noise:
        return 0.0
    strength = 0.04 / max(own / of.fall(), 1e-9) if of.fall() > 0 else 0.0
    # A fall that the eye sees may be slow or nothing, by what one knows of the task.
    return min(strength, 0.9) if own > 2.0 * noise else strength


def plateau(of: Beside) -> float:
    """It stands still through its last two fifths, above its twin."""
    late = of.level(0.6, 0.7) - of.level(0.9, 1.0)
    above = (of.level(0.9, 1.0) - of.level(0.9, 1.0, twin=True)) / of.fall()
    still = 0.02 * max(of.fall(twin=False), 1e-9) / max(abs(late), 1e-9)
    strength = min(still, above / 0.08) if of.fall(twin=False) > 0.1 * of.fall() else 0.0
    return strength if stops_dead(of) or rate_ended(of) else min(strength, 0.9)


def rate_ended(of: Beside) -> bool:
    """Whether the rate is next to nothing through the last two fifths: what stands still there was stopped."""
    if "lr" not in of.run:
        return False
    rates = of.run["lr"][1]
    return float(rates[int(0.6 * len(rates)) :].max()) <= 1e-3 * float(rates.max())


def stops_dead(of: Beside) -> bool:
    """Whether the fall ends all at once: what slows down by and by may have converged, for all that one can see."""
    smooth = blocks(of.of(), 10)
    end = float(np.median(smooth[-len(smooth) // 3 :]))
    fall = float(smooth[0]) - end
    there = int(np.argmax(smooth <= end + 0.04 * fall))
    # Halfway to where 4 % are left an exponential approach has a fifth left: a floor, for all that one can see.
    return there > 1 and float(smooth[there // 2]) - end > 0.35 * fall


def spike(of: Beside) -> float:
    """The highest of the values after the fault's begin, over the level before it, in noise."""
    before, after = of.around(40)
    if not len(before) or not len(after):
        return 0.0
    height = float(np.nanmax(after)) - float(np.median(before))
    back = float(np.nanmedian(of.of()[-max(20, len(of.of()) // 10) :])) - float(np.median(before))
    return height / (8.0 * of.noise()) if back < 0.8 * height else 0.0


def divergence(of: Beside) -> float:
    """It ends far above its lowest level."""
    # Short blocks: a descent of few steps that is lost again is one all the same.
    smooth, lowest = blocks(of.of(), 50), float(np.nanmin(blocks(of.of(), 5)))
    smooth = smooth[np.isfinite(smooth)]
    if not len(smooth):
        return 0.0
    rise = float(smooth[-1]) - max(lowest, float(np.nanmin(smooth)) - 2.0 * of.noise())
    return rise / max(8.0 * of.noise(), 0.12 * of.fall())


def nan(of: Beside) -> float:
    """A value that is no number, or a zero that hides one."""
    return 2.0 if not np.isfinite(of.of()).all() or (of.of() == 0).any() else 0.0


def overfit(of: Beside) -> float:
    """Validation ends above its minimum by more than its own noise."""
    values = of.of("val_loss")
    smooth = np.convolve(values, np.ones(3) / 3, "valid")
    rise = float(np.median(values[-4:]) - smooth.min())
    return min(rise / (6.0 * spread(values) + 1e-12), rise / (0.04 * abs(float(smooth.min()))))


def data_shift(of: Beside) -> float:
    """The level before and after, less what the twin changes there, in noise."""
    before, after = of.around(90)
    # The first values may leap and come down: the level is what stays.
    before, after = before[-60:], after[30:]
    if len(before) < 20 or len(after) < 20:
        return 0.0
    steps, values = of.twin["train_loss"]
    k = int(np.searchsorted(steps, of.at))
    drift = float(np.median(values[k + 30 : k + 90]) - np.median(values[max(0, k - 60) : k]))
    return abs(float(np.median(after) - np.median(before)) - drift) / (2.0 * of.noise())


def restart_bump(of: Beside) -> float:
    """The values just after the restart over those before it, in noise."""
    steps, values = of.run["train_loss"]
    back = np.flatnonzero(np.diff(steps) <= 0)
    k = int(back[0]) + 1 if len(back) else int(np.searchsorted(steps, of.at))
    before, after = float(np.median(values[max(0, k - 40) : k])), values[k : k + 60]
    if len(after) < 20:
        return 0.0
    quick, slow = float(np.median(after[1:12])) - before, float(np.median(after[12:])) - before
    return max(quick / 2.0, slow) / of.noise()


def sawtooth(of: Beside) -> float:
    """The point-to-point noise against what the last two thirds gain."""
    values = of.of()[np.isfinite(of.of())]
    if len(values) < 20:
        return 0.0
    early, late = values[len(values) // 3 : int(0.43 * len(values))], values[-len(values) // 10 :]
    gain = float(np.median(early) - np.median(late))
    return spread(values[len(values) // 3 :]) / max(2.0 * gain, 1e-9)


def oscillation(of: Beside) -> float:
    """Slow swings about the trend against the noise that a mean of as many points keeps."""
    values = of.of()
    n = max(8, len(values) // 60)
    means = blocks(values[len(values) // 5 :], n)
    k = np.arange(len(means))
    rest = means - np.polyval(np.polyfit(k, means, 3), k)
    return float(np.std(rest)) / (4.0 * of.noise() / math.sqrt(n) + 1e-12)


def bad_init(of: Beside) -> float:
    """The first loss over that of a uniform guess."""
    return (of.level(0.0, 0.003) / of.uniform - 1.0) / 0.35


def too_good(of: Beside) -> float:
    """It ends far below what the twin reaches."""
    end, twin = of.level(0.9, 1.0), of.level(0.9, 1.0, twin=True)
    return 0.15 / max(end / twin, 1e-9)


def leakage(of: Beside) -> float:
    """Validation below training, against the twin's gap."""
    gap = of.level(0.6, 1.0) - of.level(0.6, 1.0, "val_loss")
    return gap / max(0.06 * abs(of.level(0.6, 1.0)), 1e-9)


def underfit_duration(of: Beside) -> float:
    """What the last tenth still gained, against the whole fall; arguable at most once the rate has ended."""
    gained = (of.level(0.78, 0.88) - of.level(0.92, 1.0)) / (0.03 * of.fall(twin=False))
    # A rate at the end of its schedule planned for this end: more steps of no size would have gained nothing.
    rates = of.run["lr"][1] if "lr" in of.run else np.ones(1)
    ended = float(rates[-1]) < 0.1 * float(rates.max())
    return min(gained, 0.9) if ended else gained


def exploding_gradient(of: Beside) -> float:
    """The gradient norm after the begin against its median before."""
    steps, norms = of.run["grad_norm"]
    k = max(20, int(np.searchsorted(steps, of.at)))
    usual = float(np.nanmedian(norms[max(0, k - 200) : k]))
    return math.log10(max(float(np.nanmax(norms[k:], initial=usual)) / usual, 1e-9)) / 1.5


def vanishing_gradient(of: Beside) -> float:
    """The gradient norm at the end against its level in the first tenth."""
    early = of.level(0.01, 0.1, "grad_norm")
    late = of.level(0.9, 1.0, "grad_norm")
    return math.log10(max(early / max(late, 1e-12), 1e-9)) / 2.0


def loss_scale_collapse(of: Beside) -> float:
    """How often the scale was halved by the end, net."""
    values = of.of("loss_scale")
    return math.log2(float(values.max()) / float(values[-1])) / 8.0


def reward_hacking(of: Beside) -> float:
    """The held-out preference falls from its top while the reward still climbs."""
    held, reward = of.of("eval_preference"), of.of("reward")
    top = int(held.argmax())
    fallen = float(held[top] - held[-5:].mean()) / (0.15 * abs(float(held[top] - held[0])) + 1e-9)
    share = int((top + 1) / len(held) * len(reward))
    climbed = float(reward[-80:].mean() - reward[max(0, share - 40) : share + 40].mean())
    return fallen if climbed > 0 else 0.0


def grokking(of: Beside) -> float:
    """Validation accuracy comes long after training accuracy."""
    steps, trained = of.run["train_accuracy"]
    _, held = of.run["val_accuracy"]
    learned = int(np.argmax(trained > 0.95)) if (trained > 0.95).any() else len(trained)
    known = int(np.argmax(held > 0.9)) * len(steps) // len(held) if (held > 0.9).any() else 0
    return (known - learned) / (0.25 * len(steps)) if known else 0.0


def double_descent(of: Beside) -> float:
    """Validation falls, rises by more than its noise, and falls again below what it rose to."""
    values = blocks(of.of("val_loss"), 3)
    top = int(np.argmax(values[len(values) // 10 : -len(values) // 5])) + len(values) // 10
    before, after = float(values[:top].min()), float(values[top:].min())
    rise, down = float(values[top]) - before, float(values[top]) - after
    strength = min(rise, down) / max(5.0 * spread(of.of("val_loss")), 0.05 * before)
    # What wins back but a part of its rise has overfit, to many eyes.
    return strength if down > 0.5 * rise else min(strength, 0.9)


def objective_tradeoff(of: Beside) -> float:
    """One head ends far above its twin's while the other does not."""
    gaps = []
    for name in ("image_loss", "text_loss"):
        start = of.level(0.0, 0.01, name, twin=True)
        end = of.level(0.9, 1.0, name, twin=True)
        gaps.append((of.level(0.9, 1.0, name) - end) / (start - end))
    return (max(gaps) - min(gaps)) / 0.3


def blocks(values: Floats, n: int) -> Floats:
    """The medians of consecutive n values, the last ones as a block of their own; NaN where none is finite."""
    n = max(1, min(n, len(values)))
    parts = np.array_split(values, max(1, len(values) // n))
    return np.array([np.median(p[np.isfinite(p)]) if np.isfinite(p).any() else np.nan for p in parts])


ORACLES: Mapping[str, Callable[[Beside], float]] = {
    judge.__name__: judge
    for judge in (
        flat, plateau, spike, divergence, nan, overfit, data_shift, restart_bump, sawtooth, oscillation, bad_init,
        too_good, leakage, underfit_duration, exploding_gradient, vanishing_gradient, loss_scale_collapse,
        reward_hacking, grokking, double_descent, objective_tradeoff,
    )
}  # fmt: skip


def truth(of: Beside, expected: Mapping[str, int], always: frozenset[str], may: frozenset[str],
          causes: tuple[str, ...], look_alikes: frozenset[str]) -> Truth:  # fmt: skip
    """What shows for certain and what is arguable among the `expected` patterns (pattern -> onset step).

    `always`: patterns that are so by construction.  What does not show at all is left out of both.
    """
    must, arguable = set(always), set(may)
    for name in expected:
        strength = ORACLES[name](of)
        if strength >= CERTAIN:
            must.add(name)
        elif strength >= ARGUABLE:
            arguable.add(name)
    if "train_loss" in of.run and sawtooth(of) > 0.05:
        arguable.add("sawtooth")
    # These trainings are short: whatever their fault, many are cut off while they still fall.
    if "train_loss" in of.run and underfit_duration(of) >= ARGUABLE:
        arguable.add("underfit_duration")
    if "nan" in must and divergence(of) >= ARGUABLE:
        # A rise that ends in NaN is the way there, or a trouble of its own: either can be told.
        must.discard("divergence")
        arguable.add("divergence")
    if "flat" in must:
        # What has not left its start has nothing to fall on with.
        must -= {"underfit_duration", "plateau"}
        arguable |= {"underfit_duration", "plateau"}
    onset = {name: (step,) for name, step in expected.items() if name in must and step}
    if "nan" in onset:
        steps, values = of.run["train_loss"]
        onset["nan"] = (int(steps[int(np.argmax(~np.isfinite(values) | (values == 0)))]),)
    return Truth(frozenset(must), frozenset(arguable - must), onset, causes, look_alikes)
