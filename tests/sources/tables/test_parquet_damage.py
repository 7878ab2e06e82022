"""Parquet and Arrow tables that are cut, damaged, written again, or made to hurt.  Needs pyarrow."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.sources.tables.test_parquet_table import FORMS, as_parquet, one
from tests.sources.trackers.test_comet_zip import problem_with

from descentry.record.errors import InputError
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.trackers import neptune_export

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_table_gives_a_beginning_or_is_refused(tmp_path: Path, form: str) -> None:
    path = tmp_path / form
    FORMS[form](pa.table({"step": list(range(40)), "loss": [float(i) for i in range(40)]}), path)
    data = path.read_bytes()
    n_read = 0
    for cut in range(0, len(data), 3):
        path.write_bytes(data[:cut])
        problem = problem_with(path)
        assert "\n" not in str(problem)
        if problem is not None:
            continue
        run = one(path)
        n_read += 1
        steps = run.curves["loss"].steps.tolist() if run.curves else []
        assert steps == list(range(len(steps)))
        told = {event.kind for event in run.events}
        assert told <= {"torn_tail", "no_end"}
        assert len(steps) == 40 or told
    assert n_read or form == "a.parquet"


@pytest.mark.parametrize("form", FORMS)
def test_no_damage_breaks_the_reader(tmp_path: Path, form: str) -> None:
    path = tmp_path / form
    names = ["loss", "lr"] * 20
    FORMS[form](
        pa.table({"metric": names, "step": list(range(40)), "value": [float(i) for i in range(40)]}), path
    )
    data, random = path.read_bytes(), np.random.default_rng(5)
    for _ in range(400):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), random.integers(1, 6)):
            damaged[at] = int(random.integers(0, 256))
        path.write_bytes(damaged)
        assert "\n" not in str(problem_with(path))


def test_a_table_that_is_written_again_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns: dict[str, list[Any]] = {"step": [0, 1], "loss": [3.0, 2.0]}
    as_parquet(pa.table(columns), path)
    chunks = find(path)[0].follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [0, 1]
    as_parquet(pa.table({"step": [0, 1, 2], "loss": [3.0, 2.0, 1.0]}), path)
    assert joined(islice(chunks, 1)).steps.tolist() == [2]
    path.write_bytes(path.read_bytes()[:-9])
    assert joined(islice(chunks, 2)).n_rows == 0


def test_a_table_of_many_runs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"step": [0] * 60_000, "run": list(range(30_000)) * 2, "loss": [1.0] * 60_000}), path
    )
    with pytest.raises(InputError, match="more than 20000 runs"):
        find(path)


def test_a_table_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    n = 60_000_000
    with pq.ParquetWriter(path, pa.schema([("step", pa.int8()), ("loss", pa.float64())])) as writer:
        part = pa.table({"step": np.zeros(n // 60, np.int8), "loss": np.zeros(n // 60)})
        for _ in range(60):
            writer.write_table(part, row_group_size=n)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="rows in"):
        one(path)


def test_parts_are_known_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "part-0001.parquet").write_bytes(b"PAR1")
    assert not neptune_export.matches(tmp_path, b"")
