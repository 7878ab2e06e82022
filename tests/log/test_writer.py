"""What `descentry.Log` writes comes back as it was given."""

import copy
import json
import math
import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.log.written import kinds, rows, telling

import descentry

NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name not in {"step", "wall_time", "odd"})
NUMBERS = st.floats() | st.integers(-(2**53), 2**53)


def repeated(pairs: object) -> str:
    """Rows as text: NaN is NaN, and -0.0 is not 0.0."""
    return repr(pairs)


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    with telling(), descentry.Log(tmp_path / "a") as log:
        for step in range(50):
            log.write(step, loss=1 / (step + 1), lr=1e-3)
        log.write(50, {"train/loss": 0.5}, grad_norm=2)
        assert log.flush()
    expected = [(step, {"loss": 1 / (step + 1), "lr": 1e-3}) for step in range(50)]
    assert rows(tmp_path) == [*expected, (50, {"train/loss": 0.5, "grad_norm": 2.0})]
    assert [run.run for run in descentry.runs(tmp_path)] == ["a"]


ROWS = st.tuples(st.integers(-(2**61), 2**61), st.dictionaries(NAMES, NUMBERS, min_size=1))


@given(data=st.lists(ROWS, min_size=1))
def test_any_numbers_and_names_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, data: list[tuple[int, dict[str, float]]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with telling(), descentry.Log(folder) as log:
        for step, values in data:
            log.write(step, values)
    spelled = [
        (step, {name.encode("utf-8", "replace").decode(): float(x) for name, x in values.items()})
        for step, values in data
    ]
    found = {step: sorted(values.items()) for step, values in rows(folder)}
    assert repeated(found) == repeated({step: sorted(values.items()) for step, values in spelled})


def test_nan_and_infinities_stand_as_text_that_strict_json_knows(tmp_path: Path) -> None:
    with descentry.Log(tmp_path) as log:
        log.write(1, a=math.nan, b=math.inf, c=-math.inf, d=1.5)
    row = json.loads(log.path.read_text().splitlines()[1], parse_constant=lambda word: pytest.fail(word))
    assert {name: row[name] for name in "abcd"} == {"a": "nan", "b": "inf", "c": "-inf", "d": 1.5}
    assert repeated(rows(tmp_path)) == "[(1, {'a': nan, 'b': inf, 'c': -inf, 'd': 1.5})]"


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
    assert repeated(rows(tmp_path)) == repeated([(7, {"loss": expected, "lr": 0.5})])


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


def test_config_and_events(tmp_path: Path) -> None:
    with telling(), descentry.Log(tmp_path, config={"batch_size": 32, "opt": {"lr": np.float32(0.5)}}) as log:
        log.write(4, loss=1.0)
        log.event("data", "shard 7")
        log.config(seed=1, model=Path("x"), note="ü", on=True)
    run = descentry.read(tmp_path)
    assert run.config == {
        "batch_size": 32, "opt/lr": 0.5, "seed": 1, "model": f"{Path('x')!r}", "note": "ü", "on": True,
    }  # fmt: skip
    (event,) = run.events
    assert (event.kind, event.message, event.step, event.warning) == ("data", "shard 7", 4, False)


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


def test_a_resume_goes_on_and_shows(tmp_path: Path) -> None:
    with telling():
        for start in (0, 8):
            with descentry.Log(tmp_path) as log:
                for step in range(start, start + 10):
                    log.write(step, loss=float(step + start))
    assert [step for step, _ in rows(tmp_path)] == [*range(10), *range(8, 18)]
    (event,) = descentry.read(tmp_path).events
    assert (event.kind, event.step, event.warning) == ("resume", 8, False)
    assert "steps 8 to 9 stand twice" in event.message


def test_no_resume_refuses_a_log(tmp_path: Path) -> None:
    with descentry.Log(tmp_path / "a", resume=False) as log:
        log.write(1, loss=1.0)
    before = log.path.read_bytes()
    with pytest.raises(descentry.UsageError, match=r"expected none.*resume=True"):
        descentry.Log(tmp_path / "a", resume=False)
    assert log.path.read_bytes() == before


@pytest.mark.parametrize("folder", ["", "a\0b", None, 3, b"x"])
def test_what_is_no_path_is_a_usage_error(folder: object) -> None:
    with pytest.raises(descentry.UsageError, match="no path"):
        descentry.Log(folder)  # type: ignore[arg-type]


@pytest.mark.parametrize("fsync_s", [-1.0, math.nan])
def test_a_bad_interval_is_a_usage_error(tmp_path: Path, fsync_s: float) -> None:
    with pytest.raises(descentry.UsageError, match="expected None or a number"):
        descentry.Log(tmp_path, fsync_s=fsync_s)


@pytest.mark.parametrize("fsync_s", [0.0, 0.01])
def test_a_synced_log_holds_the_same(tmp_path: Path, fsync_s: float) -> None:
    with telling(), descentry.Log(tmp_path, fsync_s=fsync_s) as log:
        for step in range(20):
            log.write(step, loss=1.0)
            assert log.flush()
    assert len(rows(tmp_path)) == 20


def test_a_closed_log_tells_once_and_takes_nothing(tmp_path: Path) -> None:
    log = descentry.Log(tmp_path)
    log.write(1, loss=1.0)
    log.close()
    log.close()
    with telling("is closed"):
        log.write(2, loss=2.0)
        log.write(3, loss="x")
        log.event("a", "b")
        log.flush()
    assert [step for step, _ in rows(tmp_path)] == [1]


def test_threads_share_a_log(tmp_path: Path) -> None:
    def work(k: int) -> None:
        for i in range(500):
            log.write(i, {f"loss/{k}": float(i)})

    with telling(), descentry.Log(tmp_path) as log:
        threads = [Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    curves = descentry.read(tmp_path).curves
    assert all(curves[f"loss/{k}"].values.tolist() == list(range(500)) for k in range(4))


def test_a_copy_is_the_log_and_a_pickle_takes_no_file_before_it_writes(tmp_path: Path) -> None:
    with descentry.Log(tmp_path) as log:
        assert copy.deepcopy({"log": log})["log"] is log
        assert copy.copy(log) is log
        other = pickle.loads(pickle.dumps(log))
        assert len(list(tmp_path.iterdir())) == 1
        with telling("metrics.2.jsonl"):
            other.write(1, loss=2.0)
        other.close()


def test_a_log_that_is_forgotten_lets_the_folder_go(tmp_path: Path) -> None:
    descentry.Log(tmp_path).write(1, loss=1.0)
    with telling(), descentry.Log(tmp_path) as log:
        log.write(2, loss=1.0)
    assert len(rows(tmp_path)) == 2


def test_names_that_utf8_cannot_spell_are_logged(tmp_path: Path) -> None:
    with telling(), descentry.Log(tmp_path) as log:
        log.write(1, {"lo\ud800ss": 1.5, 'a":null': 2.5, "null": 3.5, "": 4.5})
    assert rows(tmp_path) == [(1, {"lo?ss": 1.5, 'a":null': 2.5, "null": 3.5, "": 4.5})]
