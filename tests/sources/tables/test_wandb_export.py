"""What W&B's pages export from a chart: several runs, each with its envelope."""

from pathlib import Path

import pytest

from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

HEADER = ["Step", *(f"{run} - train/loss{end}" for run in ("a - 1", "b") for end in ("", "__MIN", "__MAX"))]


def runs_of(tmp_path: Path, rows: list[list[object]], header: list[str] = HEADER) -> dict[str, Run]:
    lines = [",".join(f'"{cell}"' for cell in row) for row in (header, *rows)]
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines) + "\n")
    logs = find(path)
    assert {log.format for log in logs} == {"wandb_csv"}
    return {log.run.removeprefix("export/"): collect(log) for log in logs}


def test_each_run_has_its_own_rows(tmp_path: Path) -> None:
    rows: list[list[object]] = [[0, 3, 3, 3, "", "", ""], [1, 2, 2, 2, 5, 4, 6], [2, "", "", "", 4, 4, 4]]
    found = runs_of(tmp_path, rows)
    assert list(found) == ["a - 1", "b"]
    first, second = found.values()
    assert set(first.curves) == {"train/loss"}
    assert first.curves["train/loss"].steps.tolist() == [0, 1]
    assert first.curves["train/loss"].values.tolist() == [3.0, 2.0]
    assert [event.kind for event in first.events] == ["derived"]
    assert {name: (c.steps.tolist(), c.values.tolist(), c.role) for name, c in second.curves.items()} == {
        "train/loss": ([1, 2], [5.0, 4.0], Role.TRAIN_LOSS),
        "train/loss__MIN": ([1, 2], [4.0, 4.0], Role.METRIC),
        "train/loss__MAX": ([1, 2], [6.0, 4.0], Role.METRIC),
    }


def test_the_steps_of_a_run_stand_in_for_times(tmp_path: Path) -> None:
    names = [f"a - {x}{end}" for x in ("loss", "_step") for end in ("", "__MIN", "__MAX")]
    rows: list[list[object]] = [[0.5, 3, 3, 3, 10, 10, 10], [1.5, 2, 2, 2, 20, 20, 20]]
    (run,) = runs_of(tmp_path, rows, ["Relative Time (Process)", *names]).values()
    assert run.curves["loss"].steps.tolist() == [10, 20]
    assert run.curves["Relative Time (Process)"].values.tolist() == [0.5, 1.5]


@pytest.mark.parametrize("header", ["step,a - b,c__MIN", "step,loss,loss__MIN,loss__MAX"])
def test_other_tables_are_no_exports(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n" + ("1" + ",2" * header.count(",") + "\n") * 3)
    assert [log.format for log in find(path)] == ["csv"]


def test_a_cut_export_gives_a_beginning(tmp_path: Path) -> None:
    rows: list[list[object]] = [[i, i, i, i, 2 * i, 2 * i, 2 * i] for i in range(5)]
    runs_of(tmp_path, rows)
    path = tmp_path / "export.csv"
    data = path.read_bytes()
    for cut in range(data.index(b"\n") + 16, len(data)):
        path.write_bytes(data[:cut])
        for log in find(path):
            values = [curve.values.tolist() for curve in collect(log).curves.values()]
            assert all(
                its in ([0.0, 1, 2, 3, 4][: len(its)], [0.0, 2, 4, 6, 8][: len(its)]) for its in values
            )
