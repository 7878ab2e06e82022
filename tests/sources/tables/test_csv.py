"""CSV: headers, holes, text, restarts, torn tails, bare numbers, times."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.event import Event, merged
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.tables.csv_lines import CsvLines


def run_of(tmp_path: Path, text: str, name: str = "a.csv") -> Run:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    (log,) = find(path)
    assert log.format == "csv"
    return collect(log)


def points(run: Run, name: str) -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def kinds(run: Run) -> list[str]:
    return [event.kind for event in run.events]


def test_an_empty_cell_was_not_logged_and_nan_was(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss,val_loss\n1,2.5,\n2,nan,\n3,,1.5\n4,inf,-Infinity\n,,\n")
    assert repr(points(run, "loss")) == "[(1, 2.5), (2, nan), (4, inf)]"
    assert points(run, "val_loss") == [(3, 1.5), (4, -math.inf)]
    assert not run.events


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_and_newlines(tmp_path: Path, mark: str, newline: str) -> None:
    text = newline.join(["step,loss,lr", "1,2.5,1e-3", "2,2.25,.5", "3,+1.,"]).replace(",", mark) + newline
    run = run_of(tmp_path, text, "a.tsv")
    assert points(run, "loss") == [(1, 2.5), (2, 2.25), (3, 1.0)]
    assert points(run, "lr") == [(1, 1e-3), (2, 0.5)]


def test_text_is_nan_in_a_series_of_numbers_and_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss,note\n1,2.5,a\n2,oops,b\n3,2.0,c\n")
    assert repr(points(run, "loss")) == "[(1, 2.5), (2, nan), (3, 2.0)]"
    (event,) = run.events
    assert (event.kind, event.where) == ("bad_value", "a.csv:3")
    assert '"oops"' in event.message
    assert run.config == {"ignored": ["note"]}


def test_text_before_the_first_number_is_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss,acc\n1,2.5,warming up\n2,2.25,0.5\n")
    assert points(run, "acc") == [(2, 0.5)]
    assert kinds(run) == ["bad_value"]


def test_a_header_that_comes_again_is_a_restart(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss\n1,2.5\n2,2.0\nstep,loss\n1,2.4\n")
    assert points(run, "loss") == [(1, 2.5), (2, 2.0), (1, 2.4)]
    assert kinds(run) == ["resume"]
    assert not run.events[0].warning


def test_a_header_with_more_columns_takes_over(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss\n1,2.5\nstep,lr,loss\n2,0.1,2.4\n")
    assert points(run, "loss") == [(1, 2.5), (2, 2.4)]
    assert points(run, "lr") == [(2, 0.1)]


def test_quoted_cells(tmp_path: Path) -> None:
    run = run_of(tmp_path, '"step","loss, mean"\n"1","2.5"\n2,"2.25"\n')
    assert points(run, "loss, mean") == [(1, 2.5), (2, 2.25)]


def test_a_torn_last_line(tmp_path: Path) -> None:
    assert points(run_of(tmp_path, "step,loss,lr\n1,2.5,1\n2,2.25,1"), "loss") == [(1, 2.5), (2, 2.25)]
    run = run_of(tmp_path, "step,loss,lr\n1,2.5,1\n2,2.2")
    assert points(run, "loss") == [(1, 2.5)]
    assert run.events == (Event("torn_tail", "the last line is cut off and was left out", "a.csv:3"),)


def test_a_follower_waits_for_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n1,2.5\n2,2.2")
    chunks = find(path)[0].follow()
    assert next(chunks).steps.tolist() == [1]
    assert next(chunks).n_rows == 0
    with path.open("a") as file:
        file.write("5\n")
    chunk = next(chunks)
    assert (chunk.steps.tolist(), chunk.columns["loss"].values.tolist()) == ([2], [2.25])


def test_no_step_counts_rows_and_says_so(tmp_path: Path) -> None:
    run = run_of(tmp_path, "loss,acc\n2.5,0.1\n2.25,0.2\n")
    assert points(run, "loss") == [(0, 2.5), (1, 2.25)]
    assert kinds(run) == ["missing_step"]


def test_the_epoch_is_the_last_resort(tmp_path: Path) -> None:
    assert points(run_of(tmp_path, "epoch,loss\n3,2.5\n4,2.25\n"), "loss") == [(3, 2.5), (4, 2.25)]
    assert points(run_of(tmp_path, "epoch,step,loss\n0,10,2.5\n"), "loss") == [(10, 2.5)]
    assert points(run_of(tmp_path, "epoch,loss\n0.5,2.5\n1.0,2.25\n"), "loss") == [(0, 2.5), (1, 2.25)]


def test_the_index_of_pandas_is_a_step(tmp_path: Path) -> None:
    assert points(run_of(tmp_path, ",loss\n5,2.5\n6,2.25\n"), "loss") == [(5, 2.5), (6, 2.25)]


def test_bare_numbers(tmp_path: Path) -> None:
    run = run_of(tmp_path, "99,0.68,0.007,0.61\n199,0.69,0.03,0.62\n")
    assert points(run, "loss") == [(99, 0.68), (199, 0.69)]
    assert points(run, "acc") == [(99, 0.61), (199, 0.62)]
    assert kinds(run) == ["derived", "derived"]
    run = run_of(tmp_path, "1,5.5\n2,5.25\n")
    assert points(run, "loss") == [(1, 5.5), (2, 5.25)]
    run = run_of(tmp_path, "0.5,7,8\n0.25,7,9\n")
    assert points(run, "column_1") == [(0, 0.5), (1, 0.25)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1700000000.5", 1700000000.5),
        ("1700000000500", 1700000000.5),
        ("2023-11-14T22:13:20.5Z", 1700000000.5),
        ("2023-11-14 22:13:20.5", 1700000000.5),
    ],
)
def test_wall_times(tmp_path: Path, cell: str, expected: float) -> None:
    walls = run_of(tmp_path, f"step,timestamp,loss\n1,{cell},2.5\n2,,2.25\n").curves["loss"].wall_times
    assert walls is not None
    assert walls[0] == expected
    assert np.isnan(walls[1])


def test_seconds_that_passed_are_a_series(tmp_path: Path) -> None:
    run = run_of(tmp_path, "epoch,time,loss\n1,792.09,2.5\n2,1478.2,2.25\n")
    assert points(run, "time") == [(1, 792.09), (2, 1478.2)]
    assert run.curves["loss"].wall_times is None


def test_ragged_lines_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss,lr\n1,2.5,1\n2,2.25\n3,2.0,1,9\n4,1.5,1\n")
    assert points(run, "loss") == [(1, 2.5), (2, 2.25), (3, 2.0), (4, 1.5)]
    assert kinds(run) == ["bad_line", "bad_line"]


def test_the_fast_and_the_slow_way_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cells = ["", "nan", "inf", "-inf", "1e-300", "-0.0", "12345678901234567890", ".5", "+1.5", "1.", "NaN"]
    lines = [f"{i},{rng.choice(cells)},{rng.choice(cells)},{rng.normal()!r}" for i in range(2000)]
    fast = run_of(tmp_path, "step,a,b,c\n" + "\n".join(lines) + "\n")
    quoted = ['"' + line.replace(",", '","') + '"' for line in lines]
    slow = run_of(tmp_path, "step,a,b,c\n" + "\n".join(quoted) + "\n")
    for name in "abc":
        assert np.array_equal(fast.curves[name].steps, slow.curves[name].steps)
        assert fast.curves[name].values.tobytes() == slow.curves[name].values.tobytes() or name != "c"
        assert np.array_equal(fast.curves[name].values, slow.curves[name].values, equal_nan=True)


def test_an_empty_cell_is_never_a_number(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss\n1,-7.5417e-303\n2,\n")
    assert points(run, "loss") == [(1, -7.5417e-303)]


def test_chunks_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n" + "".join(f"{i},1\n" for i in range(200_000)))
    chunks = list(find(path)[0].chunks())
    assert max(chunk.n_rows for chunk in chunks) <= 65536
    assert joined(chunks).steps.tolist() == list(range(200_000))


@pytest.mark.parametrize(
    "text",
    ["Dear all,\nthe training, as you know, went well,\nand so on.\n", "a,b\n", "import os, sys\nx = 1, 2\n"],
)
def test_prose_is_no_table(tmp_path: Path, text: str) -> None:
    from descentry.sources.tables.csv import matches

    assert not matches(tmp_path / "a.txt", text.encode())


LINES = [
    "{i},{x},",
    "{i},,{x}",
    "{i},nan,inf",
    ",{x},1",
    '{i},"{x}",a',
    "{i},n/a,{x}",
    "{i},{x}",
    "{i},{x},1,2",
    "",
    "step,loss,lr",
    "step,lr,loss",
    "{i}.5,{x},",
    "{i},,",
    "x,y,z",
    " {i}, {x} , 1",
    "{i},-,None",
    "1e30,{x},1",
    ",,",
]


@settings(max_examples=300, deadline=None)
@given(kinds=st.lists(st.integers(0, len(LINES) - 1), min_size=1, max_size=12), repeats=st.integers(1, 3))
def test_a_block_at_once_and_line_by_line_agree(kinds: list[int], repeats: int) -> None:
    lines = [
        "step,loss,lr\n",
        *(LINES[kind].format(i=i, x=i / 7) + "\n" for i, kind in enumerate(kinds * repeats)),
    ]
    at_once, one_by_one = CsvLines("a"), CsvLines("a")
    whole = joined([at_once.feed("".join(lines).encode()), at_once.end()])
    pieces = joined([*(one_by_one.feed(line.encode()) for line in lines), one_by_one.end()])
    assert whole.steps.tolist() == pieces.steps.tolist()
    assert whole.columns.keys() == pieces.columns.keys()
    for name, (rows, values) in whole.columns.items():
        assert rows.tolist() == pieces.columns[name].rows.tolist()
        assert np.array_equal(values, pieces.columns[name].values, equal_nan=True)
    assert whole.config == pieces.config
    told = [sorted((e.kind, e.message, e.count) for e in merged(x.events)) for x in (whole, pieces)]
    assert told[0] == told[1]


@pytest.mark.parametrize("wall", ["2023-11-14T22:13:{:02d}", "{}", "soon"])
def test_columns_of_text_do_not_change_the_numbers(tmp_path: Path, wall: str) -> None:
    lines = [f"{i},train,{wall.format(i % 60)},{i / 7},\n" for i in range(500)]
    lines[300] = lines[300].replace("42.857", "oops")
    path = tmp_path / "a.csv"
    path.write_text("step,phase,time,loss,val_loss\n" + "".join(lines))
    quoted = tmp_path / "b.csv"
    quoted.write_text(
        "step,phase,time,loss,val_loss\n" + "".join(x.replace("train", '"train"') for x in lines)
    )
    fast, slow = (collect(find(its)[0]) for its in (path, quoted))
    assert fast.curves.keys() == slow.curves.keys()
    assert np.array_equal(fast.curves["loss"].values, slow.curves["loss"].values, equal_nan=True)
    walls = [its.curves["loss"].wall_times for its in (fast, slow)]
    assert (walls[0] is None) == (walls[1] is None) == ("T" not in wall)
    assert walls[0] is None or walls[1] is None or np.array_equal(walls[0], walls[1])
    assert [event.message for event in fast.events] == [event.message for event in slow.events]
