"""Thousands, decimal commas, percent, spans of time, and lines with NULs in a table."""

from pathlib import Path

import pytest

from descentry.record.errors import UnknownFormatError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.quantities import quantity


def run_of(tmp_path: Path, text: str) -> Run:
    path = tmp_path / "a.csv"
    path.write_text(text)
    (log,) = find(path)
    return collect(log)


def points(run: Run, name: str = "loss") -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def told(run: Run) -> list[tuple[str, str | None, int, bool]]:
    return [(event.kind, event.where, event.count, event.warning) for event in run.events]


@pytest.mark.parametrize("n", [3, 400])
def test_points_part_thousands_where_commas_are_decimal(tmp_path: Path, n: int) -> None:
    rows = "".join(f"{f'{1000 * i:,}'.replace(',', '.')};{i},5\n" for i in range(n))
    run = run_of(tmp_path, "step;loss\n" + rows)
    assert points(run) == [(1000 * i, i + 0.5) for i in range(n)]
    assert told(run) == [("derived", "a.csv:3", n - 1, True)]


def test_points_between_semicolons_are_decimal_without_commas(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step;loss\n0;1.500\n1;1.250\n")
    assert points(run) == [(0, 1.5), (1, 1.25)]
    assert not run.events


def test_both_signs_in_one_number(tmp_path: Path) -> None:
    assert points(run_of(tmp_path, "step;loss\n0;1.234,5\n1;0.25\n2;-2.000,25\n")) == [
        (0, 1234.5), (1, 0.25), (2, -2000.25),
    ]  # fmt: skip


def test_commas_part_thousands_in_quotes(tmp_path: Path) -> None:
    run = run_of(tmp_path, 'step,loss\n"999",2\n"1,000","1,234.5"\n"2,000,000",1\n')
    assert points(run) == [(999, 2.0), (1000, 1234.5), (2_000_000, 1.0)]
    assert told(run) == [("derived", "a.csv:3", 3, True)]


def test_texts_among_numbers_are_told_once_with_their_count(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss\n0,1\n1,x\n2,y\nz,1\nw,1\n")
    assert told(run) == [("bad_value", "a.csv:3", 2, True), ("bad_step", "a.csv:5", 2, True)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("98.5%", (98.5, "percent")), ("-1 %", (-1.0, "percent")), ("00:12", (12.0, "seconds")),
        ("1:02:03.5", (3723.5, "seconds")), ("1:60", None), ("%", None), ("1:2", None), ("12:00:00:00", None),
    ],
)  # fmt: skip
def test_quantities(cell: str, expected: tuple[float, str] | None) -> None:
    assert quantity(cell) == expected


def test_percent_and_spans_of_time_are_series(tmp_path: Path) -> None:
    run = run_of(tmp_path, "epoch,train_loss,acc,time\n0,2,98.5%,00:12\n1,1,99%,01:10\n")
    assert points(run, "acc") == [(0, 98.5), (1, 99.0)]
    assert points(run, "time") == [(0, 12.0), (1, 70.0)]
    assert told(run) == [("derived", "a.csv:2", 2, False)] * 2


def test_lines_with_nuls_are_left_out_and_told(tmp_path: Path) -> None:
    nuls = "\0" * 50
    text = f"step,loss\n10,1\n11,0.{nuls}\n12,3\n{nuls}13,2\n{nuls}4,9\n{nuls}\n15,1\n"
    run = run_of(tmp_path, text)
    assert points(run) == [(10, 1.0), (12, 3.0), (13, 2.0), (15, 1.0)]
    assert told(run) == [("nul_bytes", "a.csv:3", 200, True), ("bad_line", "a.csv:3", 2, True)]


def test_nuls_do_not_make_a_table_of_binary_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"step,loss\n" + b"1,\0\1\2\n" * 100)
    with pytest.raises(UnknownFormatError):
        find(path)


def test_columns_of_true_and_false_are_named(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss,ok,note\n0,1,True,a\n1,.5,false,b\n")
    assert run.config["ignored"] == ["note", "ok"]
    assert told(run) == [("no_series", "a.csv:2", 1, False)]


def test_a_table_that_begins_with_many_nuls_is_read(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss\n" + "\0" * 100_000 + "\n1,2\n2,1\n")
    assert points(run) == [(1, 2.0), (2, 1.0)]


@pytest.mark.parametrize("unit", ["s", " s", " sec", " seconds"])
def test_seconds_may_say_their_unit(tmp_path: Path, unit: str) -> None:
    run = run_of(tmp_path, "step,loss,time\n" + "".join(f"{i},2.5,{i}.5{unit}\n" for i in range(4)))
    assert run.curves["time"].values.tolist() == [0.5, 1.5, 2.5, 3.5]
