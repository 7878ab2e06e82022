"""Cases without a fault: plain runs, schedules at work, and what looks odd and is not."""

from lab.trainings import recipe as schedules
from lab.trainings.recipe import Recipe
from lab.trainings.setup import Fault, Setup

SHAPES = {
    "constant": schedules.constant, "cosine": schedules.cosine, "linear": schedules.linear,
    "wsd": schedules.stable_decay,
}  # fmt: skip


def _plain(usual: Recipe, level: int, seed: int) -> Setup:
    return Setup(usual, usual, causes=(), may=frozenset({"underfit_duration"}))


def _quiet(usual: Recipe, level: int, seed: int) -> Setup:
    """Healthy and logged the way people do: seldom, or without rate and norm."""
    recipe = usual.changed(log_every=(1, 5, 10)[level], quiet=frozenset({"grad_norm", "lr"}))
    return Setup(recipe, recipe, causes=(), may=frozenset({"underfit_duration"}))


def _steps(usual: Recipe, level: int, seed: int) -> Setup:
    recipe = usual.changed(schedule=schedules.steps, rate=usual.rate * (0.7, 1.0, 2.0)[level], warmup=10)
    return Setup(
        recipe, recipe, causes=("step_decay_schedule",), look_alikes=frozenset({"epoch_repeat"}),
        may=frozenset({"staircase", "data_shift", "underfit_duration", "plateau"}),
    )  # fmt: skip


def _restarts(usual: Recipe, level: int, seed: int) -> Setup:
    recipe = usual.changed(schedule=schedules.restarts, rate=usual.rate * (0.7, 1.0, 2.0)[level], warmup=10)
    return Setup(
        recipe, recipe, causes=("cosine_restarts",), look_alikes=frozenset({"cyclical_lr"}),
        may=frozenset({"restart_bump", "oscillation", "staircase", "underfit_duration"}),
    )  # fmt: skip


def _cycles(usual: Recipe, level: int, seed: int) -> Setup:
    recipe = usual.changed(schedule=schedules.cyclical, rate=usual.rate * (0.7, 1.0, 2.0)[level], warmup=10)
    return Setup(
        recipe, recipe, causes=("cyclical_lr",), look_alikes=frozenset({"cosine_restarts"}),
        may=frozenset({"restart_bump", "oscillation", "staircase", "underfit_duration"}),
    )  # fmt: skip


def _cooldown(usual: Recipe, level: int, seed: int) -> Setup:
    recipe = usual.changed(schedule=schedules.stable_decay, rate=usual.rate * (1.0, 1.5, 2.5)[level])
    return Setup(
        recipe, recipe, causes=("schedule_cooldown",),
        may=frozenset({"staircase", "data_shift", "underfit_duration"}),
    )  # fmt: skip


def _warm(usual: Recipe, level: int, seed: int) -> Setup:
    recipe = usual.changed(warmup=round(usual.n_steps * (0.1, 0.2, 0.35)[level]))
    return Setup(recipe, recipe, causes=("warmup",), may=frozenset({"underfit_duration"}))


def _dropout(usual: Recipe, level: int, seed: int) -> Setup:
    options = {"dropout": (0.2, 0.4, 0.6)[level], "n_examples": None}
    return Setup(
        usual, usual, options=options, plain=options, causes=("dropout_gap",), look_alikes=frozenset({"label_noise"}),
        may=frozenset({"leakage", "underfit_duration", "sawtooth"}),
    )  # fmt: skip


def _resumed(usual: Recipe, level: int, seed: int) -> Setup:
    recipe = usual.changed(resume_at=0.3 + 0.2 * level, resume_back=(5, 20, 50)[seed % 3])
    return Setup(
        recipe, usual, causes=("resume_duplicate_steps",), always=frozenset({"log_overlap"}),
        may=frozenset({"underfit_duration"}),
    )  # fmt: skip


def _groks(usual: Recipe, level: int, seed: int) -> Setup:
    options = {"share": (0.48, 0.45, 0.42)[level]}
    recipe = usual.changed(n_steps=usual.n_steps * (1, 2, 2)[level], rate=1.5 * usual.rate)
    return Setup(
        recipe, recipe, options=options, plain=options, causes=("grokking",), expected={"grokking": 0},
        may=frozenset({"grokking", "double_descent", "overfit", "loss_metric_split", "plateau", "vanishing_gradient"}),
    )  # fmt: skip


def _descends_twice(usual: Recipe, level: int, seed: int) -> Setup:
    options = {"n_examples": (220, 260, 300)[seed % 3], "label_noise": (0.6, 0.75, 0.9)[level], "ratio": 0.08}
    return Setup(
        usual, usual, options=options, plain=options, causes=("double_descent",),
        expected={"double_descent": 0},
        may=frozenset({"double_descent", "overfit", "leakage", "vanishing_gradient"}),
        look_alikes=frozenset({"small_dataset_overfit", "label_noise"}),
    )  # fmt: skip


FAULTS = [
    Fault("gpt", "plain", "healthy", _plain, (0,)),
    Fault("clouds", "plain", "healthy", _plain, (0,)),
    Fault("gpt", "quietly", "healthy", _quiet),
    Fault("clouds", "quietly", "healthy", _quiet),
    Fault("gpt", "step_decay_schedule", "benign", _steps),
    Fault("clouds", "step_decay_schedule", "benign", _steps),
    Fault("gpt", "cosine_restarts", "benign", _restarts),
    Fault("gpt", "cyclical_lr", "benign", _cycles),
    Fault("gpt", "schedule_cooldown", "benign", _cooldown),
    Fault("gpt", "warmup", "benign", _warm),
    Fault("clouds", "dropout_gap", "benign", _dropout),
    Fault("gpt", "resume_duplicate_steps", "benign", _resumed),
    Fault("addition", "grokking", "benign", _groks),
    Fault("regression", "double_descent", "benign", _descends_twice),
]
