"""What `descentry.Log` writes comes back as it was given."""

import copy
import json
import math
import pickle
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.log.written import rows, telling

import descentry
from descentry.record.errors import UsageError

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


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/run",
        "gs://b/x",
        "hdfs://host/run",
        "file:///tmp/run",
        Path("s3://bucket/run"),
        Path("https://host/run"),
    ],
)
def test_an_address_is_a_usage_error_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is an address, expected a folder of this machine"):
        descentry.Log(address)
    with pytest.raises(UsageError, match="is an address"):
        descentry.Log("a", mirror_tensorboard=address)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_have_a_colon_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("lr:0.1", "12:30", "a:b/c"):
        with telling(), descentry.Log(name) as log:
            log.write(1, loss=1.0)
        assert rows(tmp_path / name) == [(1, {"loss": 1.0})]


@pytest.mark.parametrize("fsync_s", [None, 0.0])
def test_a_flush_after_the_end_says_whether_all_was_kept(tmp_path: Path, fsync_s: float | None) -> None:
    log = descentry.Log(tmp_path, fsync_s=fsync_s)
    log.write(1, loss=1.0)
    log.close()
    assert log.flush()
    with telling("the log is closed"):
        log.write(2, loss=1.0)
        assert not log.flush()
        assert not log.flush()
    assert rows(tmp_path) == [(1, {"loss": 1.0})]
