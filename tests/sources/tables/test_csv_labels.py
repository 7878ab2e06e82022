"""Runs, splits and processes that the columns of one table tell apart."""

from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError, UsageError
from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.labels import Labels, labelled
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.tables import csv
from descentry.sources.tables.csv_lines import CsvLines

Points = dict[str, list[tuple[int, float]]]


def runs_of(tmp_path: Path, text: str) -> dict[str, Run]:
    path = tmp_path / "a.csv"
    path.write_text(text)
    return {log.run.removeprefix("a").removeprefix("/"): collect(log) for log in find(path)}


def points(run: Run) -> Points:
    return {
        name: list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        for name, curve in run.curves.items()
    }


LOSSES = {"loss": [(0, 1.0), (1, 0.5)]}


@pytest.mark.parametrize("column", ["run", "run_id", "Run_Name", "experiment", "trial_id", "trial", "seed"])
@pytest.mark.parametrize("names", [("7", "8"), ("a", "b"), ("7", "x/y")])
def test_a_column_of_runs_makes_runs(tmp_path: Path, column: str, names: tuple[str, str]) -> None:
    one, other = names
    text = f"{column},step,loss\n{one},0,1\n{other},0,2\n{one},1,.5\n{other},1,1.5\n"
    found = runs_of(tmp_path, text)
    assert {name: points(run) for name, run in found.items()} == {
        one: LOSSES, other: {"loss": [(0, 2.0), (1, 1.5)]},
    }  # fmt: skip
    assert all(run.curves["loss"].role is Role.TRAIN_LOSS and not run.events for run in found.values())
    with pytest.raises(UsageError, match="holds 2 runs"):
        csv.read(tmp_path / "a.csv")


def test_a_long_table_of_runs(tmp_path: Path) -> None:
    rows = [
        f"{run},{i},{name},{i + 1}" for run in "ab" for i in range(3) for name in ("train/loss", "val/loss")
    ]
    found = runs_of(tmp_path, "run,step,metric,value\n" + "\n".join(rows) + "\n")
    its = [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert {name: points(run) for name, run in found.items()} == {
        name: {"train/loss": its, "val/loss": its} for name in "ab"
    }


def test_two_columns_name_a_run_together(tmp_path: Path) -> None:
    rows = [f"{x},{s},{i},{i}" for x in "ab" for s in (0, 1) for i in range(3)]
    assert list(runs_of(tmp_path, "experiment,seed,step,loss\n" + "\n".join(rows) + "\n")) == [
        "a/0", "a/1", "b/0", "b/1",
    ]  # fmt: skip


def test_one_seed_is_a_setting_and_a_summary_of_trials_is_one_run(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, "seed,step,loss\n3,0,1\n3,1,.5\n").values()
    assert points(run) == LOSSES
    assert run.config["seed"] == 3
    (run,) = runs_of(tmp_path, "trial,loss\n0,1\n1,.5\n2,.25\n").values()
    assert set(run.curves) == {"trial", "loss"}


def test_runs_of_tensorboard_frames_are_splits(tmp_path: Path) -> None:
    text = "run,tag,step,value\n" + "".join(
        f"{run},loss,{i},{i}\n" for i in range(2) for run in ("train", "validation")
    )
    (run,) = runs_of(tmp_path, text).values()
    assert points(run) == {name: [(0, 0.0), (1, 1.0)] for name in ("train/loss", "validation/loss")}
    found = runs_of(tmp_path, text.replace("\ntrain", "\na/train").replace("\nval", "\nb/val"))
    assert {name: list(run.curves) for name, run in found.items()} == {
        "a": ["train/loss"], "b": ["validation/loss"],
    }  # fmt: skip


@pytest.mark.parametrize("column", ["split", "phase", "mode", "stage"])
@pytest.mark.parametrize("n", [2, 40])
def test_a_column_of_splits_goes_in_front_of_the_names(tmp_path: Path, column: str, n: int) -> None:
    text = f"{column},step,epoch,loss\n" + "".join(
        f"{split},{i},0,{i + at}\n" for i in range(n) for at, split in enumerate(("train", "Valid"))
    )
    (run,) = runs_of(tmp_path, text).values()
    assert points(run) == {
        "epoch": [(i, 0.0) for i in range(n) for _ in range(2)],
        "train/loss": [(i, float(i)) for i in range(n)],
        "Valid/loss": [(i, float(i + 1)) for i in range(n)],
    }
    assert run.curves["Valid/loss"].role is Role.VAL_LOSS


def test_names_that_say_the_split_and_stages_that_are_none(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, "split,step,train_loss,val_loss\ntrain,0,1,\nval,0,,2\n").values()
    assert points(run) == {"train_loss": [(0, 1.0)], "val_loss": [(0, 2.0)]}
    (run,) = runs_of(tmp_path, "stage,step,loss\n1,0,1\n2,1,.5\n").values()
    assert points(run) == {"stage": [(0, 1.0), (1, 2.0)], **LOSSES}
    (run,) = runs_of(tmp_path, "split,step,loss\ntrain,0,1\ntrain,1,.5\n").values()
    assert points(run) == LOSSES


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("loss", "", "loss"), ("loss", "val/", "val/loss"), ("val_loss", "val/", "val_loss"),
        ("val_loss", "train/", "train/val_loss"), ("epoch", "val/", "epoch"), ("epoch", "rank1/", "rank1/epoch"),
        ("loss", "rank1/val/", "rank1/val/loss"), ("val_loss", "rank1/val/", "rank1/val_loss"),
    ],
)  # fmt: skip
def test_prefixed_names(name: str, prefix: str, expected: str) -> None:
    assert labelled(name, prefix) == expected


@pytest.mark.parametrize("n", [3, 50])
def test_other_ranks_have_series_without_a_role(tmp_path: Path, n: int) -> None:
    text = "step,rank,loss\n" + "".join(f"{i},{r},{i + r}\n" for i in range(n) for r in (1, 0, 2))
    (run,) = runs_of(tmp_path, text).values()
    assert points(run) == {
        name: [(i, float(i + r)) for i in range(n)]
        for r, name in ((0, "loss"), (1, "rank1/loss"), (2, "rank2/loss"))
    }
    assert {name: curve.role for name, curve in run.curves.items()} == {
        "loss": Role.TRAIN_LOSS, "rank1/loss": Role.METRIC, "rank2/loss": Role.METRIC,
    }  # fmt: skip
    assert [(event.kind, event.where, event.warning) for event in run.events] == [("ranks", "a.csv:2", True)]


def test_a_metric_called_rank_and_a_single_rank_are_as_they_are(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, "step,rank,loss\n" + "".join(f"{i},{i // 3},1\n" for i in range(12))).values()
    assert set(run.curves) == {"rank", "loss"}
    (run,) = runs_of(tmp_path, "step,rank,loss\n0,3,1\n1,3,.5\n").values()
    assert points(run)["loss"] == LOSSES["loss"]


def test_the_step_that_never_goes_back_is_taken(tmp_path: Path) -> None:
    rows = [f"{e},{i},{3 * e + i},1" for e in range(3) for i in range(3)]
    (run,) = runs_of(tmp_path, "epoch,step,global_step,loss\n" + "\n".join(rows) + "\n").values()
    assert run.curves["loss"].steps.tolist() == list(range(9))
    assert run.curves["step"].values.tolist() == [0.0, 1.0, 2.0] * 3
    assert [event.kind for event in run.events] == ["derived"]
    (run,) = runs_of(tmp_path, "step,global_step,loss\n0,0,1\n1,10,1\n0,0,1\n").values()
    assert run.curves["loss"].steps.tolist() == [0, 1, 0]


def test_a_follower_stays_with_its_run_and_tells_of_others(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("run,step,loss\na,0,1\n")
    chunks = find(path)[0].follow()
    got = [next(chunks)]
    with path.open("a") as file:
        file.write("b,0,2\na,1,.5\n")
    got += islice(chunks, 3)
    whole = joined(got)
    assert whole.columns["loss"].values.tolist() == [1.0, 0.5]
    assert [(event.kind, event.count) for event in whole.events] == [("other_run", 1)]


def test_more_runs_than_can_be_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("run,step,loss\n" + "".join(f"{i},{j},1\n" for i in range(20_001) for j in (0, 1)))
    with pytest.raises(DamagedError, match="more than 20000 runs"):
        find(path)


TEXT = "run,split,rank,step,loss,note\n" + "".join(
    f"{'ab'[i % 5 == 0]},{('train', 'val', '')[i % 3]},{i % 2},{i // 6},{i / 8},{'x' * (i % 4)}\n"
    for i in range(120)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_any_split_of_the_bytes_gives_the_same(cuts: list[int]) -> None:
    labels = Labels(("run",), ("a",), is_alone=False, split="split", rank="rank")

    def decoded(bounds: list[int]) -> Chunk:
        lines = CsvLines("a.csv", labels=labels)
        pieces = [lines.feed(TEXT[a:b].encode()) for a, b in pairwise(bounds) if b > a]
        return joined([*pieces, lines.end()])

    whole, cut = decoded([0, len(TEXT)]), decoded([0, *sorted(cuts), len(TEXT)])
    assert cut.steps.tolist() == whole.steps.tolist()
    assert {name: (c.rows.tolist(), c.values.tolist()) for name, c in cut.columns.items()} == {
        name: (c.rows.tolist(), c.values.tolist()) for name, c in whole.columns.items()
    }
    assert set(whole.columns) == {
        f"{rank}{split}loss" for rank in ("", "rank1/") for split in ("train/", "val/", "")
    }
