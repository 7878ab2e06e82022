"""Runs, splits, processes and points by name in rows of JSON."""

import json
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.chunk import Chunk
from descentry.record.errors import UsageError
from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.json import lines as json_lines
from descentry.sources.json.labelled import JsonLabels
from descentry.sources.json.lines import JsonLines
from descentry.sources.labels import Labels
from descentry.sources.notes import Notes
from descentry.sources.places.find import find
from descentry.sources.rows import joined

Row = dict[str, Any]


def text_of(rows: list[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def runs_of(tmp_path: Path, rows: list[Row]) -> dict[str, Run]:
    path = tmp_path / "a.jsonl"
    path.write_text(text_of(rows))
    return {log.run.removeprefix("a").removeprefix("/"): collect(log) for log in find(path)}


def points(run: Run) -> dict[str, list[tuple[int, float]]]:
    return {
        name: list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        for name, curve in run.curves.items()
    }


@pytest.mark.parametrize("key", ["run", "run_id", "trial", "seed"])
@pytest.mark.parametrize("names", [(0, 1), ("a", "b")])
def test_fields_of_runs_make_runs(tmp_path: Path, key: str, names: tuple[Any, Any]) -> None:
    rows: list[Row] = [{"config": {"lr": "x"}}]
    rows += [{key: name, "_step": i, "loss": i + at} for i in range(4) for at, name in enumerate(names)]
    found = runs_of(tmp_path, rows)
    assert {name: points(run) for name, run in found.items()} == {
        str(name): {"loss": [(i, float(i + at)) for i in range(4)]} for at, name in enumerate(names)
    }
    assert all(run.config == {"lr": "x", key: name} for run, name in zip(found.values(), names, strict=True))
    with pytest.raises(UsageError):
        json_lines.read(tmp_path / "a.jsonl")


@pytest.mark.parametrize("key", ["split", "phase", "mode", "stage"])
def test_fields_of_splits_go_in_front(tmp_path: Path, key: str) -> None:
    rows = [{"step": i, key: s, "loss": i, "train_acc": 1} for i in range(30) for s in ("train", "val")]
    (run,) = runs_of(tmp_path, rows).values()
    its = [(i, float(i)) for i in range(30)]
    ones = [(i, 1.0) for i in range(30)]
    assert points(run) == {
        "train/loss": its, "train_acc": ones, "val/loss": its, "val/train_acc": ones,
    }  # fmt: skip
    assert run.curves["val/loss"].role is Role.VAL_LOSS


def test_ranks(tmp_path: Path) -> None:
    rows = [{"step": i, "rank": r, "loss": r} for i in range(5) for r in (0, 1)]
    (run,) = runs_of(tmp_path, rows).values()
    assert {name: curve.role for name, curve in run.curves.items()} == {
        "loss": Role.TRAIN_LOSS, "rank1/loss": Role.METRIC,
    }  # fmt: skip
    assert [(event.kind, event.where) for event in run.events] == [("ranks", "a.jsonl:2")]


@pytest.mark.parametrize(("name", "value"), [("name", "value"), ("key", "value"), ("tag", "scalar")])
@pytest.mark.parametrize("by_series", [False, True])
def test_rows_of_one_point(tmp_path: Path, name: str, value: str, by_series: bool) -> None:
    rows = [{"step": i, name: s, value: i, "kind": "x"} for i in range(20) for s in ("train/loss", "lr")]
    rows.sort(key=lambda row: row[name] if by_series else "")
    (run,) = runs_of(tmp_path, rows).values()
    its = [(i, float(i)) for i in range(20)]
    assert points(run) == {"train/loss": its, "lr": its}
    assert [chunk.n_rows for chunk in json_lines.read(tmp_path / "a.jsonl")] == [20]


@pytest.mark.parametrize(
    "extra", [{"loss": 1.5}, {"lr": 0.1}, {"name": 3}, {"value": [1]}, {"name": ""}, {"name": "step"}]
)
def test_rows_of_several_values_stay_wide(tmp_path: Path, extra: Row) -> None:
    (run,) = runs_of(
        tmp_path, [{"step": i, "name": "a", "value": i, "loss2": 1, **extra} for i in range(3)]
    ).values()
    assert "a" not in run.curves
    assert run.curves["loss2"].steps.tolist() == [0, 1, 2]


def test_the_step_that_never_goes_back(tmp_path: Path) -> None:
    rows = [{"step": i, "iteration": 5 * e + i, "loss": 1} for e in range(3) for i in range(5)]
    (run,) = runs_of(tmp_path, rows).values()
    assert run.curves["loss"].steps.tolist() == list(range(15))
    assert [event.kind for event in run.events] == ["derived"]


def test_a_follower_stays_with_its_run(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text_of([{"run": "a", "step": 0, "loss": 1}]))
    chunks = find(path)[0].follow()
    got = [next(chunks)]
    with path.open("a") as file:
        file.write(text_of([{"run": "b", "step": 0, "loss": 2}] * 2 + [{"run": "a", "step": 1, "loss": 3}]))
    got += islice(chunks, 3)
    whole = joined(got)
    assert whole.columns["loss"].values.tolist() == [1.0, 3.0]
    assert [(event.kind, event.count) for event in whole.events] == [("other_run", 2)]


VALUES = st.sampled_from([1, 2.5, None, "x", "nan", True])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"step": st.integers(0, 9)},
        optional={
            "run": st.sampled_from(["a", "b", 7, None]), "split": st.sampled_from(["train", "val", ""]),
            "rank": st.integers(0, 2), "name": st.sampled_from(["loss", "lr", 3]), "value": VALUES,
            "loss": VALUES, "val_loss": VALUES, "epoch": st.just(1),
        },
    ),
    min_size=1,
    max_size=30,
)  # fmt: skip


def told_of(chunk: Chunk) -> object:
    return (
        chunk.steps.tolist(),
        {name: (c.rows.tolist(), repr(c.values.tolist())) for name, c in sorted(chunk.columns.items())},
    )


@settings(max_examples=300, deadline=None)
@given(
    rows=ROWS, cuts=st.lists(st.integers(0, 2000), max_size=6), only=st.sampled_from([("a",), ("",), ("7",)])
)
def test_any_split_of_the_bytes_gives_the_same(rows: list[Row], cuts: list[int], only: tuple[str]) -> None:
    labels = Labels(("run",), only, is_alone=False, split="split", rank="rank")
    data = text_of(rows).encode()

    def decoded(bounds: list[int]) -> Chunk:
        decoder = JsonLines("a", labels=labels)
        pieces = [decoder.feed(data[a:b]) for a, b in pairwise(bounds) if b > a]
        return joined([*pieces, decoder.end()])

    bounds = sorted(min(cut, len(data)) for cut in cuts)
    whole = decoded([0, len(data)])
    assert told_of(decoded([0, *bounds, len(data)])) == told_of(whole)
    notes = JsonLabels(labels, Notes("a"))
    kept = [row for row in rows if notes.row(row, 1) is not None]
    assert set(whole.steps.tolist()) <= {row["step"] for row in kept}


def test_a_field_of_runs_may_come_late(tmp_path: Path) -> None:
    rows: list[Row] = [{"step": i, "loss": 2.5} for i in range(2000)]
    rows += [{"step": i, "loss": i + at, "run": name} for i in range(1500) for at, name in enumerate("xy")]
    found = runs_of(tmp_path, rows)
    assert points(found["y"])["loss"] == [(i, i + 1.0) for i in range(1500)]
    assert points(found["x"])["loss"] == [(i, float(i)) for i in range(1500)]
