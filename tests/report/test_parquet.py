"""Parquet export: what other tools read back is what was logged."""

import io
import sys
from pathlib import Path

import pytest

from descentry.cli.main import run
from descentry.record.errors import UsageError
from descentry.report.parquet import ParquetPoints

pyarrow = pytest.importorskip("pyarrow")


class _Stdout(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO())


def test_every_point_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("step,loss,other\n10,2.5,1\n20,nan,2\n20,-inf,3\n")
    out = _Stdout()
    monkeypatch.setattr(sys, "stdout", out)
    assert run(["read", "--format", "parquet", str(tmp_path)]) == 0
    table = parquet.read_table(io.BytesIO(out.buffer.getvalue()))
    assert table.schema.names == ["run", "series", "role", "step", "value"]
    rows = [tuple(map(str, row.values())) for row in table.to_pylist()]
    loss = [
        ("loss", "train_loss", "10", "2.5"),
        ("loss", "train_loss", "20", "nan"),
        ("loss", "train_loss", "20", "-inf"),
    ]
    other = [
        ("other", "metric", step, value) for step, value in (("10", "1.0"), ("20", "2.0"), ("20", "3.0"))
    ]
    assert rows == [(name, *row) for name in ("a", "b") for row in loss + other]


def test_without_pyarrow_the_advice_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"descentry\[parquet\]"):
        ParquetPoints()
