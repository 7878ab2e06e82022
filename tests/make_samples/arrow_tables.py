"""Tables in Parquet and Arrow: by pyarrow, by pandas, and as W&B's server and the Neptune exporter lay them out."""

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from tests.make_samples.curves import rows
from tests.make_samples.own_truth import write_points
from tests.make_samples.truth import Truth

PYARROW = f"pyarrow {pa.__version__}"
PANDAS = f"pandas {pandas.__version__}"
N = 16


def make(folder: Path) -> None:
    """Writes every sample of this file below `folder`."""
    for name in ("parquet", "arrow"):
        (folder / name).mkdir(parents=True)
    wide(folder)
    by_pandas(folder / "parquet" / "pandas.parquet")
    long(folder / "parquet" / "long.parquet")
    wandb_history(folder / "parquet" / "wandb-history.parquet")
    neptune(folder / "parquet" / "neptune")


def _records() -> list[dict[str, Any]]:
    return [{"step": step, **row} for step, row in rows(0, N)]


def wide(folder: Path) -> None:
    """A column a series, several row groups; the same as an IPC file, an IPC stream and Feather."""
    table = pa.Table.from_pylist(_records())
    table = pa.table({name: table[name] for name in ("step", "train/loss", "lr", "grad_norm")} | {
        "eval/loss": [row.get("eval/loss") for row in _records()]
    })  # fmt: skip
    pq.write_table(table, folder / "parquet" / "wide.parquet", row_group_size=5)
    with pa.ipc.new_file(folder / "arrow" / "wide.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=5)
    with pa.ipc.new_stream(folder / "arrow" / "wide.arrows", table.schema) as stream:
        stream.write_table(table, max_chunksize=5)
    feather.write_feather(table, folder / "arrow" / "wide.feather")
    for name in ("parquet/wide.parquet", "arrow/wide.arrow", "arrow/wide.arrows", "arrow/wide.feather"):
        truth = Truth(PYARROW)
        for step, row in rows(0, N):
            truth.put(step, row)
        write_points(truth, folder / name)


def by_pandas(path: Path) -> None:
    """With the step as its index; NaN is stored as null."""
    frame = pandas.DataFrame([{**row, "step": 10 * row["step"]} for row in _records()])
    frame.set_index("step").to_parquet(path)
    truth = Truth(f"{PANDAS} to_parquet", events=("empty_or_nan",))
    for step, row in rows(0, N):
        truth.put(10 * step, {name: value for name, value in row.items() if not math.isnan(value)})
    write_points(truth, path)


def long(path: Path) -> None:
    """A point a row, two runs in one table, their rows mixed."""
    points: dict[str, list[Any]] = {"run": [], "metric": [], "step": [], "value": []}
    for step, row in rows(0, N):
        for run, shift in (("a", 0.0), ("b", 0.5)):
            for name, value in row.items():
                for column, cell in zip(points.values(), (run, name, step, value + shift), strict=True):
                    column.append(cell)
    pq.write_table(pa.table(points), path, row_group_size=20)
    for run, shift in (("a", 0.0), ("b", 0.5)):
        truth = Truth(PYARROW)
        for step, row in rows(0, N):
            truth.put(step, {name: value + shift for name, value in row.items()})
        write_points(truth, path.with_name(f"{path.name}.{run}"))


def wandb_history(path: Path) -> None:
    """The columns of the Parquet files in which W&B's server keeps a run's history; ours, not the server's."""
    records = [
        {"_step": step, "_runtime": step * 0.5, "_timestamp": 1.7e9 + step, **row} for step, row in rows(0, N)
    ]
    schema = pa.schema(
        [("_step", pa.int64()), *((name, pa.float64()) for name in records[5] if name != "_step")]
    )
    pq.write_table(pa.Table.from_pylist(records, schema), path)
    truth = Truth(PYARROW)
    for step, row in rows(0, N):
        truth.put(step, {"_runtime": step * 0.5, **row})
    write_points(truth, path)


def neptune(folder: Path) -> None:
    """A run in two parts, settings in front, as neptune-exporter lays it out; rows ours."""
    folder.mkdir()
    about = [
        {"attribute_path": "config/lr", "attribute_type": "float", "float_value": 3e-4},
        {"attribute_path": "sys/name", "attribute_type": "string", "string_value": "tiny"},
    ]
    points = [
        {
            "attribute_path": name,
            "attribute_type": "float_series",
            "step": Decimal(step),
            "float_value": value,
        }
        for step, row in rows(0, N)
        for name, value in row.items()
    ]
    schema = pa.schema([
        ("project_id", pa.string()), ("run_id", pa.string()), ("attribute_path", pa.string()),
        ("attribute_type", pa.string()), ("step", pa.decimal128(18, 6)),
        ("timestamp", pa.timestamp("ms", tz="UTC")), ("int_value", pa.int64()), ("float_value", pa.float64()),
        ("string_value", pa.string()), ("string_set_value", pa.list_(pa.string())),
    ])  # fmt: skip
    for part, its in enumerate((about + points[:30], points[30:])):
        named = [{"project_id": "team/samples", "run_id": "tiny", **row} for row in its]
        pq.write_table(pa.Table.from_pylist(named, schema), folder / f"tiny-0123_part_{part}.parquet")
    truth = Truth(PYARROW)
    for step, row in rows(0, N):
        truth.put(step, row)
    write_points(truth, folder)
