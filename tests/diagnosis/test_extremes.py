"""Values that no training gives: whatever a log holds, there is a report, and it is the same for every chunking."""

import numpy as np
import pytest
from tests.report.made import diagnosed

from descentry.diagnosis.diagnose import report
from descentry.record.chunk import Chunk, Column
from descentry.report.jsonable import dumps
from descentry.report.page import run_page
from descentry.stream.drive import Stream
from descentry.stream.track import LARGEST, Track, believed, track
from descentry.testing.curves import TRAIN, healthy, with_values

NAMES = (TRAIN, "val_loss", "lr", "grad_norm", "weight_norm/a", "reward", "kl", "loss_scale", "accuracy")
ODD = (1.797e308, -1e308, 1e200, -1e155, 1e150, 1e-320, 0.0, np.inf, np.nan)


def odd_chunk(seed: int) -> Chunk:
    """A run with stretches of odd values in some of its series."""
    random = np.random.default_rng(seed)
    n = int(random.choice([30, 120, 600]))
    columns = {}
    for name in NAMES:
        if name != TRAIN and random.random() < 0.5:
            continue
        rows = np.arange(n) if random.random() < 0.7 else np.unique(random.integers(0, n, max(3, n // 20)))
        values = 3.0 / (1.0 + rows / 50.0) + 0.05 * random.standard_normal(len(rows))
        for at in random.integers(0, len(rows), int(random.integers(0, 4))).tolist():
            values[at : at + int(random.choice([1, 1, 5, n]))] = random.choice(ODD)
        columns[name] = Column(rows.astype(np.int64), values)
    return Chunk(np.arange(n, dtype=np.int64), columns)


@pytest.mark.parametrize("seed", range(24))
def test_there_is_a_report_on_any_values(seed: int) -> None:
    made = diagnosed(odd_chunk(seed))
    assert made.verdict
    assert dumps(run_page(made))


@pytest.mark.parametrize("seed", range(0, 24, 6))
def test_pieces_of_it_give_the_same_findings(seed: int) -> None:
    chunk, stream = odd_chunk(seed), Stream()
    for start in range(0, chunk.n_rows, 7):
        stream.feed(chunk.take(start, min(start + 7, chunk.n_rows)))
    pieces = report(stream.end(), "made", "jsonl", "made")
    assert [(one.pattern, one.onset_step) for one in pieces.findings] == [
        (one.pattern, one.onset_step) for one in diagnosed(chunk).findings
    ]


def test_a_value_that_no_training_gives_is_told_as_infinite_and_kept_in_the_figures() -> None:
    chunk = healthy(600, seed=1)
    values = chunk.columns[TRAIN].values.copy()
    values[300] = 1e308
    made = diagnosed(with_values(chunk, TRAIN, values))
    found = next(one for one in made.findings if one.pattern == "nan")
    assert found.onset_step == int(chunk.steps[300])


def test_what_is_believed_is_left_as_it_is() -> None:
    usual = np.array([LARGEST, -LARGEST, np.nan, 0.0])
    assert believed(usual) is usual
    np.testing.assert_array_equal(believed(np.array([-1e151, 2.0, np.nan])), [-np.inf, 2.0, np.nan])


def test_one_point_is_believed_as_many_are() -> None:
    one, many = (track("a", "train_loss", ()) for _ in range(2))
    values = np.array([1.0, 1e200, -1e200, np.nan])
    for step, value in enumerate(values.tolist()):
        one.push_one(step, value)
    many.push(np.arange(4), values)
    assert isinstance(one, Track)
    assert one.summary is not None
    assert many.summary is not None
    assert one.summary.shape().n_nonfinite == many.summary.shape().n_nonfinite == 3
