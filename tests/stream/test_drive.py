"""The whole stream: any chunking of a log gives the same outcome, and its state can be stored on the way."""

import pickle
from collections.abc import Iterable

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.stream.logs import cut, cuts, logs

from descentry.record.chunk import Chunk, table
from descentry.record.event import Event
from descentry.stream.drive import MAX_EVENTS, Outcome, Stream, run
from descentry.stream.track import MAX_MANY
from descentry.testing.verdicts import differences

# Shrinking a whole log takes minutes and leaves it as long as it was: the seed tells it.
patient = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def same_outcome(one: Outcome, other: Outcome) -> None:
    assert differences(one.findings, other.findings) == []
    assert [finding.explained_by for finding in one.findings] == [
        finding.explained_by for finding in other.findings
    ]
    assert one.roles == other.roles
    assert one.names == other.names
    assert one.restarts == other.restarts
    assert one.step == other.step
    assert [repr(curve) for curve in one.curves] == [repr(curve) for curve in other.curves]
    assert one.events == other.events
    for name, shape in one.shapes.items():
        np.testing.assert_allclose(shape.levels, other.shapes[name].levels, rtol=1e-9)
        np.testing.assert_array_equal(shape.first_steps, other.shapes[name].first_steps)


@patient
@given(logs(), cuts)
def test_any_chunking_gives_the_outcome_of_one_pass(log: Chunk, at: list[int] | int) -> None:
    same_outcome(run([log]), run(cut(log, at)))


@patient
@given(logs(), st.integers(0, 700))
def test_a_stream_stored_on_the_way_ends_the_same(log: Chunk, at: int) -> None:
    same_outcome(run([log]), _stored_after_each(cut(log, [at])))


def _stored_after_each(parts: Iterable[Chunk]) -> Outcome:
    stream = Stream()
    for part in parts:
        stream.feed(part)
        stream = pickle.loads(pickle.dumps(stream))
    return stream.end()


@patient
@given(logs(), st.integers(0, 700))
def test_asking_on_the_way_changes_nothing(log: Chunk, at: int) -> None:
    stream = Stream()
    for part in cut(log, [at]):
        stream.feed(part)
        stream.so_far()
    same_outcome(run([log]), stream.end())


def test_what_is_odd_for_weeks_takes_a_bounded_room() -> None:
    stream = Stream()
    for step in range(0, 3 * MAX_EVENTS, 100):
        odd = tuple(Event("bad_line", "is no JSON", f"a:{line}") for line in range(100))
        stream.feed(Chunk(np.array([step], np.int64), {}, None, odd))
    events = stream.end().events
    assert len(events) <= MAX_EVENTS
    assert sum(event.count for event in events) == 3 * MAX_EVENTS


def test_of_a_thousand_modules_a_part_is_watched_and_the_rest_is_told() -> None:
    steps = np.arange(1, 11, dtype=np.int64)
    norms = {f"grad_norm/layers.{k}": np.ones(10) for k in range(300)}
    outcome = run([table(steps, {"loss": np.linspace(3.0, 2.0, 10), **norms})])
    assert len(outcome.shapes) == MAX_MANY + 1
    assert len(outcome.curves) == 301
    assert [event.count for event in outcome.events if event.kind == "unwatched"] == [300 - MAX_MANY]
