"""Long tables, one point a row, and tables with decimal commas."""

from pathlib import Path

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.tables import csv


def run_of(tmp_path: Path, text: str, name: str = "a.csv") -> Run:
    (tmp_path / name).write_text(text)
    (log,) = find(tmp_path / name)
    assert log.format == "csv"
    return collect(log)


def points(run: Run) -> dict[str, list[tuple[int, float]]]:
    return {
        name: list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        for name, curve in run.curves.items()
    }


BY_SERIES = "step,tag,value\n0,loss,3\n1,loss,2.5\n0,lr,0.1\n1,lr,0.2\n"
BY_STEP = "step,tag,value\n0,loss,3\n0,lr,0.1\n1,loss,2.5\n1,lr,0.2\n"
EXPECTED = {"loss": [(0, 3.0), (1, 2.5)], "lr": [(0, 0.1), (1, 0.2)]}


@pytest.mark.parametrize("text", [BY_SERIES, BY_STEP])
def test_a_long_table_gives_the_rows_of_a_wide_one(tmp_path: Path, text: str) -> None:
    assert points(run_of(tmp_path, text)) == EXPECTED
    (chunk,) = csv.read(tmp_path / "a.csv")
    assert chunk.steps.tolist() == [0, 1]


def test_following_a_long_table_gives_the_same_points(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(BY_STEP[:30])
    source = csv.follow(path)
    chunks = [next(source)]
    path.write_text(BY_STEP)
    chunks += [next(source) for _ in range(3)]
    found: dict[str, list[tuple[int, float]]] = {}
    for chunk in chunks:
        for name, (rows, values) in chunk.columns.items():
            found.setdefault(name, []).extend(zip(chunk.steps[rows].tolist(), values.tolist(), strict=True))
    assert found == EXPECTED


def test_the_run_of_a_row_goes_in_front_of_its_name(tmp_path: Path) -> None:
    text = "run,tag,step,value\ntrain,loss,0,3\nval,loss,0,3.5\n.,lr,0,0.1\n"
    assert points(run_of(tmp_path, text)) == {
        "train/loss": [(0, 3.0)],
        "val/loss": [(0, 3.5)],
        "lr": [(0, 0.1)],
    }


def test_odd_points_of_a_long_table_are_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,tag,value\n0,loss,3\n1,loss,oops\n2,,3\n3,loss,\n")
    assert repr(points(run)) == "{'loss': [(0, 3.0), (1, nan)]}"
    assert [(event.kind, event.where) for event in run.events] == [
        ("bad_value", "a.csv:3"),
        ("bad_line", "a.csv:4"),
    ]


def test_a_wide_table_with_such_names_stays_wide(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,name,value,loss\n0,a,0.5,3\n1,a,0.25,2.5\n")
    assert points(run) == {"value": [(0, 0.5), (1, 0.25)], "loss": [(0, 3.0), (1, 2.5)]}


@pytest.mark.parametrize("n_rows", [3, 400])
def test_between_semicolons_a_comma_is_decimal(tmp_path: Path, n_rows: int) -> None:
    rows = [f"{i};{'3' if i == 0 else f'3,{i:03}'};" for i in range(n_rows)]
    run = run_of(tmp_path, "step;loss;note\n" + "\n".join(rows) + "\n")
    assert points(run)["loss"] == [(0, 3.0), *((i, float(f"3.{i:03}")) for i in range(1, n_rows))]
    assert not run.events


def test_a_comma_between_other_delimiters_is_no_decimal_one(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step\tloss\n0\t3\n1\t3,25\n2\t4.5\n", "a.tsv")
    assert repr(points(run)) == "{'loss': [(0, 3.0), (1, nan), (2, 4.5)]}"
    assert [event.kind for event in run.events] == ["bad_value"]


def test_a_number_with_two_commas_is_none(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step;loss\n0;3\n1;1,234,567\n2;4,5\n")
    assert repr(points(run)) == "{'loss': [(0, 3.0), (1, nan), (2, 4.5)]}"
    assert [event.where for event in run.events] == ["a.csv:3"]
