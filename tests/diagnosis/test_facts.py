"""Facts are measured where the signal is logged, and absent where it is not."""

import numpy as np
import pytest
from lab.synthetic.draft import Draft, draft

from descentry.diagnosis.catalogue_facts import FACTS
from descentry.diagnosis.diagnose import expected
from descentry.diagnosis.facts import measure
from descentry.diagnosis.rows import rows_of
from descentry.record.chunk import Floats
from descentry.record.finding import Finding, Severity
from descentry.record.roles import Role
from descentry.record.run import Curve, Run
from descentry.stream.drive import run

ROLES = {
    "train_loss": Role.TRAIN_LOSS,
    "val_loss": Role.VAL_LOSS,
    "lr": Role.LEARNING_RATE,
    "grad_norm": Role.GRAD_NORM,
    "weight_norm": Role.WEIGHT_NORM,
    "throughput": Role.THROUGHPUT,
}


def facts(of: Draft, pattern: str = "plateau", at: float = 0.5) -> dict[str, float]:
    made = of.made()
    curves = {name: Curve(name, ROLES.get(name), *pair) for name, pair in made.series.items()}
    outcome = run(rows_of(Run("made", "made", "made", curves, dict(made.config))))
    onset = of.step(int(at * of.n))
    finding = Finding(pattern, Severity.WARNING, 0.9, "train_loss", onset, None, of.step(of.n - 1), "said")
    measured = measure(finding, outcome, expected(outcome))
    assert set(measured) <= set(FACTS)
    return measured


def plain(schedule: str = "cosine", noise: str = "white", seed: int = 1) -> Draft:
    return draft(seed, n=1000, course="power", schedule=schedule, noise=noise, sigma=0.02)


def running_mean(values: Floats, width: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    starts = np.maximum(0, np.arange(1, len(values) + 1) - width)
    means: Floats = (total[1:] - total[starts]) / (np.arange(1, len(values) + 1) - starts)
    return means


@pytest.mark.parametrize("width", [5, 10, 30])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_running_mean_is_recognised_by_its_noise(width: int, seed: int) -> None:
    of = plain(seed=seed)
    of.train = running_mean(of.train, width)
    found = facts(of)
    assert found["noise.averaged"] == 1.0
    assert found["noise.width"] == pytest.approx(width, rel=0.6)


@pytest.mark.parametrize("noise", ["white", "laplace", "student", "skewed"])
@pytest.mark.parametrize("seed", [1, 2])
def test_single_values_are_no_mean(noise: str, seed: int) -> None:
    assert facts(plain(noise=noise, seed=seed))["noise.averaged"] == 0.0


def test_sums_that_should_be_means_are_whole_multiples() -> None:
    of = plain()
    of.config["vocab_size"] = round(float(np.exp(of.train[0])))
    assert facts(of)["train.start_multiple"] == 0.0
    of.train = 4.0 * of.train
    found = facts(of)
    assert found["train.start_multiple"] == 4.0
    assert found["val.whole_ratio"] == 4.0


def test_a_gap_that_opens_by_and_by_is_no_sum() -> None:
    of = plain()
    of.train = of.train * (1.0 + np.arange(of.n) / of.n)
    assert facts(of)["val.whole_ratio"] == 0.0


@pytest.mark.parametrize(("schedule", "done"), [("cosine", 1.0), ("linear", 1.0), ("wsd", 1.0)])
def test_a_finished_plan_is_done(schedule: str, done: float) -> None:
    assert facts(plain(schedule))["plan.done"] == pytest.approx(done, abs=0.05)


def test_a_plan_that_is_cut_short_is_not() -> None:
    of = plain()
    of.config["max_steps"] = 4 * of.step(of.n - 1)
    assert facts(of)["plan.done"] == pytest.approx(0.25, abs=0.01)


def test_the_schedule_explains_a_stair_and_no_plateau() -> None:
    of = plain("step")
    assert facts(of, "staircase", 0.502)["plan.explains"] == 1.0
    assert facts(of, "staircase", 0.3)["plan.explains"] == 0.0


def test_one_rank_stands_out() -> None:
    of = plain()
    for rank in range(1, 6):
        of.beside(f"rank{rank}/loss", of.train + (3.0 if rank == 4 else 0.0))
    assert facts(of)["ranks.one_stands_out"] == 1.0


def test_ranks_that_agree_do_not() -> None:
    of = plain()
    for rank in range(1, 6):
        of.beside(f"rank{rank}/loss", of.train + of.sigma * of.random.standard_normal(of.n))
    assert facts(of)["ranks.one_stands_out"] == 0.0


def test_repeated_values_weights_and_throughput() -> None:
    of = plain()
    of.train[500:] = of.train[499]
    of.beside("weight_norm", 10.0 * 0.3 ** (np.arange(of.n) / of.n))
    of.beside("throughput", np.where(np.arange(of.n) < 700, 100.0, 40.0))
    found = facts(of)
    assert found["log.repeats"] == pytest.approx(0.5, abs=0.02)
    assert found["weights.growth"] < 0.7
    assert found["throughput.fall"] == pytest.approx(0.4, abs=0.01)


def test_settings_are_read() -> None:
    of = plain()
    of.config |= {"dropout": 0.1, "max_grad_norm": 1.0, "gradient_accumulation_steps": 8, "dtype": "float16"}
    found = facts(of)
    assert (found["set.dropout"], found["set.clip"], found["set.accumulation"]) == (0.1, 1.0, 8.0)
    assert found["set.fp16"] == 1.0
    of.config["dtype"] = "bfloat16"
    assert facts(of)["set.fp16"] == 0.0


def test_what_is_not_logged_is_absent() -> None:
    of = plain()
    of.logs = frozenset()
    found = facts(of)
    absent = (
        "plan.",
        "weights.",
        "throughput.",
        "ranks.",
        "set.",
        "val.noise",
        "val.whole",
        "grad_norm.span",
    )
    assert not [name for name in found if name.startswith(absent)]
