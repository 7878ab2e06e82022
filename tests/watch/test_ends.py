"""Spans of time, read and written."""

import pytest

from descentry.record.errors import UsageError
from descentry.watch.ends import seconds, span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        (" 15m ", 900.0),
        ("1.5h", 5400.0),
        ("2d", 172800.0),
        ("250ms", 0.25),
        (".5s", 0.5),
    ],
)
def test_a_span_is_read(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "0", "-5s", "1y", "nan", "inf", "1e9", "9999d", "5 parsecs", "١s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"no span of time .* 15m"):
        seconds(text)


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [(0.0, "0 s"), (0.44, "0.4 s"), (3.0, "3 s"), (41.2, "41 s"), (61.0, "1 min 1 s"), (3600.0, "1 h"),
     (7_500.0, "2 h 5 min"), (90_000.0, "1 d 1 h"), (-3.0, "0 s"), (3605.0, "1 h")],
)  # fmt: skip
def test_a_span_is_told_by_its_two_largest_units(duration_s: float, expected: str) -> None:
    assert span(duration_s) == expected
