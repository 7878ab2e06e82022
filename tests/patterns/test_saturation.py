"""saturation: logits grow without limit, attention collapses, activations pile up at their bounds."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, alone

from descentry.record.chunk import Chunk
from descentry.record.finding import Finding, Severity
from descentry.stream.drive import Stream
from descentry.testing import curves_signals as signals
from descentry.testing.curves import healthy, with_values
from descentry.testing.transforms import pieces

NAME = "saturation"


def with_course(name: str, course: np.ndarray, sigma: float = 0.05, seed: int = 0) -> Chunk:
    noise = np.exp(sigma * np.random.default_rng(seed).standard_normal(len(course)))
    return with_values(healthy(len(course), seed=1), name, course * noise)


def found(chunk: Chunk) -> Finding:
    return alone(chunk, NAME)[0]


@pytest.mark.parametrize("n_points", [200, 2000, 20_000])
@pytest.mark.parametrize("factor", [12.0, 60.0, 1e3])
def test_logits_that_grow_without_limit_are_found(n_points: int, factor: float) -> None:
    at = int(0.4 * n_points)
    one = found(signals.saturating(healthy(n_points, seed=1), at=at, factor=factor))
    assert at - 0.03 * n_points <= one.onset_step <= at + 0.1 * n_points
    assert one.severity is Severity.WARNING
    assert one.detected_at_step < n_points or n_points < 1000
    assert "grows without limit" in one.statement


def test_attention_that_collapses_is_found() -> None:
    course = np.interp(np.arange(2000), [0, 1000, 1300, 2000], [3.0, 2.5, 0.02, 0.01])
    one = found(with_course("attention/entropy/layer_3", course))
    assert one.onset_step == pytest.approx(1000, abs=60)
    assert "attention entropy" in one.statement
    assert one.detected_at_step < 2000


def test_activations_at_their_bounds_are_found() -> None:
    course = np.interp(np.arange(2000), [0, 800, 1000, 2000], [0.1, 0.1, 0.8, 0.85])
    assert "of activations at their bounds" in found(with_course("saturation/layer1", course, 0.02)).statement


def test_exponential_growth_is_told_while_it_goes() -> None:
    one = found(signals.saturating(healthy(2000, seed=1), at=800, factor=1e3))
    assert one.detected_at_step <= 1200
    assert one.onset_step == pytest.approx(800, abs=80)


@pytest.mark.parametrize("seed", range(6))
def test_logits_that_have_grown_from_the_start_are_no_case_at_any_moment(seed: int) -> None:
    course = 4.0 + 40.0 * (1.0 - np.exp(-np.arange(2000) / 700.0))
    chunk = with_course(
        "attention/max_logit", course * np.exp(0.2 * np.random.default_rng(seed).standard_normal(2000))
    )
    stream = Stream([one for one in ALL if one.id == NAME])
    assert not any(stream.feed(piece) for piece in pieces(chunk, range(50, 2000, 50)))


def test_logits_that_level_off_are_no_case() -> None:
    course = 4.0 + 60.0 * (1.0 - np.exp(-np.arange(2000) / 250.0))
    assert alone(with_course("attention/max_logit", course), NAME) == []


def test_logits_that_grow_ever_slower_are_no_case() -> None:
    assert alone(with_course("attention/max_logit", 3.0 + 8.0 * np.log1p(np.arange(2000) / 10.0)), NAME) == []


def test_small_logits_are_no_case() -> None:
    assert alone(with_course("attention/max_logit", 0.5 * 20.0 ** np.linspace(0, 1, 2000)), NAME) == []


def test_a_burst_of_logits_is_no_case() -> None:
    course = np.where(np.abs(np.arange(2000) - 1000) < 10, 200.0, 8.0)
    assert alone(with_course("attention/max_logit", course), NAME) == []


def test_entropy_that_falls_by_half_is_no_case() -> None:
    assert alone(with_course("attention/entropy", np.linspace(3.0, 1.0, 2000)), NAME) == []


def test_a_share_that_was_always_high_is_no_case() -> None:
    assert alone(with_course("saturation", np.full(2000, 0.7), 0.02), NAME) == []
