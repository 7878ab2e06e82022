"""Ten pairs of causes that look alike are told apart from the signals of a log, end to end."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from descentry.diagnosis.diagnose import report
from descentry.record.chunk import Chunk, Column, Floats
from descentry.record.report import RunReport
from descentry.stream.drive import run

N = 2000
SEEDS = range(8)
seed = 0


@pytest.fixture(params=SEEDS, autouse=True)
def _noise(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pair is told apart under several draws of the noise."""
    monkeypatch.setattr(f"{__name__}.seed", request.param)


def rng() -> np.random.Generator:
    return np.random.default_rng(seed)


def steps() -> Floats:
    return np.arange(N, dtype=np.float64)


def descent(floor: float = 3.0, start: float = 10.8, tau: float = 60.0, noise: float = 0.03) -> Floats:
    return floor + (start - floor) * (1 + steps() / tau) ** -0.55 + noise * rng().normal(size=N)


def cosine(peak: float = 3e-4, warmup: int = 100, end: float = 0.1) -> Floats:
    i = steps()
    share = np.clip((i - warmup) / (N - warmup), 0, 1)
    rate = peak * (end + (1 - end) * 0.5 * (1 + np.cos(np.pi * share)))
    return np.where(i < warmup, peak * (i + 1) / max(1, warmup), rate)


def constant(rate: float = 3e-4) -> Floats:
    return np.full(N, rate)


def norms(base: float = 0.8) -> Floats:
    return base * (1 + 3 * np.exp(-steps() / 80)) * np.exp(0.12 * rng().normal(size=N))


def sparse(values: Floats, every: int = 50) -> tuple[np.ndarray, Floats]:
    rows = np.arange(every - 1, N, every)
    return rows, values[rows]


def told(
    series: Mapping[str, Floats],
    validation: tuple[np.ndarray, Floats] | None = None,
    at: Floats | None = None,
    config: Mapping[str, object] | None = None,
) -> RunReport:
    """The report on a run with these series; `at`: the logged steps where they are not 0, 1, 2, …"""
    rows = np.arange(len(next(iter(series.values()))))
    columns = {name: Column(rows, values) for name, values in series.items()}
    if validation is not None:
        columns["val_loss"] = Column(*validation)
    logged = (steps() if at is None else at).astype(np.int64)
    return report(run([Chunk(logged, columns, config=config or {})]), "run", "test", "test")


def top(outcome: RunReport, pattern: str) -> str:
    """The likeliest cause of the leading finding of that pattern."""
    index = next(i for i, f in enumerate(outcome.findings) if f.pattern == pattern and f.explained_by is None)
    return max((c for c in outcome.causes if index in c.findings), key=lambda c: c.probability).cause


def flat() -> Floats:
    return 10.82 + 0.01 * rng().normal(size=N)


def test_flat_with_a_rate_of_zero_is_not_a_missing_step() -> None:
    zero = told({"loss": flat(), "lr": np.zeros(N), "grad_norm": norms(0.3)})
    missing = told({"loss": flat(), "lr": constant(), "grad_norm": norms(0.3)})
    assert top(zero, "flat") == "lr_zero"
    assert top(missing, "flat") == "optimizer_not_stepping"


def spike_at(step: int, loss: Floats, height: float = 4.0) -> Floats:
    loss = loss.copy()
    loss[step : step + 25] += height * np.exp(-np.arange(25) / 6)
    return loss


def test_spike_from_a_bad_batch_is_not_a_bump_at_a_resume() -> None:
    burst = norms()
    burst[1200:1203] *= 30
    batch = told({"loss": spike_at(1200, descent()), "lr": cosine(), "grad_norm": burst})
    back = np.concatenate([np.arange(1250), np.arange(1200, 1950)]).astype(np.float64)
    resumed = told({"loss": spike_at(1250, descent()), "lr": cosine(), "grad_norm": norms()}, at=back)
    assert top(batch, "spike") == "corrupted_batch"
    assert top(resumed, "restart_bump") == "resume_without_optimizer"


def plateau(level: float = 6.5) -> Floats:
    return level + (10.8 - level) * np.exp(-steps() / 90) + 0.03 * rng().normal(size=N)


def test_plateau_of_a_tiny_rate_is_not_the_end_of_the_schedule() -> None:
    tiny = told({"loss": plateau(), "lr": constant(1e-6), "grad_norm": norms()})
    rate = np.where(steps() < 250, 3e-4 * (1 - steps() / 250) + 1e-7, 1e-7)
    ended = told({"loss": plateau(), "lr": rate, "grad_norm": norms()})
    assert top(tiny, "plateau") == "lr_too_low"
    assert top(ended, "plateau") == "schedule_ended"


def test_plateau_of_the_rate_is_not_a_plateau_of_capacity() -> None:
    tiny = told({"loss": plateau(), "lr": constant(2e-6)})
    small = told({"loss": plateau(), "lr": constant(1e-3)}, validation=sparse(plateau() + 0.01))
    assert top(tiny, "plateau") == "lr_too_low"
    assert top(small, "underfit_capacity") == "capacity_too_small"


def lost_at(step: int, loss: Floats) -> Floats:
    return np.where(steps() < step, loss, np.nan)


def growing(step: int, length: int = 40, factor: float = 1.12) -> Floats:
    grown = norms()
    grown[step - length : step] *= factor ** np.arange(length)
    return np.where(steps() < step, grown, np.nan)


def test_nan_after_growing_gradients_is_not_nan_out_of_calm() -> None:
    loss = descent()
    loss[1360:1400] += 0.02 * 1.15 ** np.arange(40)
    grown = told({"loss": lost_at(1400, loss), "lr": constant(1e-3), "grad_norm": growing(1400)})
    quiet = np.where(steps() < 1400, norms(), np.nan)
    calm = told({"loss": lost_at(1400, descent()), "lr": constant(1e-3), "grad_norm": quiet})
    assert top(grown, "nan") == "lr_too_high"
    assert top(calm, "nan") in {"corrupted_batch", "log_of_zero", "padding_or_mask_error"}


def test_nan_with_a_collapsing_loss_scale_is_a_matter_of_half_precision() -> None:
    scale = np.full(N, 65536.0)
    scale[1200:1400] = np.maximum(65536.0 * 0.5 ** (np.arange(200) // 10), 1.0)
    scale[1400:] = 1.0
    series = {"loss": lost_at(1400, descent()), "lr": constant(), "loss_scale": scale}
    steady = {**series, "loss_scale": np.full(N, 65536.0)}
    assert top(told(series), "nan") in {"loss_scale_collapse", "fp16_overflow"}
    assert top(told(steady), "nan") not in {"loss_scale_collapse", "fp16_overflow"}


def stairs(at: tuple[int, ...]) -> Floats:
    level, previous, parts = 2.6, 6.9, []
    edges = [0, *at, N]
    for begin, end in pairwise(edges):
        i = np.arange(end - begin)
        parts.append(level + (previous - level) * np.exp(-i / 25.0))
        previous, level = level, level * 0.72
    return np.concatenate(parts) + 0.02 * rng().normal(size=N)


def test_stairs_at_rate_steps_are_not_stairs_at_epoch_ends() -> None:
    rate = 0.1 * 0.1 ** np.searchsorted([700, 1400], steps(), side="right")
    decay = told({"loss": stairs((700, 1400)), "lr": rate})
    epochs = told({"loss": stairs((500, 1000, 1500)), "lr": cosine(), "epoch": steps() / 500.0})
    assert top(decay, "staircase") == "step_decay_schedule"
    assert top(epochs, "staircase") == "epoch_repeat"


def test_overfitting_is_not_validation_noise() -> None:
    train = descent(floor=0.3, start=5.0)
    i = steps()
    rising = np.where(i < 500, train, train[500] + 1.1 * np.maximum(0, (i - 500) / 1500) ** 1.1) + 0.1
    memorised = told({"loss": train, "lr": constant()}, validation=sparse(rising))
    assert top(memorised, "overfit") == "small_dataset_overfit"
    jumping = (train + 0.2) * np.exp(0.5 * rng().normal(size=N))
    noisy = told({"loss": train, "lr": constant()}, validation=sparse(jumping, 25))
    assert not any(f.pattern == "overfit" for f in noisy.findings)
    assert top(noisy, "sawtooth") == "validation_noise"


def teeth(rate: Floats | None = None) -> Floats:
    size = 0.9 if rate is None else 0.9 * rate / rate.max()
    return 2.0 + 3.0 * (1 + steps() / 100) ** -0.6 + size * rng().normal(size=N)


def test_sawtooth_of_small_batches_is_not_a_sawtooth_of_a_high_rate() -> None:
    small = told({"loss": teeth(), "lr": cosine(3e-4), "grad_norm": norms()})
    rate = cosine(2e-2)
    growing_norm = norms() * np.linspace(1.0, 6.0, N)
    high = told({"loss": teeth(rate), "lr": rate, "grad_norm": growing_norm})
    assert top(small, "sawtooth") == "batch_too_small"
    assert top(high, "sawtooth") == "lr_too_high"


def rising_from(step: int) -> Floats:
    return descent() + np.where(steps() < step, 0.0, 6.0 * (1 - np.exp(-(steps() - step) / 200)))


def test_divergence_without_warmup_is_not_divergence_by_data() -> None:
    early = norms() * np.where(steps() < 60, 1.0, 1 + np.minimum(steps() - 60, 400) / 20)
    cold = told({"loss": rising_from(80), "lr": constant(3e-3), "grad_norm": early})
    shard = np.where(steps() < 1300, 1.0, 2.0)
    data = told({"loss": rising_from(1300), "lr": cosine(), "grad_norm": norms(), "data_version": shard})
    assert top(cold, "divergence") == "missing_warmup"
    assert top(data, "divergence") == "corrupted_shard"


@pytest.mark.parametrize("name", ["lr_zero", "optimizer_not_stepping"])
def test_twins_without_signals_are_ranked_together_and_the_test_is_named(name: str) -> None:
    """A log with a loss alone cannot tell them apart: then the report says so."""
    outcome = told({"loss": flat()})
    causes = {cause.cause: cause for cause in outcome.causes}
    assert name in causes
    assert causes[name].next_test
    assert abs(causes["lr_zero"].probability - causes["optimizer_not_stepping"].probability) < 0.1
