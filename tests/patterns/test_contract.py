"""The laws that every registered detector keeps, one test per law and detector."""

import gc
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TypeVar

import pytest

from descentry.patterns.protocol import Detector, PointDetector
from descentry.patterns.registry import detectors
from descentry.record.chunk import Chunk
from descentry.stream.drive import Stream
from descentry.testing import curves
from descentry.testing import detectors as laws
from descentry.testing.battery import battery
from descentry.testing.transforms import pieces, thinned
from descentry.testing.verdicts import said

ROOT = Path(__file__).parents[2]
CURVES = battery(600)
ALL = detectors()
MAX_GROWTH = 300_000
"""Bytes by which a state may grow from 10^5 to 10^6 points: blocks double their length, not their number."""
MAX_STATE = 4_000_000
T = TypeVar("T")


def stored(state: T) -> T:
    copy: T = pickle.loads(pickle.dumps(state))
    return copy


@pytest.fixture(params=ALL, ids=lambda one: one.id)
def detector(request: pytest.FixtureRequest) -> Detector:
    one: Detector = request.param
    return one


def test_any_chunking_is_as_one_pass(detector: Detector) -> None:
    laws.check_chunking(detector, CURVES, n_cuttings=1)


def test_scalar_and_vector_form_agree(detector: Detector) -> None:
    laws.check_forms(detector, CURVES)


def test_a_state_survives_pickling(detector: Detector) -> None:
    laws.check_saving(detector, CURVES, stored)


def test_the_unit_of_the_loss_plays_no_part(detector: Detector) -> None:
    laws.check_scale(detector, CURVES, factors=(1e-3, 7.5))


def test_the_stride_of_the_steps_plays_no_part(detector: Detector) -> None:
    laws.check_stride(detector, CURVES)


def test_healthy_runs_stay_silent(detector: Detector) -> None:
    laws.check_silence(detector, (1_000, 10_000), seeds=(0,))


@pytest.mark.slow
def test_all_laws_hold_on_longer_curves(detector: Detector) -> None:
    laws.check_detector(detector, stored)


@pytest.mark.slow
def test_long_healthy_runs_stay_silent(detector: Detector) -> None:
    laws.check_silence(detector, (1_000, 10_000, 100_000), seeds=range(1, 6))
    laws.check_silence(detector, (1_000_000,), seeds=(0,))


@pytest.mark.slow
def test_healthy_runs_stay_silent_under_strong_noise(detector: Detector) -> None:
    if detector.id != "sawtooth":
        laws.check_silence(detector, (1_000, 10_000, 100_000), seeds=range(5), sigma=0.2)


def grown(detector: Detector, n_pieces: int, piece: Chunk) -> int:
    """Bytes that the state holds after that many pieces of 10^4 points."""
    Stream([detector]).feed(piece)  # what is imported or cached at first use is not the state's
    tracemalloc.start()
    stream = Stream([detector])
    for i in range(n_pieces):
        stream.feed(Chunk(piece.steps + i * piece.n_rows, piece.columns))
    gc.collect()  # NumPy's window views leave cycles behind, which are not the state's
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stream.standing is not None
    return held


@pytest.mark.parametrize(
    "one", [one for one in ALL if isinstance(one, PointDetector)], ids=lambda one: one.id
)
def test_memory_stays_flat(one: Detector) -> None:
    piece = curves.without(curves.healthy(10_000), curves.VAL, curves.RATE)
    # The interpreter's own table of strings may grow meanwhile: by megabytes, but not twice.
    early, late = grown(one, 10, piece), min(grown(one, 100, piece) for _ in range(2))
    assert late - early < MAX_GROWTH
    assert late < MAX_STATE


def spike_after(n_pieces: int) -> int:
    """Bytes that the state of `spike` holds after that many pieces of 10^4 points."""
    piece = curves.without(curves.healthy(10_000), curves.VAL, curves.RATE)
    return grown(next(one for one in ALL if one.id == "spike"), n_pieces, piece)


@pytest.mark.slow
def test_memory_stays_flat_over_ten_million_points() -> None:
    # In a process of its own: what other tests have loaded allocates on its own account.
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.patterns.test_contract import spike_after; print(spike_after(1000))"
    )
    command = [sys.executable, "-c", code, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert 0 < int(done.stdout) < MAX_STATE


LONG = {
    "healthy": (curves.healthy(20_000, seed=3), None),
    "plateau": (curves.plateau(curves.healthy(20_000, seed=3), at=6_000), "plateau"),
    "divergence": (curves.divergence(curves.healthy(20_000, seed=3), at=12_000, rise=1.5), "divergence"),
    "flat": (curves.flat(curves.healthy(20_000, seed=3)), "flat"),
    "staircase": (curves.staircase(curves.healthy(20_000, seed=3), [6_000, 10_000, 14_000]), "staircase"),
    "sawtooth": (curves.sawtooth(curves.healthy(20_000, seed=3), sigma=1.0), "sawtooth"),
    "overfit": (curves.overfit(curves.healthy(20_000, seed=3), at=8_000, rise=0.8), "overfit"),
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("every", [5, 10])
def test_every_tenth_point_of_a_long_run_keeps_its_shape(name: str, every: int) -> None:
    chunk, pattern = LONG[name]
    thin = said(ALL, [thinned(chunk, every)])
    assert [one.pattern for one in thin if one.explained_by is None] == ([] if pattern is None else [pattern])
    full = {one.pattern: one.onset_step for one in said(ALL, [chunk])}
    thin = tuple(one for one in thin if one.explained_by is None)
    assert all(abs(one.onset_step - full[one.pattern]) <= 0.06 * chunk.n_rows for one in thin)


def test_all_detectors_together_say_the_same_in_pieces() -> None:
    for name, chunk in CURVES.items():
        whole = said(ALL, [chunk])
        assert said(ALL, pieces(chunk, [17, 200, 201, 455])) == whole, name


def test_identities_are_unique_words() -> None:
    assert len({one.id for one in ALL}) == len(ALL)
    assert all(one.id.isidentifier() and one.cadence in ("point", "block") for one in ALL)
