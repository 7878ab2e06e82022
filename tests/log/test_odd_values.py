"""Whatever a loop gives: what is a number is kept as one, what is none as text; nothing is raised."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.log.written import kinds, rows, telling

import descentry


class Scalar:
    """A single value as torch and jax have it."""

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.1), float(np.float16(0.1))),
        (np.float64("nan"), math.nan),
        (np.longdouble(0.5), 0.5),
        (np.array([[2.5]]), 2.5),
        (np.array(3), 3.0),
        (np.int8(-3), -3.0),
        (np.bool_(True), 1.0),
        (Scalar(0.25), 0.25),
        (Scalar(math.inf), math.inf),
        (True, 1.0),
        (2**63, 2.0**63),
        (10**300, 1e300),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
        ("nan", math.nan),
        ("2.5", 2.5),
    ],
)
def test_scalars_of_any_library_are_numbers(tmp_path: Path, value: object, expected: float) -> None:
    with telling(), descentry.Log(tmp_path) as log:
        log.write(np.int64(7), loss=value, lr=0.5)
    assert repr(rows(tmp_path)) == repr([(7, {"loss": expected, "lr": 0.5})])


class Evil:
    """Raises whatever it is asked."""

    def __getattr__(self, name: str) -> object:
        raise OSError(name)

    def __repr__(self) -> str:
        raise LookupError

    def __float__(self) -> float:
        raise ZeroDivisionError


@pytest.mark.parametrize("n", range(19))
def test_odd_values_are_kept_as_text_and_told_once(tmp_path: Path, n: int) -> None:
    value = odd_values()[n]
    with telling("expected a number"), descentry.Log(tmp_path) as log:
        for step in range(3):
            log.write(step, loss=value, lr=0.5)
    assert rows(tmp_path) == [(step, {"lr": 0.5}) for step in range(3)]
    (event,) = descentry.read(tmp_path).events
    assert (event.kind, event.count) == ("bad_value", 3)


def odd_values() -> list[object]:
    return [
        "high", None, b"\xff", 1j, [1.0, 2.0], np.zeros(3), np.zeros(10**6), object(), Evil(), 10**400, 10**9000,
        -(10**400), "1_000", "9" * 10_000, Scalar([1]), Scalar(Evil()), {1, 2}, len, "\ud800",
    ]  # fmt: skip


@pytest.mark.parametrize("n", range(8))
def test_a_step_that_is_none_keeps_the_row_under_the_last(tmp_path: Path, n: int) -> None:
    step = ["x", None, math.nan, math.inf, 10**30, Evil(), [], 1j][n]
    with telling("expected a whole number"), descentry.Log(tmp_path) as log:
        log.write(5, loss=1.0)
        log.write(step, loss=2.0)
        log.write(6, loss=3.0)
    assert rows(tmp_path) == [(5, {"loss": 1.0}), (5, {"loss": 2.0}), (6, {"loss": 3.0})]
    assert "missing_step" in kinds(tmp_path)


def test_a_fraction_of_a_step_is_cut_and_told(tmp_path: Path) -> None:
    with telling("cut to 2"), descentry.Log(tmp_path) as log:
        log.write(2.5, loss=1.0)
        log.write(3.0, loss=2.0)
    assert rows(tmp_path) == [(2, {"loss": 1.0}), (3, {"loss": 2.0})]
    assert kinds(tmp_path) == ["bad_step"]


def test_names_of_the_log_itself_are_given_another(tmp_path: Path) -> None:
    with telling("log's own"), descentry.Log(tmp_path) as log:
        log.write(1, wall_time=3.0, odd=2.0)
        log.write(2, {"step": 9, "loss": 1.0})
        log.write(step=3, loss=2.0)
    assert rows(tmp_path) == [
        (1, {"wall_time_value": 3.0, "odd_value": 2.0}),
        (2, {"step_value": 9.0, "loss": 1.0}),
        (3, {"loss": 2.0}),
    ]


def test_nested_and_wide_rows(tmp_path: Path) -> None:
    wide = {f"s{i}": float(i) for i in range(7000)}
    with telling(), descentry.Log(tmp_path) as log:
        log.write(1, {"val": {"loss": 1.0, 3: 2.0}})
        log.write(2, wide, nan=math.nan)
    found = rows(tmp_path)
    assert found[0] == (1, {"val/loss": 1.0, "val/3": 2.0})
    assert {step for step, _ in found[1:]} == {2}
    assert {name for _, values in found[1:] for name in values} == {*wide, "nan"}


def test_odd_calls_are_no_errors(tmp_path: Path) -> None:
    with telling("'values' is 'abc'"), descentry.Log(tmp_path) as log:
        log.write()
        log.write(1, 3.5)
        log.write(2, "abc")
        log.write(1, {})
        log.event(None, Evil())  # type: ignore[arg-type]
        log.config([1, 2])  # type: ignore[arg-type]
        log.config(x=Evil())
    assert rows(tmp_path) == [(1, {"values": 3.5})]


def test_names_that_utf8_cannot_spell_are_logged(tmp_path: Path) -> None:
    with telling(), descentry.Log(tmp_path) as log:
        log.write(1, {"lo\ud800ss": 1.5, 'a":null': 2.5, "null": 3.5, "": 4.5})
    assert rows(tmp_path) == [(1, {"lo?ss": 1.5, 'a":null': 2.5, "null": 3.5, "": 4.5})]
