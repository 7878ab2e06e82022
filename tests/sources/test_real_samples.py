"""Logs made by the real libraries: every value equals what the library was given (see tests/make_samples)."""

import gzip
import json
import math
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from descentry.formats.tfrecord import Records, is_head, is_intact
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

SAMPLES = Path(__file__).parents[1] / "samples"
ENDING = ".truth.json"
TRUTHS = sorted(SAMPLES.rglob(f"*{ENDING}"))
EVENT_FILES = sorted(SAMPLES.rglob("events.out.tfevents.*"))


@dataclass
class Truth:
    """What was logged.  `dtype`: as which type it is stored; `has_steps`: whether the log tells the steps.

    `roles`: of some series; `left_out`: what stands in the log and is no point, by design.
    """

    writer: str
    dtype: str
    has_steps: bool
    events: list[str]
    series: dict[str, dict[str, list[float | str]]]
    roles: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def values(self, name: str) -> list[float]:
        """The values of a series as the writer keeps them."""
        logged = np.array([float(value) for value in self.series[name]["values"]])
        return logged.astype(np.dtype(self.dtype)).astype(float).tolist()


def _id(path: Path) -> str:
    return path.relative_to(SAMPLES).as_posix().removesuffix(ENDING)


@pytest.fixture(params=TRUTHS, ids=_id)
def truth_path(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def truth(truth_path: Path) -> Truth:
    return Truth(**json.loads(truth_path.read_text("utf-8")))


@pytest.fixture
def log(truth_path: Path) -> Path:
    return truth_path.with_name(truth_path.name.removesuffix(ENDING))


def one(path: Path) -> Run:
    (found,) = find(path)
    return collect(found)


def same(found: list[float], expected: list[float]) -> bool:
    return len(found) == len(expected) and all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, expected, strict=True)
    )


def test_every_value_and_step_is_what_was_logged(log: Path, truth: Truth) -> None:
    run = one(log)
    for name, points in truth.series.items():
        curve = run.curves[name]
        assert same(curve.values.tolist(), truth.values(name)), name
        assert not truth.has_steps or curve.steps.tolist() == points["steps"], name


def test_series_have_the_roles_that_they_play(log: Path, truth: Truth) -> None:
    curves = one(log).curves
    assert {name: curves[name].role for name in truth.roles} == truth.roles


def test_nothing_is_made_up(log: Path, truth: Truth) -> None:
    assert set(one(log).curves) == set(truth.series)


def test_nothing_is_told_that_did_not_happen(log: Path, truth: Truth) -> None:
    assert [event.kind for event in one(log).events] == truth.events


def test_a_compressed_copy_reads_the_same(log: Path, tmp_path: Path) -> None:
    copy = tmp_path / log.name
    if log.is_dir():
        for path in filter(Path.is_file, log.rglob("*")):
            target = copy / path.relative_to(log)
            target.parent.mkdir(parents=True, exist_ok=True)
            _compress(path, target.with_name(f"{path.name}.gz"))
    else:
        copy = copy.with_name(f"{log.name}.gz")
        _compress(log, copy)
    plain, packed = one(log), one(copy)
    assert packed.format == plain.format
    assert list(packed.curves) == list(plain.curves)
    for name, curve in plain.curves.items():
        assert np.array_equal(packed.curves[name].steps, curve.steps)
        assert np.array_equal(packed.curves[name].values, curve.values, equal_nan=True)


def _compress(source: Path, target: Path) -> None:
    with source.open("rb") as data, gzip.open(target, "wb") as packed:
        shutil.copyfileobj(data, packed)


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.relative_to(SAMPLES).as_posix())
def test_the_checksums_of_the_writers_are_ours(path: Path) -> None:
    data = path.read_bytes()
    records = Records()
    found = list(records.feed(data))
    assert is_head(data)
    assert (records.offset, records.damages) == (len(data), [])
    assert all(is_intact(payload, checksum) for _, payload, checksum in found)


def test_the_samples_are_small_and_name_no_machine() -> None:
    files = [path for path in SAMPLES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    homes = re.compile(rb"/(root|home|work|opt|tmp|Users)/")
    assert [path.name for path in files if homes.search(path.read_bytes())] == []
    assert all(re.fullmatch(r"events\.out\.tfevents\.\d\.host", path.name) for path in EVENT_FILES)
