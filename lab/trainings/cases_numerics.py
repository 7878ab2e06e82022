"""Cases: numbers, initialisation and capacity."""

from lab.trainings.faults_numerics import BadStart, GrowingLogits, HidesNan, LossScale, Overflows, Underflows
from lab.trainings.recipe import Recipe
from lab.trainings.setup import Fault, Setup


def _at(usual: Recipe, seed: int) -> int:
    return round((0.3 + 0.15 * (seed % 4)) * usual.n_steps)


def _overflow(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    return Setup(
        usual, usual, (Overflows(at, (1.02, 1.1, 50.0)[level]),), at=at, expected={"nan": 0},
        may=frozenset({"exploding_gradient", "spike", "vanishing_gradient"}),
        look_alikes=frozenset({"corrupted_batch", "lr_too_high"}),
    )  # fmt: skip


def _hidden(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    quiet = (frozenset[str](), frozenset({"lr"}), frozenset({"grad_norm"}))[level]
    return Setup(
        usual.changed(quiet=quiet), usual, (HidesNan(at),), at=at, expected={"nan": at + 1},
        may=frozenset({"too_good", "staircase", "vanishing_gradient"}),
        look_alikes=frozenset({"fp16_overflow", "corrupted_batch", "targets_constant"}),
    )  # fmt: skip


def _scale(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    floor = (1.0, 2.0**-4, 2.0**-14)[level]
    return Setup(
        usual, usual, (LossScale(at, 1e9, floor),), at=at, expected={"loss_scale_collapse": at},
        may=frozenset({"plateau", "flat"}), look_alikes=frozenset({"fp16_overflow"}),
    )  # fmt: skip


def _scale_works(usual: Recipe, level: int, seed: int) -> Setup:
    return Setup(usual, usual, (LossScale(usual.n_steps, 1.0),), causes=())


def _underflow(usual: Recipe, level: int, seed: int) -> Setup:
    least = (2e-3, 1e-2, 5e-2)[level]
    return Setup(
        usual, usual, (Underflows(least),), expected={"plateau": 0, "flat": 0, "vanishing_gradient": 0},
        may=frozenset({"plateau", "flat", "vanishing_gradient", "underfit_capacity"}),
        look_alikes=frozenset({"lr_too_low", "frozen_weights", "capacity_too_small", "optimizer_not_stepping"}),
    )  # fmt: skip


def _bad_start(usual: Recipe, level: int, seed: int) -> Setup:
    return Setup(
        usual, usual, (BadStart((4.0, 8.0, 20.0)[level]),), expected={"bad_init": 0, "plateau": 0},
        may=frozenset({"plateau", "exploding_gradient", "vanishing_gradient", "spike"}),
        look_alikes=frozenset({"grad_accum_not_divided", "attention_scale_missing"}),
    )  # fmt: skip


def _unscaled(usual: Recipe, level: int, seed: int) -> Setup:
    factor = (1.0, 2.0, 4.0)[level]
    hot = usual.changed(rate=usual.rate * factor)
    return Setup(
        hot, hot, (BadStart((3.0, 5.0, 8.0)[level]),), options={"scaled": False},
        expected={"plateau": 0, "spike": 0, "bad_init": 0},
        may=frozenset({"plateau", "spike", "bad_init", "saturation", "exploding_gradient"}),
        look_alikes=frozenset({"bad_init", "lr_too_high", "capacity_too_small"}),
    )  # fmt: skip


def _logits(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    rate = (0.01, 0.03, 0.1)[level]
    return Setup(
        usual, usual, (GrowingLogits(rate, at),), at=at, expected={"divergence": at, "exploding_gradient": at},
        always=frozenset({"saturation"}),
        may=frozenset({"divergence", "exploding_gradient", "nan", "spike", "overfit"}),
        look_alikes=frozenset({"lr_too_high"}),
    )  # fmt: skip


def _small_model(usual: Recipe, level: int, seed: int) -> Setup:
    width = (12, 8, 4)[level]
    usual = usual.changed(n_steps=round(1.5 * usual.n_steps))
    return Setup(
        usual, usual, options={"width": width}, expected={"plateau": 0},
        may=frozenset({"plateau", "underfit_capacity", "underfit_duration"}),
        look_alikes=frozenset({"lr_too_low", "label_noise", "weight_decay_too_high"}),
    )  # fmt: skip


FAULTS = [
    Fault("gpt", "fp16_overflow", "fault", _overflow),
    Fault("gpt", "hidden_nan", "fault", _hidden),
    Fault("gpt", "loss_scale_collapse", "fault", _scale),
    Fault("gpt", "loss_scale_works", "healthy", _scale_works, (0,)),
    Fault("gpt", "gradient_underflow", "fault", _underflow),
    Fault("gpt", "bad_init", "fault", _bad_start),
    Fault("gpt", "attention_scale_missing", "fault", _unscaled),
    Fault("gpt", "logit_growth", "fault", _logits),
    Fault("gpt", "capacity_too_small", "fault", _small_model),
]
