"""Made-up cases that show in other signals: gradients, scales, modules, metrics, objectives."""

import numpy as np

from lab.synthetic.draft import Draft


def _row(of: Draft, low: float, high: float) -> int:
    return int(of.random.integers(int(low * of.n), int(high * of.n)))


def _after(of: Draft, at: int) -> np.ndarray:
    return np.clip((np.arange(of.n) - at) / max(1, of.n - at), 0.0, 1.0)


def _accuracy(of: Draft) -> np.ndarray:
    """An accuracy that goes with the validation loss, float64[k]."""
    low, high = float(of.val.min()), float(of.val.max())
    return 0.9 - 0.8 * (of.val - low) / (high - low) + 0.004 * of.random.standard_normal(len(of.val))


def exploding_gradient(of: Draft, level: int) -> None:
    """The norm grows 30-, 300- or 10,000-fold from a step on."""
    at = _row(of, 0.4, 0.7)
    of.norm *= (30.0, 300.0, 1e4)[level] ** _after(of, at)
    of.train += of.sigma * (1.0, 4.0, 15.0)[level] * _after(of, at)
    of.says("exploding_gradient", at)
    of.may |= {"divergence", "data_shift", "plateau"}


def vanishing_gradient(of: Draft, level: int) -> None:
    """The norm dies and the loss stands still."""
    at = _row(of, 0.2, 0.4)
    share = np.clip(_after(of, at) * 6, 0, 1)
    of.norm *= (1e-3, 1e-4, 1e-6)[level] ** share
    noise = of.sigma * of.random.standard_normal(of.n)
    of.train[at:] = of.train[at] + noise[at:]
    of.val[of.val_at >= at] = of.train[at] + 0.2 * noise[of.val_at[of.val_at >= at]]
    of.rate[:] = of.rate.max()
    of.says("vanishing_gradient", at)
    of.may |= {"plateau", "flat", "underfit_capacity"}


def loss_scale_collapse(of: Draft, level: int) -> None:
    """The scale is halved again and again, down to its floor or for ever."""
    at = _row(of, 0.4, 0.8)
    every = max(1, of.n // (400, 800, 3000)[level])
    halvings = np.maximum(0, np.arange(of.n) - at) // every
    of.beside("loss_scale", 2.0 ** np.maximum(16 - halvings, (0, -4, -30)[level]).astype(float))
    of.says("loss_scale_collapse", at)
    of.may |= {"plateau", "nan"}
    of.causes, of.look_alikes = ("loss_scale_collapse",), frozenset({"fp16_overflow"})


def dead_units(of: Draft, level: int) -> None:
    """The share of units that never activate climbs in one layer."""
    at = _row(of, 0.3, 0.6)
    top = (0.45, 0.7, 0.95)[level]
    for k in range(3):
        share = np.abs(0.05 + 0.01 * of.random.standard_normal(of.n))
        rise = top * np.clip(8 * _after(of, at), 0, 1) if k == 1 else 0.0
        # A share cannot pass 1: what is no share is no count of dead units.
        of.beside(f"dead_fraction/layers.{k}", np.minimum(share + rise, 1.0))
    of.says("dead_units", at)
    of.may |= {"plateau"}


def saturation(of: Draft, level: int) -> None:
    """The largest attention logit grows without limit."""
    at = _row(of, 0.2, 0.5)
    of.beside(
        "attention/max_logit",
        8.0 * np.exp(0.05 * of.random.standard_normal(of.n)) * (12.0, 60.0, 1e3)[level] ** _after(of, at),
    )
    of.says("saturation", at)
    of.may |= {"divergence", "exploding_gradient"}
    of.causes = ("logit_growth",)


def frozen_weights(of: Draft, level: int) -> None:
    """The weights of one module never change."""
    for k, name in enumerate(("embed", "layers.0", "layers.1", "head")):
        moving = 1e-3 * np.exp(0.2 * of.random.standard_normal(of.n))
        of.beside(f"update_ratio/{name}", np.zeros(of.n) if k == 1 + level % 2 else moving)
    of.says("frozen_weights")
    of.causes = ("frozen_weights",)


def loss_metric_split(of: Draft, level: int) -> None:
    """The validation loss falls on while the accuracy goes down, or the other way round."""
    at = _row(of, 0.4, 0.6)
    accuracy = _accuracy(of)
    k = of.val_at >= at
    accuracy[k] -= (0.08, 0.2, 0.5)[level] * _after(of, at)[of.val_at[k]]
    of.more["val_accuracy"] = (of.steps()[of.val_at], accuracy)
    kept = np.convolve(accuracy, np.ones(3) / 3, "valid")
    # An accuracy that goes on gaining, only less, is what diminishing returns look like: nobody could tell.
    if kept.max() - kept[-1] > 0.02:
        of.says("loss_metric_split", at)
    else:
        of.may |= {"loss_metric_split"}


def objective_tradeoff(of: Draft, level: int) -> None:
    """One domain falls, the other rises from a step on."""
    at = _row(of, 0.3, 0.5)
    scale = float(of.train[0] - of.train.min())
    worse = of.train + (0.2, 0.5, 1.0)[level] * scale * _after(of, at)
    better = of.train - (0.1, 0.2, 0.4)[level] * scale * _after(of, at)
    of.beside("loss/en", better)
    of.beside("loss/fr", worse + 0.1)
    of.says("objective_tradeoff", at)
    of.may |= {"divergence", "data_shift", "plateau", "overfit"}
    of.causes, of.look_alikes = (
        ("objective_conflict",),
        frozenset({"modality_imbalance", "multitask_head_stall"}),
    )


def reward_hacking(of: Draft, level: int) -> None:
    """The reward climbs, the divergence from the reference blows up, the held-out preference falls."""
    at = _row(of, 0.35, 0.55)
    t = np.arange(of.n) / of.n
    late = _after(of, at)
    of.beside("reward", 0.2 + 1.8 * (1 - np.exp(-3 * t)) + late + 0.05 * of.random.standard_normal(of.n))
    of.beside(
        "kl", np.abs(0.02 + 3 * t + (8, 25, 100)[level] * late**1.5 + 0.02 * of.random.standard_normal(of.n))
    )
    held = 0.5 + 0.25 * (1 - np.exp(-3 * t)) - (0.15, 0.3, 0.5)[level] * late
    of.more["eval_preference"] = (
        of.steps()[of.val_at],
        held[of.val_at] + 0.005 * of.random.standard_normal(len(of.val_at)),
    )
    of.logs -= {"val_loss"}
    of.says("reward_hacking", at)
    of.may |= {"loss_metric_split", "objective_tradeoff"}
    of.causes, of.look_alikes = ("kl_coefficient_too_low",), frozenset({"reward_hacking"})


def looked_at_test_set(of: Draft, level: int) -> None:
    """The test set is looked at with every evaluation: a choice by it is no measure any more."""
    values = of.val + 0.2 * of.sigma * of.random.standard_normal(len(of.val))
    of.more["test_loss"] = (of.steps()[of.val_at], values)
    of.says("leakage")


FAULTS = {
    event.__name__: event
    for event in (exploding_gradient, vanishing_gradient, loss_scale_collapse, dead_units, saturation, frozen_weights,
                  loss_metric_split, objective_tradeoff, reward_hacking, looked_at_test_set)
}  # fmt: skip
