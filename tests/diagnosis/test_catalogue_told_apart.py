"""Causes that look alike on the loss are told apart by the other signals, where these are logged."""

import operator
from collections.abc import Mapping

import pytest

from descentry.diagnosis.catalogue import FACTS, CauseEntry, CauseTest, load

CATALOGUE = load()

COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(test: CauseTest, pattern: str, facts: Mapping[str, float]) -> bool:
    if test.patterns and pattern not in test.patterns:
        return False
    return all(
        name in facts and COMPARE[compare](facts[name], value) for name, compare, value in test.conditions
    )


def ranking(pattern: str, facts: Mapping[str, float]) -> list[str]:
    """The slow oracle: prior times the factors of the tests that hold, the likeliest first."""

    def weight(cause: CauseEntry) -> float:
        product = cause.explains[pattern]
        for test in cause.tests:
            product *= test.factor if holds(test, pattern, facts) else 1.0
        return product

    return [cause.id for cause in sorted(CATALOGUE.causes_of(pattern), key=lambda cause: -weight(cause))]


LR = {"lr.known": 1, "lr.zero": 0, "lr.peak": 3e-4}
STEADY_LR = {**LR, "lr.warmup_share": 0.02, "lr.change_at_onset": 1.0, "lr.rising_at_onset": 0}
CALM = {"grad_norm.known": 1, "grad_norm.zero": 0, "grad_norm.rise_before": 1.0}
GROWING = {"grad_norm.known": 1, "grad_norm.zero": 0, "grad_norm.rise_before": 6.0}

TOLD_APART = [
    ("flat", "lr_zero", {"lr.known": 1, "lr.zero": 1, "lr.peak": 0.0}),
    ("flat", "lr_zero", {"lr.known": 1, "lr.zero": 1, "grad_norm.known": 1, "grad_norm.zero": 0}),
    ("flat", "optimizer_not_stepping", LR),
    ("flat", "optimizer_not_stepping", {**LR, "grad_norm.known": 1, "grad_norm.zero": 0}),
    ("flat", "grads_wiped", {**LR, "grad_norm.known": 1, "grad_norm.zero": 1}),
    ("flat", "warmup", {**LR, "lr.warmup_share": 1.0, "lr.constant": 0}),
    (
        "spike",
        "corrupted_batch",
        {**STEADY_LR, **CALM, "grad_norm.at_onset": 20, "resume.any": 0, "resume.at_onset": 0},
    ),
    ("spike", "corrupted_batch", {"resume.at_onset": 0, "f.recovered": 1, "f.repeated": 0}),
    ("spike", "resume_without_optimizer", {"resume.at_onset": 1, "resume.any": 1}),
    (
        "spike",
        "resume_without_optimizer",
        {**STEADY_LR, **CALM, "grad_norm.at_onset": 20, "resume.at_onset": 1, "resume.lr_reset": 1.0},
    ),
    ("spike", "resume_lr_reset", {"resume.at_onset": 1, "resume.lr_reset": 4.0}),
    ("spike", "cosine_restarts", {**LR, "lr.change_at_onset": 10.0, "resume.at_onset": 0}),
    ("spike", "lr_too_high", {**STEADY_LR, **GROWING, "f.repeated": 1, "grad_norm.at_onset": 20}),
    ("plateau", "lr_too_low", {}),
    ("plateau", "lr_too_low", {**LR, "lr.schedule_ended": 0, "lr.span_share_of_peak": 0.1}),
    ("plateau", "lr_too_low", {"lr.known": 1, "lr.peak": 1e-6, "lr.constant": 1, "val.equals_train": 1}),
    ("plateau", "schedule_ended", {**LR, "lr.schedule_ended": 1, "lr.span_share_of_peak": 0.01}),
    (
        "plateau",
        "schedule_ended",
        {**LR, "lr.schedule_ended": 1, "lr.span_share_of_peak": 0.01, "val.equals_train": 1},
    ),
    (
        "plateau",
        "capacity_too_small",
        {**LR, "lr.schedule_ended": 0, "lr.span_share_of_peak": 0.8, "val.equals_train": 1},
    ),
    ("nan", "lr_too_high", GROWING),
    ("nan", "lr_too_high", {**STEADY_LR, **GROWING, "f.rising_before": 1, "f.calm_before": 0}),
    ("nan", "corrupted_batch", {**CALM, "f.calm_before": 1, "f.rising_before": 0}),
    ("nan", "loss_scale_collapse", {**CALM, "loss_scale.known": 1, "loss_scale.fall": 0.001}),
    ("nan", "fp16_overflow", {"loss_scale.known": 1, "loss_scale.fall": 0.06, "grad_norm.nonfinite": 1}),
    ("nan", "lr_too_high", {**GROWING, "loss_scale.known": 1, "loss_scale.fall": 1.0, "f.rising_before": 1}),
    ("nan", "loss_computation_error", {"f.negative": 1, "f.calm_before": 1}),
    ("nan", "hidden_nan", {"f.zero_before": 1, "grad_norm.nonfinite": 1}),
    ("staircase", "step_decay_schedule", {**LR, "lr.events_aligned": 1.0}),
    ("staircase", "step_decay_schedule", {**LR, "lr.events_aligned": 1.0, "epoch.events_aligned": 1.0}),
    ("staircase", "epoch_repeat", {"epoch.known": 1, "epoch.events_aligned": 1.0}),
    ("staircase", "epoch_repeat", {**LR, "lr.events_aligned": 0.0, "epoch.events_aligned": 0.8}),
    (
        "overfit",
        "small_dataset_overfit",
        {"train.still_falling": 1, "val.rises": 1, "val.noise_ratio": 0.1, "f.rise_share": 0.2},
    ),
    (
        "overfit",
        "validation_noise",
        {"train.still_falling": 1, "val.rises": 1, "val.noise_ratio": 1.5, "f.rise_share": 0.01},
    ),
    ("sawtooth", "batch_too_small", {**LR, "grad_norm.growth": 1.0, "f.on_validation": 0}),
    ("sawtooth", "lr_too_high", {**LR, "grad_norm.growth": 4.0, "f.on_validation": 0}),
    ("sawtooth", "lr_too_high", {**LR, "f.noise_follows_lr": 1}),
    ("sawtooth", "validation_noise", {"f.on_validation": 1}),
    (
        "divergence",
        "missing_warmup",
        {**LR, "lr.warmup_share": 0.0, "run.early": 1, "run.share_done": 0.02},
    ),
    (
        "divergence",
        "missing_warmup",
        {**LR, **GROWING, "lr.warmup_share": 0.0, "run.early": 1, "run.share_done": 0.02},
    ),
    (
        "divergence",
        "corrupted_shard",
        {**STEADY_LR, **CALM, "run.early": 0, "run.share_done": 0.6, "f.after_spike": 0},
    ),
    ("divergence", "corrupted_shard", {"data.change_at_onset": 1, "run.early": 0, "run.share_done": 0.6}),
    ("divergence", "lr_too_high", {**STEADY_LR, **GROWING, "run.early": 0, "run.share_done": 0.3}),
    ("log_overlap", "resume_duplicate_steps", {"resume.any": 1, "f.values_differ": 1, "f.n_overlaps": 1}),
]


@pytest.mark.parametrize(("pattern", "cause", "facts"), TOLD_APART)
def test_look_alikes_are_told_apart_by_what_was_logged(
    pattern: str, cause: str, facts: dict[str, float]
) -> None:
    assert set(facts) <= set(FACTS)
    assert ranking(pattern, facts)[0] == cause


def test_nan_out_of_a_calm_run_is_data_or_numerics_before_the_learning_rate() -> None:
    order = ranking("nan", {**CALM, "f.calm_before": 1})
    assert set(order[:2]) == {"corrupted_batch", "log_of_zero"}
    assert order.index("lr_too_high") > 2


def test_wiped_gradients_and_a_loss_that_is_cut_off_stay_together() -> None:
    order = ranking("flat", {**LR, "grad_norm.known": 1, "grad_norm.zero": 1})
    assert set(order[:2]) == {"grads_wiped", "gradients_zero"}


def test_a_missing_step_and_an_unlogged_zero_rate_stay_together() -> None:
    zero, step = CATALOGUE.causes["lr_zero"], CATALOGUE.causes["optimizer_not_stepping"]
    assert zero.explains["flat"] / step.explains["flat"] < 1.2
    assert "optimizer_not_stepping" in zero.look_alikes
    assert "lr_zero" in step.look_alikes
