"""`wandb://`: the real client against a server of our own, and what its answers become."""

import io
import math
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.sources.wandb.fake_wandb import FakeRun, FakeWandb, serving

from descentry.record.errors import UnreadableError
from descentry.sources.collect import collect
from descentry.sources.rows import joined
from descentry.sources.wandb import api as wandb_api

ROWS: list[dict[str, Any]] = [
    {
        "_step": 2 * i,
        "_timestamp": 1.7e9 + i,
        "_runtime": float(i),
        "train/loss": {3: math.nan, 4: math.inf, 5: -math.inf}.get(i, 2.0 / (i + 1)),
        "eval/loss": 1.5 if i % 5 == 4 else None,
    }
    for i in range(20)
]
LIVE = [{"_step": 40, "_timestamp": 1.7e9 + 20, "train/loss": 0.25}, {"_step": 41, "train/loss": "NaN"}]


class ScriptedRun:
    """What `wandb.Api` gives for a run, as far as it is asked."""

    id, name = "r1", "shown"

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.config = {"lr": 0.1, "layers": [1, 2]}

    def scan_history(self, min_step: int, page_size: int, use_cache: bool) -> Iterator[dict[str, Any]]:
        assert page_size > 0
        assert not use_cache
        return iter([row for row in self.rows if row["_step"] >= min_step])


def client(monkeypatch: pytest.MonkeyPatch, api: object) -> None:
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(Api=lambda **_: api))


def test_a_run_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    histogram = {"_step": 50, "h": {"_type": "histogram", "values": [1, 2]}, "nested": {"a": 1.0}}
    run = ScriptedRun([*ROWS, *LIVE, histogram])
    client(monkeypatch, SimpleNamespace(run=lambda path: run if path == "team/proj/r1" else None))
    (log,) = wandb_api.logs("wandb://team/proj/runs/r1")
    assert (log.run, log.format, log.place) == ("r1", "wandb", "wandb://team/proj/r1")
    read = collect(log)
    assert read.curves["train/loss"].steps.tolist() == [*range(0, 42, 2), 41]
    assert str(read.curves["train/loss"].values[[3, 4, 5, 21]].tolist()) == "[nan, inf, -inf, nan]"
    assert read.curves["eval/loss"].steps.tolist() == [8, 18, 28, 38]
    assert set(read.curves) == {"train/loss", "eval/loss", "_runtime", "nested/a"}
    assert read.config == {"name": "shown", "lr": 0.1}


def test_every_run_of_a_project_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [ScriptedRun(ROWS[:n]) for n in (1, 2)]
    client(monkeypatch, SimpleNamespace(runs=lambda path, **_: runs if path == "team/proj" else []))
    assert [collect(log).curves["_runtime"].steps.tolist() for log in wandb_api.logs("wandb://team/proj")] == [
        [0], [0, 2],
    ]  # fmt: skip
    with pytest.raises(UnreadableError, match="without runs"):
        wandb_api.logs("wandb://team/other")


def test_a_run_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = ScriptedRun(ROWS[:3])
    client(monkeypatch, SimpleNamespace(run=lambda _: run))
    chunks = wandb_api.logs("wandb://team/proj/r1")[0].follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [0, 2, 4]
    assert joined(islice(chunks, 2)).n_rows == 0
    run.rows = ROWS[:5]
    assert joined(islice(chunks, 1)).steps.tolist() == [6, 8]


@pytest.mark.parametrize(
    "error", [OSError("no\nroute"), ValueError("no run"), TypeError(), KeyError("project")]
)
def test_what_the_client_raises_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_: str) -> object:
        raise error

    client(monkeypatch, SimpleNamespace(run=fail))
    with pytest.raises(UnreadableError, match=r"cannot be read from W&B .*; check the address") as caught:
        wandb_api.logs("wandb://team/proj/r1")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["wandb://", "wandb://team", "wandb://team/", "wandb:///a/b", "wandb://a/b/c/d/e"]
)
def test_an_odd_address_is_refused(address: str) -> None:
    with pytest.raises(UnreadableError, match="expected wandb://entity/project"):
        wandb_api.logs(address)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeWandb]:
    """A server with a run in two Parquet files and rows that are in none yet; the client is pointed at it."""
    pytest.importorskip("wandb")
    for name, value in {
        "WANDB_API_KEY": "a" * 40, "WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true",
        "WANDB_DIR": str(tmp_path), "WANDB_CACHE_DIR": str(tmp_path / "cache"),
        "WANDB_CONFIG_DIR": str(tmp_path / "config"), "WANDB_DATA_DIR": str(tmp_path / "data"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    run = FakeRun([parquet(ROWS[:8]), parquet(ROWS[8:])], 41, {"lr": 0.1}, LIVE)
    with serving({"r1": run, "r2": FakeRun([parquet(ROWS[:4])], 6)}) as fake:
        monkeypatch.setenv("WANDB_BASE_URL", fake.url)
        yield fake


def parquet(rows: list[dict[str, Any]]) -> bytes:
    arrow = pytest.importorskip("pyarrow")
    file = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(arrow.Table.from_pylist(rows), file)
    return file.getvalue()


@pytest.mark.slow
def test_the_real_client_reads_every_value(server: FakeWandb) -> None:
    (log,) = wandb_api.logs("wandb://team/proj/r1")
    run = collect(log)
    logged = [(row["_step"], float(row["train/loss"])) for row in (*ROWS, *LIVE)]
    curve = run.curves["train/loss"]
    assert curve.steps.tolist() == [step for step, _ in logged]
    assert str(curve.values.tolist()) == str([value for _, value in logged])
    assert run.curves["eval/loss"].steps.tolist() == [8, 18, 28, 38]
    assert curve.wall_times is not None
    assert curve.wall_times[:3].tolist() == [1.7e9, 1.7e9 + 1, 1.7e9 + 2]
    assert run.config == {"name": "r1 shown", "lr": 0.1}
    assert {"Viewer", "Run", "RunHistoryKeys", "RunParquetHistory", "HistoryPage"} <= set(server.asked)


@pytest.mark.slow
def test_the_real_client_lists_the_runs_and_follows_one(server: FakeWandb) -> None:
    logs = wandb_api.logs("wandb://team/proj")
    assert [log.run for log in logs] == ["r1", "r2"]
    chunks = logs[1].follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [0, 2, 4, 6]
    server.runs["r2"] = FakeRun([parquet(ROWS[:4])], 8, live=[ROWS[4]])
    assert joined(islice(chunks, 1)).steps.tolist() == [8]


@pytest.mark.slow
@pytest.mark.parametrize("address", ["wandb://team/proj/none", "wandb://team/none", "wandb://none/proj/r1"])
def test_the_real_client_does_not_know_it(server: FakeWandb, address: str) -> None:
    assert server.url
    with pytest.raises(UnreadableError, match="Could not find"):
        wandb_api.logs(address)
