"""Cases: the data."""

from lab.trainings.faults_data import (
    Constant,
    EqualsInput,
    Garbage,
    Ordered,
    Padded,
    Refreshed,
    Repeated,
    Shuffled,
)
from lab.trainings.recipe import Recipe
from lab.trainings.setup import Fault, Setup


def _at(usual: Recipe, seed: int) -> int:
    return round((0.35 + 0.1 * (seed % 4)) * usual.n_steps)


def _bad_batch(usual: Recipe, level: int, seed: int) -> Setup:
    at, length = _at(usual, seed), (1, 1, 2)[level]
    share = (0.4, 1.0, 1.0)[level]
    return Setup(
        usual.changed(rate=usual.rate * (1, 1, 2)[level]), usual, (Garbage(at, at + length, share),), at=at,
        expected={"spike": at + 1}, may=frozenset({"spike", "exploding_gradient", "restart_bump"}),
    )  # fmt: skip


def _bad_shard(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    share = (0.1, 0.25, 0.6)[level]
    return Setup(
        usual, usual, (Garbage(at, at + usual.n_steps // 6, share),), at=at, expected={"data_shift": at + 1},
        may=frozenset({"spike", "data_shift", "plateau", "exploding_gradient", "oscillation", "restart_bump"}),
        look_alikes=frozenset({"duplicated_or_noisy_content", "data_refresh_shift"}),
    )  # fmt: skip


def _label_noise(usual: Recipe, level: int, seed: int) -> Setup:
    share = (0.2, 0.4, 0.7)[level]
    size = {"n_examples": None}
    return Setup(
        usual, usual, options={"label_noise": share, **size}, plain=size, expected={"plateau": 0, "leakage": 0},
        may=frozenset({"plateau", "leakage", "sawtooth", "underfit_capacity"}),
        look_alikes=frozenset({"capacity_too_small", "dropout_gap", "duplicated_or_noisy_content", "batch_too_small"}),
    )  # fmt: skip


def _ordered(usual: Recipe, level: int, seed: int) -> Setup:
    return Setup(
        usual, usual, (Ordered((8.0, 5.0, 3.0)[level], (2, 3, 4)[level]),), expected={"sawtooth": 0},
        may=frozenset({"oscillation", "data_shift", "spike", "staircase", "restart_bump", "sawtooth"}),
        look_alikes=frozenset({"cyclical_lr", "epoch_repeat"}),
    )  # fmt: skip


def _refreshed(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    return Setup(
        usual, usual, (Refreshed(at, (0.1, 0.3, 0.6)[level]),), at=at, expected={"data_shift": at + 1},
        may=frozenset({"data_shift", "spike", "restart_bump", "overfit", "exploding_gradient"}),
        look_alikes=frozenset({"corrupted_shard", "code_or_dependency_change"}),
    )  # fmt: skip


def _small(usual: Recipe, level: int, seed: int) -> Setup:
    size = (1024, 384, 128)[level]
    return Setup(
        usual, usual, options={"n_examples": size, "spread": 2.2}, plain={"spread": 2.2},
        expected={"overfit": 0}, may=frozenset({
            "overfit", "loss_metric_split", "staircase", "vanishing_gradient", "spike", "exploding_gradient",
        }),
        look_alikes=frozenset({"data_exhausted", "label_noise"}),
    )  # fmt: skip


def _exhausted(usual: Recipe, level: int, seed: int) -> Setup:
    share = (0.02, 0.008, 0.003)[level]
    usual = usual.changed(n_steps=2 * usual.n_steps)
    return Setup(
        usual, usual, options={"share": share}, expected={"overfit": 0}, may=frozenset({"overfit", "staircase"}),
        look_alikes=frozenset({"small_dataset_overfit", "epoch_repeat"}),
    )  # fmt: skip


def _plain(*hooks: type, patterns: tuple[str, ...], may: tuple[str, ...], alike: tuple[str, ...]) -> object:
    def setup(usual: Recipe, level: int, seed: int) -> Setup:
        return Setup(
            usual.changed(quiet=(frozenset[str](), frozenset({"lr"}), frozenset({"grad_norm"}))[level]), usual,
            tuple(hook() for hook in hooks), expected=dict.fromkeys(patterns, 0), may=frozenset(may),
            look_alikes=frozenset(alike),
        )  # fmt: skip

    return setup


def _repeated(usual: Recipe, level: int, seed: int) -> Setup:
    at = _at(usual, seed)
    return Setup(
        usual, usual, (Repeated(at, at + usual.n_steps // 5, (0.3, 0.6, 1.0)[level]),), at=at,
        expected={"data_shift": at + 1},
        may=frozenset({"data_shift", "spike", "overfit", "staircase", "too_good", "loss_metric_split", "restart_bump"}),
        look_alikes=frozenset({"corrupted_shard", "data_refresh_shift", "padding_or_mask_error"}),
    )  # fmt: skip


def _padded(usual: Recipe, level: int, seed: int) -> Setup:
    first = 0 if seed % 2 else _at(usual, seed)
    share = (0.25, 0.5, 1.0)[level]
    return Setup(
        usual, usual, (Padded(first, usual.n_steps, share),), at=first,
        expected={"data_shift": first + 1} if first else {"too_good": 0},
        may=frozenset({"data_shift", "too_good", "overfit", "staircase", "loss_metric_split", "divergence"}),
        look_alikes=frozenset({"duplicated_or_noisy_content", "data_refresh_shift", "targets_constant"}),
    )  # fmt: skip


FAULTS = [
    Fault("gpt", "corrupted_batch", "fault", _bad_batch),
    Fault("gpt", "corrupted_shard", "fault", _bad_shard),
    Fault("clouds", "label_noise", "fault", _label_noise),
    Fault("gpt", "domain_ordered_data", "fault", _ordered),
    Fault("gpt", "data_refresh_shift", "fault", _refreshed),
    Fault("clouds", "small_dataset_overfit", "fault", _small),
    Fault("gpt", "data_exhausted", "fault", _exhausted),
    Fault("gpt", "targets_equal_inputs", "fault", _plain(  # type: ignore[arg-type]
        EqualsInput, patterns=("too_good",), may=("too_good", "divergence", "overfit", "vanishing_gradient"),
        alike=("targets_constant",))),
    Fault("gpt", "targets_constant", "fault", _plain(  # type: ignore[arg-type]
        Constant, patterns=("too_good",), may=("too_good", "divergence", "overfit", "vanishing_gradient"),
        alike=("targets_equal_inputs",))),
    Fault("gpt", "targets_shuffled", "fault", _plain(  # type: ignore[arg-type]
        Shuffled, patterns=("plateau",), may=("plateau", "underfit_capacity", "vanishing_gradient", "flat"),
        alike=("capacity_too_small", "label_noise", "lr_too_low"))),
    Fault("gpt", "duplicated_or_noisy_content", "fault", _repeated),
    Fault("gpt", "padding_or_mask_error", "fault", _padded),
]  # fmt: skip
