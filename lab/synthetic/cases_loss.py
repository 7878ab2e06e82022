"""Made-up cases of the loss itself: the fault, at three severities, and what looks like it."""

from collections.abc import Callable

import numpy as np

from lab.synthetic.courses import Floats
from lab.synthetic.draft import Draft, draft

Event = Callable[[Draft, int], None]
"""Changes a draft, at a severity of 0 to 2, and says what is now so."""


def _row(of: Draft, low: float, high: float) -> int:
    return int(of.random.integers(int(low * of.n), int(high * of.n)))


def spike(of: Draft, level: int) -> None:
    """A leap of 10, 20 or 50 sigma that decays within a fiftieth of the run; the gradient leaps with it."""
    at, height = _row(of, 0.25, 0.85), (10.0, 20.0, 50.0)[level] * of.sigma
    decay = max(2.0, of.n / 200 * float(of.random.uniform(0.3, 1.0)))
    k = np.arange(of.n) - at
    stray = float((of.train - _smooth(of.train)).max())
    of.train += np.where(k >= 0, height * np.exp(-np.maximum(k, 0) / decay), 0.0)
    of.norm[at : at + 3] *= (6.0, 15.0, 60.0)[level]
    if height > 2.0 * stray:
        of.says("spike", at)
    else:
        # Noise alone leaps half as far elsewhere in the run: one may take this for one more of its strays.
        of.may |= {"spike"}
    of.may |= {"exploding_gradient"}


def spikes(of: Draft, level: int) -> None:
    """Three to six of them."""
    rows = np.sort(of.random.choice(np.arange(of.n // 5, of.n - of.n // 10), 3 + level, replace=False))
    for at in rows.tolist():
        k = np.arange(of.n) - at
        of.train += np.where(k >= 0, 25.0 * of.sigma * np.exp(-np.maximum(k, 0) / max(2.0, of.n / 400)), 0.0)
        of.norm[at : at + 2] *= 20.0
    of.says("spike", *rows.tolist())
    of.may |= {"exploding_gradient"}


def nan(of: Draft, level: int) -> None:
    """One NaN, a few, or all from a step on."""
    at = _row(of, 0.2, 0.9)
    stop = (at + 1, at + 4, of.n)[level]
    of.train[at:stop] = (np.nan, np.inf, np.nan)[level]
    if level == 2:
        of.norm[at:] = np.nan
        of.val[of.val_at >= at] = np.nan
    of.says("nan", at)


def hidden_nan(of: Draft, level: int) -> None:
    """The logger writes 0 for NaN; the gradient norm, where it is logged, shows what it is."""
    at = _row(of, 0.3, 0.9)
    of.train[at:] = 0.0
    of.norm[at:] = np.nan
    keep = of.val_at < at
    of.val_at, of.val = of.val_at[keep], of.val[keep]
    of.says("nan", at)
    of.causes, of.may = ("hidden_nan",), {"too_good", "staircase", "vanishing_gradient"}
    if level == 0:
        of.logs -= {"grad_norm"}
        of.look_alikes = frozenset({"fp16_overflow"})


def flat(of: Draft, level: int) -> None:
    """It never leaves its start."""
    of.train = np.full(of.n, 6.2) + of.sigma * (0.5, 1.0, 2.0)[level] * of.random.standard_normal(of.n)
    of.val = 6.2 + 0.2 * of.sigma * of.random.standard_normal(len(of.val_at))
    of.norm = np.full(of.n, 0.1) * np.exp(0.1 * of.random.standard_normal(of.n))
    of.says("flat")
    of.may |= {"sawtooth", "plateau"}


def divergence(of: Draft, level: int) -> None:
    """It rises from a step on to 30, 80 or 300 % of its fall."""
    at = _row(of, 0.4, 0.7)
    rise = (0.3, 0.8, 3.0)[level] * float(of.train[0] - of.train.min())
    share = np.clip((np.arange(of.n) - at) / (of.n - at), 0.0, 1.0)
    of.train += rise * share ** (1.0, 0.7, 0.5)[level]
    of.val += rise * share[of.val_at] ** (1.0, 0.7, 0.5)[level]
    of.norm *= 1.0 + 3.0 * share
    of.says("divergence", at)
    of.may |= {"data_shift", "exploding_gradient", "spike"}


def plateau(of: Draft, level: int) -> None:
    """The fall stops dead early on: what was left of it does not come."""
    at = int(of.n * (0.35, 0.25, 0.12)[level])
    noise = of.train - _smooth(of.train)
    of.train = _smooth(of.train)
    # Validation stalls with training: its gap is that of the course before it was stopped.
    gap = of.val - of.train[of.val_at]
    of.train[at:] = of.train[at] + 0.0 * of.train[at:]
    of.train += noise
    of.val = np.interp(of.val_at, np.arange(of.n), _smooth(of.train)) + np.median(gap)
    of.rate[:] = of.rate.max()
    of.says("plateau", at)
    of.may |= {"underfit_capacity", "vanishing_gradient", "sawtooth"}


def overfit(of: Draft, level: int) -> None:
    """Validation turns up."""
    at = int(of.n * float(of.random.uniform(0.25, 0.5)))
    scale = float(of.train[0] - np.nanmin(of.train))
    share = np.clip((of.val_at - at) / (of.n - at), 0.0, 1.0)
    low = np.interp(at, of.val_at, of.val)
    of.val = np.where(of.val_at > at, low + share * scale * (0.1, 0.25, 0.8)[level], of.val)
    of.says("overfit", at)
    of.may |= {"loss_metric_split"}


def data_shift(of: Draft, level: int) -> None:
    """The level changes at a step and stays so, up or down."""
    at = _row(of, 0.35, 0.75)
    sign = 1.0 if of.random.random() < 0.6 else -1.0
    size = (4.0, 7.0, 12.0)[level] * of.sigma * sign
    of.train[at:] += size
    of.causes, of.look_alikes = (
        ("data_refresh_shift",),
        frozenset({"corrupted_shard", "code_or_dependency_change"}),
    )
    of.may |= {"spike", "restart_bump"} if sign > 0 else {"staircase"}
    is_tied = of.random.random() < 0.5
    if is_tied:
        of.beside("data_version", np.where(np.arange(of.n) >= at, 2.0, 1.0))
    if sign > 0 or is_tied:
        of.says("data_shift", at)
    else:
        # A drop that nothing goes with is as much a stair.
        of.may |= {"data_shift"}


def oscillation(of: Draft, level: int) -> None:
    """Swings of a steady period, many points long."""
    period = of.n / float(of.random.uniform(6, 25))
    of.train += (2.5, 4.0, 8.0)[level] * of.sigma * np.sin(2 * np.pi * np.arange(of.n) / period)
    of.says("oscillation")
    of.may |= {"sawtooth", "data_shift", "spike"}


def sawtooth(of: Draft, level: int) -> None:
    """White noise as large as what the run still gains."""
    gain = float(np.median(of.train[of.n // 3 : of.n // 3 + of.n // 20]) - np.median(of.train[-of.n // 20 :]))
    noise = (2.0, 4.0, 8.0)[level] * max(gain, of.sigma)
    # What dips below 0 is a signed objective, whose noise hides no progress: this loss stays above.
    lift = max(0.0, 5.0 * noise - float(of.train.min()))
    of.train += lift + noise * of.random.standard_normal(of.n)
    of.val += lift
    of.says("sawtooth")
    of.may |= {"spike", "plateau"}


def staircase(of: Draft, level: int) -> None:
    """Abrupt lasting drops."""
    rows = (np.linspace(0.15, 0.85, 3 + level) * of.n).astype(int)
    drop = (6.0, 10.0, 16.0)[level] * of.sigma
    for at in rows.tolist():
        of.train[at:] -= drop
        of.val[of.val_at >= at] -= 0.3 * drop
    of.says("staircase", *rows.tolist())
    of.may |= {"data_shift"}


def bad_init(of: Draft, level: int) -> None:
    """It starts far above ln(vocabulary) and comes down within the first hundredth."""
    of.config["vocab_size"] = 50257
    shift = 10.82 - float(of.train[0])
    of.train += shift
    of.val += shift
    of.train += (5.0, 15.0, 60.0)[level] * np.exp(-np.arange(of.n) / max(2.0, of.n / 120))
    of.says("bad_init")
    of.causes, of.look_alikes = ("bad_init",), frozenset({"grad_accum_not_divided"})


def too_good(of: Draft, level: int) -> None:
    """It falls to nearly nothing at once."""
    of.config["vocab_size"] = 32000
    fast = of.n * (0.05, 0.02, 0.008)[level]
    of.train = 0.002 + 10.37 * np.exp(-np.arange(of.n) / fast) * np.exp(
        0.05 * of.random.standard_normal(of.n)
    )
    of.val = of.train[of.val_at] * 1.02
    of.norm = 0.01 + of.norm * np.exp(-np.arange(of.n) / fast)
    of.says("too_good")
    of.causes, of.look_alikes = ("targets_equal_inputs",), frozenset({"targets_constant", "val_leakage"})
    of.may |= {"vanishing_gradient", "leakage"}


def leakage(of: Draft, level: int) -> None:
    """Validation below training throughout, with no averaging or dropout to explain it."""
    scale = float(of.train[0] - of.train.min())
    course = _smooth(of.train)
    # A cross-entropy stays above 0 however much has leaked.
    gap = min((0.06, 0.12, 0.25)[level] * scale, 0.7 * float(course.min()))
    of.val = np.interp(of.val_at, np.arange(of.n), course) - gap
    of.val += 0.1 * of.sigma * of.random.standard_normal(len(of.val_at))
    if gap > 0.13 * float(course[of.n // 2]):
        of.says("leakage")
    else:
        # The healthy trained runs show gaps up to this share: their held-out text is a little easier.
        of.may |= {"leakage"}
    of.causes, of.look_alikes = ("val_leakage",), frozenset({"dropout_gap", "label_noise"})


def restart_bump(of: Draft, level: int) -> None:
    """A resume without its optimiser state: the log goes back, the loss jumps and comes back within a thirtieth."""
    at = _row(of, 0.3, 0.8)
    height = (5.0, 10.0, 25.0)[level] * of.sigma
    k = np.arange(of.n) - at
    of.before_resume = at, of.train[at : at + max(3, of.n // int(of.random.integers(30, 120)))].copy()
    of.train += np.where(k >= 0, height * np.exp(-np.maximum(k, 0) / (of.n / 90)), 0.0)
    of.says("restart_bump", at)
    of.may |= {"spike", "log_overlap"}
    of.causes = ("resume_without_optimizer",)
    of.look_alikes = frozenset({"corrupted_batch", "resume_lr_reset"})


def double_descent(of: Draft, level: int) -> None:
    """Validation falls, rises, and falls again."""
    t = of.val_at / of.n
    scale = float(of.train[0] - of.train.min())
    of.val = of.val + scale * (0.15, 0.3, 0.6)[level] * np.exp(-((t - 0.45) ** 2) / 0.012)
    of.says("double_descent")
    of.may |= {"overfit", "oscillation", "loss_metric_split"}


def grokking(of: Draft, level: int) -> None:
    """Training is done early; validation stands still for long, then falls at once."""
    t = np.arange(of.n) / of.n
    at = (0.4, 0.6, 0.75)[level]
    of.train = 0.002 + 3.4 * np.exp(-t / 0.02) * np.exp(0.05 * of.random.standard_normal(of.n))
    of.val = (
        0.02
        + 5.0 / (1 + np.exp((of.val_at / of.n - at) / 0.02))
        + 0.03 * of.random.standard_normal(len(of.val_at))
    )
    of.val = np.abs(of.val)
    of.norm = 0.02 + of.norm * np.exp(-t / 0.02)
    of.says("grokking")
    of.may |= {"plateau", "overfit", "vanishing_gradient", "too_good", "staircase", "loss_metric_split"}
    of.causes = ("grokking",)


def underfit_duration(of: Draft, level: int) -> None:
    """Cut off while it still falls fast, the rate far from the end of its plan."""
    keep = int(of.n * (0.3, 0.2, 0.1)[level])
    of.config["max_steps"] = of.step(of.n - 1)
    inside = of.val_at < keep
    of.val_at, of.val = of.val_at[inside], of.val[inside]
    of.train, of.rate, of.norm = of.train[:keep], of.rate[:keep], of.norm[:keep]
    of.says("underfit_duration")
    of.causes = ("stopped_too_early",)


def _smooth(values: Floats) -> Floats:
    """A running median of a fiftieth of the run, the ends by their own."""
    width = max(5, len(values) // 50) | 1
    padded = np.pad(values, width // 2, mode="edge")
    smooth: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    return smooth


FAULTS: dict[str, Event] = {
    event.__name__: event
    for event in (spike, spikes, nan, hidden_nan, flat, divergence, plateau, overfit, data_shift, oscillation,
                  sawtooth, staircase, bad_init, too_good, leakage, restart_bump, double_descent, grokking,
                  underfit_duration)
}  # fmt: skip


def made_up(event: Event, level: int, seed: int) -> Draft:
    """A healthy draft with that event in it."""
    of = draft(1000 + seed)
    event(of, level)
    return of
