"""Tables that data frame libraries write: CSV and JSON lines by pandas and polars."""

import math
from pathlib import Path

import pandas
import polars
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

PANDAS = f"pandas {pandas.__version__}"
POLARS = f"polars {polars.__version__}"


def make(folder: Path) -> None:
    """Writes every sample of this file below `folder`."""
    (folder / "pandas").mkdir(parents=True)
    (folder / "polars").mkdir(parents=True)
    pandas_csv(folder / "pandas")
    pandas_spreadsheet(folder / "pandas" / "semicolons.csv")
    pandas_long(folder / "pandas" / "long.csv")
    pandas_json(folder / "pandas")
    polars_tables(folder / "polars")


def _records(*, bad: bool) -> list[dict[str, float]]:
    return [{"step": step, **row} for step, row in rows(bad=bad)]


def _truth(writer: str, records: list[dict[str, float]], *, keeps_nan: bool) -> Truth:
    """Truth of a table with a step column; where NaN is written as an empty cell it was not logged."""
    truth = Truth(writer)
    for record in records:
        values = {name: x for name, x in record.items() if name != "step"}
        kept = values if keeps_nan else {name: x for name, x in values.items() if not math.isnan(x)}
        truth.put(int(record["step"]), kept)
    return truth


def pandas_csv(folder: Path) -> None:
    """With the index and NaN as an empty cell (its default); with NaN spelled; with tabs."""
    records = _records(bad=True)
    frame = pandas.DataFrame(records)
    frame.to_csv(folder / "indexed.csv")
    indexed = [{**record, "index": index} for index, record in enumerate(records)]
    _truth(f"{PANDAS} to_csv", indexed, keeps_nan=False).write(folder / "indexed.csv")
    # A spelled NaN cannot be told from a cell that pandas filled: `eval/loss` is left out here.
    dense = [{name: x for name, x in record.items() if name != "eval/loss"} for record in records]
    frame = pandas.DataFrame(dense)
    for name, separator in (("spelled.csv", ","), ("tabs.tsv", "\t")):
        frame.to_csv(folder / name, index=False, na_rep="NaN", sep=separator)
        _truth(f"{PANDAS} to_csv", dense, keeps_nan=True).write(folder / name)


def pandas_spreadsheet(path: Path) -> None:
    """Semicolons between the cells and a decimal comma in them."""
    records = _records(bad=False)
    pandas.DataFrame(records).to_csv(path, index=False, sep=";", decimal=",")
    _truth(f"{PANDAS} to_csv", records, keeps_nan=True).write(path)


def pandas_long(path: Path) -> None:
    """One point a row, one series after the other."""
    records = _records(bad=False)
    frame = pandas.DataFrame(records).melt("step", var_name="tag").dropna()
    frame.to_csv(path, index=False)
    _truth(f"{PANDAS} melt, to_csv", records, keeps_nan=True).write(path)


def pandas_json(folder: Path) -> None:
    """JSON lines, and a document in each of its other layouts: what a row has not is `null`."""
    records = _records(bad=False)[:12]
    frame = pandas.DataFrame(records)
    frame.to_json(folder / "records.jsonl", orient="records", lines=True)
    for layout in ("records", "columns", "index", "split"):
        frame.to_json(folder / f"{layout}.json", orient=layout)
    for name in ("records.jsonl", "records.json", "columns.json", "index.json", "split.json"):
        _truth(f"{PANDAS} to_json", records, keeps_nan=True).write(folder / name)
    frame.set_index("step").to_json(folder / "table.json", orient="table")
    _truth(f"{PANDAS} to_json", records, keeps_nan=True).write(folder / "table.json")


def polars_tables(folder: Path) -> None:
    """CSV, where NaN is spelled and null is empty; JSON lines, where both are `null`."""
    records = _records(bad=True)
    polars.DataFrame(records, infer_schema_length=None).write_csv(folder / "frame.csv")
    _truth(f"{POLARS} write_csv", records, keeps_nan=True).write(folder / "frame.csv")
    records = _records(bad=False)
    polars.DataFrame(records, infer_schema_length=None).write_ndjson(folder / "frame.ndjson")
    _truth(f"{POLARS} write_ndjson", records, keeps_nan=True).write(folder / "frame.ndjson")
