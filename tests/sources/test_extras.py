"""What a reader says whose library is not installed."""

import subprocess
import sys

import pytest
from tests.sources.own_truth import SAMPLES

from descentry.record.errors import UnreadableError
from descentry.sources.tables import parquet_table
from descentry.sources.trackers import comet_api
from descentry.sources.wandb import api as wandb_api


@pytest.mark.parametrize("name", ["parquet/wide.parquet", "arrow/wide.arrow", "arrow/wide.arrows"])
def test_a_table_needs_pyarrow(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = SAMPLES / name
    assert parquet_table.matches(path, path.read_bytes())
    with pytest.raises(UnreadableError, match=r"pip install 'descentry\[parquet\]'") as caught:
        parquet_table.runs(path)
    assert str(caught.value).startswith(f"{path}: needs pyarrow")


def test_wandb_needs_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UnreadableError, match=r"wandb://a/b/c: needs wandb.*'descentry\[wandb\]'"):
        wandb_api.logs("wandb://a/b/c")


def test_comet_needs_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("comet_ml", "comet_ml.api"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UnreadableError, match=r"comet://a/b/c: needs comet_ml.*'descentry\[comet\]'"):
        comet_api.logs("comet://a/b/c")


def test_no_reader_imports_its_library() -> None:
    code = (
        "import sys; from descentry.sources.trackers import comet_api; "
        "from descentry.sources.wandb import api; "
        "from descentry.sources.registry import readers; readers(); "
        "print(sorted({'wandb', 'comet_ml', 'pyarrow', 'swanlab'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
