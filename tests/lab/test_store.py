"""What is written of a made run is read back, and what its truth rests on beside it."""

from pathlib import Path

import numpy as np
from lab.case import Case, Made, Series, Truth
from lab.store import beside, done, read, stored, write, write_truth


def series(*values: float) -> Series:
    return np.arange(1, len(values) + 1, dtype=np.int64), np.array(values)


def case(made: Made, seed: int = 0) -> Case:
    return Case("made", "nan", "fault", "mild", seed, lambda: made)


def made(**more: object) -> Made:
    truth = Truth(
        frozenset({"nan"}),
        frozenset({"spike"}),
        {"nan": (3,)},
        ("fp16_overflow",),
        frozenset({"lr_too_high"}),
    )
    return Made({"train_loss": series(2.0, 1.5, np.nan)}, truth, **more)  # type: ignore[arg-type]


def test_the_truth_is_read_back(tmp_path: Path) -> None:
    write(tmp_path, case(made()), made())
    assert done(tmp_path) == {"made-nan-mild-0"}
    (run,) = stored(tmp_path)
    assert run.truth == made().truth
    assert (run.family, run.fault, run.severity, run.split) == ("made", "nan", "mild", "test")


def test_run_and_twin_are_read_back_with_every_series(tmp_path: Path) -> None:
    kept = {
        "run": {"train_loss": series(2.0, np.inf), "head/a": series(1.0)},
        "twin": {"train_loss": series(2.0, 1.0)},
    }
    write(tmp_path, case(made()), made(beside=kept))
    found = beside(tmp_path, "made-nan-mild-0")
    assert found is not None
    assert {whose: set(some) for whose, some in found.items()} == {
        whose: set(some) for whose, some in kept.items()
    }
    for whose, some in kept.items():
        for name, (steps, values) in some.items():
            np.testing.assert_array_equal(found[whose][name][0], steps)
            np.testing.assert_array_equal(found[whose][name][1], values)


def test_of_a_made_up_run_nothing_is_kept_beside_it(tmp_path: Path) -> None:
    write(tmp_path, case(made()), made())
    assert beside(tmp_path, "made-nan-mild-0") is None


def test_a_truth_can_be_told_anew(tmp_path: Path) -> None:
    write(tmp_path, case(made()), made())
    write_truth(tmp_path, case(made()), Truth(frozenset({"spike"})))
    run = read(tmp_path / "made-nan-mild-0.truth.json")
    assert (run.truth.must, run.truth.may, run.truth.onset) == ({"spike"}, frozenset(), {})
