"""Labels above a picture: none over another, none beyond the width."""

from hypothesis import given
from hypothesis import strategies as st

from descentry.plot.drawing import Pin
from descentry.plot.lanes import N_LANES, labels, n_lanes
from descentry.record.finding import Severity
from descentry.record.legible import n_cells


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(2, 12))
def test_no_label_lies_over_another(places: list[float], width: float) -> None:
    pins = [Pin(f"▲{i}", "spike", Severity.WARNING, "", 0, x, x) for i, x in enumerate(places)]
    cell = 0.07
    placed = labels(pins, lambda x: x * width, cell, width)
    assert n_lanes(placed) <= N_LANES
    for one in placed:
        assert 0 <= one.start <= width - cell * n_cells(one.text) + 1e-9
        after = [other for other in placed if other.lane == one.lane and other.start > one.start]
        assert all(other.start >= one.start + cell * n_cells(one.text) for other in after)


def test_a_crowd_keeps_marks_where_patterns_have_no_room() -> None:
    pins = [Pin(f"▲{i}", "exploding_gradient", Severity.WARNING, "", 0, i, i) for i in range(40)]
    texts = [one.text for one in labels(pins, lambda x: x / 4, 0.07, 10.0)]
    assert "▲0 exploding_gradient" in texts
    assert any(text.startswith("▲") and " " not in text for text in texts)
