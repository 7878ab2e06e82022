"""`run.to_pandas()`: long and tidy, every point as logged, and seaborn takes it as it is."""

import numpy as np
import pytest
from tests.plot.made import descent, made

import descentry.pictures  # noqa: F401  (gives runs their methods)
from descentry.plot.tidy import COLUMNS

pandas = pytest.importorskip("pandas")


def test_every_point_is_a_row_as_logged() -> None:
    run = made({"loss": ([0, 1, 1, 0], [3.0, np.nan, np.inf, 2.0]), "other": ([5], [1.0])}, wall=2.0)
    frame = run.to_pandas()
    assert tuple(frame.columns) == COLUMNS
    assert frame["step"].tolist() == [0, 1, 1, 0, 5]
    np.testing.assert_array_equal(frame["value"], [3.0, np.nan, np.inf, 2.0, 1.0])
    assert frame["series"].tolist() == ["loss"] * 4 + ["other"]
    assert frame["role"].tolist() == ["train_loss"] * 4 + ["metric"]
    assert frame["wall_time"].tolist() == [1e9, 1e9 + 2, 1e9 + 2, 1e9, 1e9 + 10]
    assert set(frame["run"]) == {"run-a"}
    assert (str(frame["step"].dtype), str(frame["value"].dtype)) == ("int64", "float64")


def test_an_empty_run_is_an_empty_table() -> None:
    frame = made({}).to_pandas()
    assert len(frame) == 0
    assert tuple(frame.columns) == COLUMNS


def test_tables_of_several_runs_join() -> None:
    frames = [made({"loss": descent(10)}, name).to_pandas() for name in ("a", "b")]
    assert pandas.concat(frames).groupby("run", observed=True)["value"].count().to_dict() == {
        "a": 10,
        "b": 10,
    }


def test_seaborn_takes_it_as_it_is() -> None:
    seaborn = pytest.importorskip("seaborn")
    pytest.importorskip("matplotlib").use("agg")
    frame = made({"loss": descent(100), "val_loss": descent(10)}).to_pandas()
    grid = seaborn.relplot(frame, x="step", y="value", col="series", hue="role", kind="line")
    assert len(grid.axes.flat) == 2
    assert len(grid.axes.flat[0].lines[0].get_xdata()) == 100
