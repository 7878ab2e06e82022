"""Cases: the optimiser, the loop, the schedule and the end of the run."""

from lab.trainings import recipe as schedules
from lab.trainings.faults_loop import (
    Averaged,
    Blows,
    Freezes,
    HeavyBatches,
    NeverSteps,
    NotDivided,
    WipesGradients,
)
from lab.trainings.recipe import Recipe
from lab.trainings.setup import Fault, Setup

STUCK = frozenset({"lr_zero", "optimizer_not_stepping", "grads_wiped", "frozen_weights"})


def _rate_is(usual: Recipe, level: int, seed: int) -> Setup:
    """The rate is zero; every other seed does not log it."""
    quiet = frozenset({"lr"}) if (seed + level) % 2 else frozenset[str]()
    return Setup(
        usual.changed(rate=0.0, quiet=quiet), usual, expected={"flat": 0},
        look_alikes=STUCK if quiet else frozenset(),
    )  # fmt: skip


def _rate_low(usual: Recipe, level: int, seed: int) -> Setup:
    factor = (1 / 60, 1 / 300, 1 / 3000)[level]
    return Setup(
        usual.changed(rate=usual.rate * factor), usual, expected={"flat": 0, "underfit_duration": 0},
        may=frozenset({"plateau", "flat", "underfit_duration"}),
    )  # fmt: skip


def _rate_high(usual: Recipe, level: int, seed: int) -> Setup:
    factor = (12, 40, 150)[level]
    recipe = usual.changed(rate=usual.rate * factor, clip=1.0 if seed % 2 else None)
    return Setup(
        recipe, usual, expected={"plateau": 0, "divergence": 0, "sawtooth": 0, "nan": 0},
        may=frozenset({"spike", "bad_init", "exploding_gradient", "flat", "sawtooth", "oscillation"}),
        look_alikes=frozenset({"missing_warmup"}) if seed % 2 else frozenset(),
    )  # fmt: skip


def _no_warmup(usual: Recipe, level: int, seed: int) -> Setup:
    factor = (4, 8, 16)[level]
    usual = usual.changed(rate=usual.rate * factor, warmup=usual.n_steps // 5)
    return Setup(
        usual.changed(warmup=0), usual, at=1, expected={"spike": 1, "plateau": 0, "divergence": 0},
        may=frozenset({"spike", "bad_init", "sawtooth", "exploding_gradient"}),
        look_alikes=frozenset({"lr_too_high", "bad_init"}),
    )  # fmt: skip


def _stuck(*hooks: type) -> object:
    def setup(usual: Recipe, level: int, seed: int) -> Setup:
        quiet = (frozenset[str](), frozenset({"lr"}), frozenset({"lr", "grad_norm"}))[level]
        return Setup(
            usual.changed(quiet=quiet), usual, tuple(hook() for hook in hooks), expected={"flat": 0},
            may=frozenset({"vanishing_gradient"}), look_alikes=STUCK,
        )  # fmt: skip

    return setup


def _freezes(usual: Recipe, level: int, seed: int) -> Setup:
    parts = (("blocks.0", "blocks.1"), ("blocks", "tokens", "places"), ("blocks", "tokens", "head", "norm"))[
        level
    ]
    return Setup(
        usual, usual, (Freezes(*parts),), expected={"plateau": 0, "flat": 0},
        may=frozenset({"plateau", "underfit_capacity", "vanishing_gradient"}),
        look_alikes=frozenset({"capacity_too_small", "lr_too_low"}) | STUCK,
    )  # fmt: skip


def _not_divided(usual: Recipe, level: int, seed: int) -> Setup:
    n = (2, 4, 8)[level]
    usual = usual.changed(accumulate=n, batch=6, n_steps=usual.n_steps // 2)
    return Setup(
        usual, usual, (NotDivided(),), expected={"bad_init": 0},
        may=frozenset({"exploding_gradient", "leakage"}), look_alikes=frozenset({"bad_init"}),
    )  # fmt: skip


def _no_clipping(usual: Recipe, level: int, seed: int) -> Setup:
    factor, every = ((10.0, 150), (30.0, 120), (100.0, 90))[level]
    usual = usual.changed(optimizer="sgd", rate=0.15, momentum=0.9, decay=0.0, clip=1.0)
    heavy = HeavyBatches(factor, every)
    first = every // 2 + every + 1
    return Setup(
        usual.changed(clip=None), usual, (heavy,), at=first,
        expected=dict.fromkeys(("spike", "divergence", "nan", "exploding_gradient"), first),
        may=frozenset({"spike", "exploding_gradient", "plateau", "data_shift", "flat", "divergence"}),
        look_alikes=frozenset({"corrupted_batch", "lr_too_high"}),
    )  # fmt: skip


def _batch_small(usual: Recipe, level: int, seed: int) -> Setup:
    size = (4, 2, 1)[level]
    return Setup(
        usual.changed(batch=size), usual, expected={"sawtooth": 0}, may=frozenset({"plateau", "sawtooth", "spike"}),
        look_alikes=frozenset({"lr_too_high", "label_noise"}),
    )  # fmt: skip


def _decay_high(usual: Recipe, level: int, seed: int) -> Setup:
    decay = (5.0, 20.0, 80.0)[level]
    return Setup(
        usual.changed(decay=decay, schedule=schedules.constant), usual.changed(schedule=schedules.constant),
        expected={"plateau": 0, "divergence": 0, "flat": 0},
        may=frozenset({"plateau", "underfit_capacity", "vanishing_gradient", "flat", "divergence"}),
        look_alikes=frozenset({"capacity_too_small", "lr_too_low"}),
    )  # fmt: skip


def _resume_without(usual: Recipe, level: int, seed: int) -> Setup:
    usual = usual.changed(momentum=0.98, beta2=0.999, warmup=60, schedule=schedules.constant,
                          rate=usual.rate * (4.0, 7.0, 12.0)[level], batch=48)  # fmt: skip
    back = (5, 15, 40)[seed % 3]
    at = round(0.6 * usual.n_steps)
    return Setup(
        usual.changed(resume_at=0.6, resume_back=back, keeps_optimizer=False), usual, at=at,
        expected={"restart_bump": at - back}, always=frozenset({"log_overlap"}),
        may=frozenset({"restart_bump", "spike"}), look_alikes=frozenset({"corrupted_batch"}),
    )  # fmt: skip


def _resume_resets(usual: Recipe, level: int, seed: int) -> Setup:
    usual = usual.changed(
        schedule=schedules.linear, rate=usual.rate * (3.0, 6.0, 12.0)[level], warmup=5, batch=48
    )
    back = (5, 20)[seed % 2]
    at = round(0.9 * usual.n_steps)
    return Setup(
        usual.changed(resume_at=0.9, resume_back=back, keeps_schedule=False), usual, at=at,
        expected={"restart_bump": at - back}, always=frozenset({"log_overlap"}),
        may=frozenset({"restart_bump", "spike", "data_shift", "divergence", "underfit_duration"}),
        look_alikes=frozenset({"cosine_restarts", "resume_without_optimizer"}),
    )  # fmt: skip


def _stopped(usual: Recipe, level: int, seed: int) -> Setup:
    share = (0.35, 0.2, 0.12)[level]
    usual = usual.changed(schedule=schedules.cosine, n_steps=usual.n_steps * 2)
    return Setup(usual.changed(stop_at=share), usual, expected={"underfit_duration": 0},
                 may=frozenset({"underfit_duration"}))  # fmt: skip


def _ended_early(usual: Recipe, level: int, seed: int) -> Setup:
    share = (0.5, 0.3, 0.15)[level]

    def early(done: float) -> float:
        return max(1e-4, 1.0 - done / share)

    at = round(share * usual.n_steps)
    return Setup(
        usual.changed(schedule=early), usual, at=at, expected={"plateau": at},
        may=frozenset({"plateau", "underfit_capacity"}), look_alikes=frozenset({"lr_too_low"}),
    )  # fmt: skip


def _bad_update(usual: Recipe, level: int, seed: int) -> Setup:
    at = round((0.4 + 0.1 * (seed % 3)) * usual.n_steps)
    return Setup(
        usual, usual, (Blows(at, (2.5, 4.0, 8.0)[level]),), at=at + 1,
        expected={"spike": at + 2, "exploding_gradient": at + 2},
        may=frozenset({"spike", "exploding_gradient", "data_shift", "restart_bump"}), causes=(),
    )  # fmt: skip


def _averaged(usual: Recipe, level: int, seed: int) -> Setup:
    return Setup(usual, usual, (Averaged((10, 30, 100)[level]),), causes=(), may=frozenset({"leakage"}))


FAULTS = [
    Fault("gpt", "lr_zero", "fault", _rate_is),
    Fault("clouds", "lr_zero", "fault", _rate_is, (2,)),
    Fault("gpt", "lr_too_low", "fault", _rate_low),
    Fault("clouds", "lr_too_low", "fault", _rate_low, (1, 2)),
    Fault("gpt", "lr_too_high", "fault", _rate_high),
    Fault("clouds", "lr_too_high", "fault", _rate_high),
    Fault("gpt", "missing_warmup", "fault", _no_warmup),
    Fault("gpt", "optimizer_not_stepping", "fault", _stuck(NeverSteps)),  # type: ignore[arg-type]
    Fault("gpt", "grads_wiped", "fault", _stuck(WipesGradients)),  # type: ignore[arg-type]
    Fault("gpt", "frozen_weights", "fault", _freezes),
    Fault("gpt", "grad_accum_not_divided", "fault", _not_divided),
    Fault("gpt", "no_gradient_clipping", "fault", _no_clipping),
    Fault("gpt", "batch_too_small", "fault", _batch_small),
    Fault("clouds", "batch_too_small", "fault", _batch_small),
    Fault("gpt", "weight_decay_too_high", "fault", _decay_high),
    Fault("gpt", "resume_without_optimizer", "fault", _resume_without),
    Fault("gpt", "resume_lr_reset", "fault", _resume_resets),
    Fault("gpt", "stopped_too_early", "fault", _stopped),
    Fault("gpt", "schedule_ended", "fault", _ended_early),
    Fault("gpt", "bad_update", "fault", _bad_update),
    Fault("clouds", "averaged", "healthy", _averaged, (0, 1, 2)),
]
