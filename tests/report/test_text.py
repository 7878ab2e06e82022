"""Escaping, widths and numbers, against hand-made expectations and random strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentry.report.text import clipped, escaped, n_cells, number, steps, to_ascii, wrapped

anything = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("plain é 界", "plain é 界"), ("\x1b[31m", "\\x1b[31m"), ("a\nb", "a\\nb"), ("\u202e", "\\u202e"),
     ("\udc80", "\\udc80"), ("a\u00a0b", "a\u00a0b")],
)  # fmt: skip
def test_escaped(raw: str, shown: str) -> None:
    assert escaped(raw) == shown


@given(anything)
def test_escaped_text_is_one_encodable_line(text: str) -> None:
    safe = escaped(text)
    safe.encode("utf-8")
    assert len(safe.splitlines()) <= 1


@given(anything, st.integers(2, 40))
def test_clipped_fits(text: str, width: int) -> None:
    assert n_cells(clipped(escaped(text), width)) <= width


@given(anything, st.integers(2, 40), st.none() | st.integers(1, 3))
def test_wrapped_fits(text: str, width: int, n_lines: int | None) -> None:
    lines = wrapped(escaped(text), width, n_lines)
    assert lines
    assert all(n_cells(line) <= width for line in lines)
    assert n_lines is None or len(lines) <= n_lines


def test_grouped_numbers_are_not_torn() -> None:
    lines = wrapped("the loss leapt at step 128 000 and came back", 27)
    assert any("128 000" in line for line in lines)


@given(anything)
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(text).isascii()


@pytest.mark.parametrize(
    ("step", "shown"), [(0, "0"), (999, "999"), (128000, "128 000"), (-(2**63), "-9 223 372 036 854 775 808")]
)
def test_steps(step: int, shown: str) -> None:
    assert steps(step) == shown


@pytest.mark.parametrize(("value", "shown"), [(3.14159, "3.142"), (1e-5, "1e-05"), (float("nan"), "nan")])
def test_number(value: float, shown: str) -> None:
    assert number(value) == shown
