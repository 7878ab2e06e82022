"""Events: what a record says, and layouts that read many records side by side."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources import made_logs
from tests.sources.made_logs import sized

from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import Kind, event_of
from descentry.formats.tfevents_layouts import Layout, place_of

HALF = b"\x08\x01" + sized(5, struct.pack("<f", 2.5))


def payload(step: int, body: bytes, wall: float = 1.7e9) -> bytes:
    return made_logs.event(step, body, wall)[12:-4]


@pytest.mark.parametrize("plugin", ["scalars", "", None])
def test_a_scalar_tensor_with_or_without_its_plugin(plugin: str | None) -> None:
    (value,) = event_of(made_logs.tensor("a", HALF, plugin)).values
    assert (value.tag, value.kind, value.number.value) == ("a", Kind.SCALAR, 2.5)
    assert value.by_plugin == (plugin is None)


@pytest.mark.parametrize("plugin", ["text", "pr_curves", "hparams"])
def test_other_plugins_have_no_number(plugin: str) -> None:
    (value,) = event_of(made_logs.tensor("a", HALF, plugin)).values
    assert (value.kind, value.what) == (Kind.OTHER, plugin)


def test_the_last_of_several_contents_counts() -> None:
    twice = sized(1, b"a") + b"\x15" + struct.pack("<f", 1) + b"\x15" + struct.pack("<f", 2)
    (value,) = event_of(sized(5, sized(1, twice))).values
    assert value.number.value == 2
    (value,) = event_of(sized(5, sized(1, twice + sized(4, b"")))).values
    assert value.what == "image"


def test_a_node_name_is_no_content() -> None:
    body = sized(1, b"a") + b"\x15" + struct.pack("<f", 1.5) + sized(7, b"node")
    (value,) = event_of(sized(5, sized(1, body))).values
    assert value.number.value == 1.5


@given(body=st.binary(max_size=40))
def test_any_value_is_read_or_refused(body: bytes) -> None:
    for data in (
        sized(5, sized(1, body)),
        sized(5, sized(1, b"\x0a" + body)),
        sized(5, sized(1, sized(8, body))),
    ):
        try:
            found = event_of(data).values
        except BadMessage as error:
            assert str(error)  # noqa: PT017
        else:
            assert len(found) == 1


def test_more_values_than_any_writer_makes_are_refused() -> None:
    with pytest.raises(BadMessage, match="100000 values"):
        event_of(sized(5, sized(1, b"") * 100_001))


def one(step: int, value: float, wall: float) -> bytes:
    return payload(step, made_logs.simple("loss", value), wall)


def three(step: int, value: float, wall: float) -> bytes:
    """Several values of several types in one event."""
    parts = (
        sized(1, b"loss") + b"\x15" + struct.pack("<f", value),
        sized(1, b"lr") + sized(8, b"\x08\x02" + sized(4, struct.pack("<d", value))) + sized(9, b""),
        sized(1, b"acc") + sized(8, b"\x08\x0e" + sized(4, b"\xc0\x3f")) + sized(9, b""),
    )
    return payload(step, sized(5, b"".join(sized(1, part) for part in parts)), wall)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1), st.floats(width=32), st.floats(allow_nan=False, width=32)
        ),
        min_size=1,
        max_size=20,
    ),
    many=st.booleans(),
)
def test_a_layout_reads_what_the_fields_say(rows: list[tuple[int, float, float]], many: bool) -> None:
    make = three if many else one
    payloads = [make(*row) for row in rows]
    event = event_of(payloads[0])
    place = place_of(event, payloads[0])
    assert place is not None
    layout = Layout(place)
    tags = tuple(range(len(event.values)))
    layout.add(payloads[0], tags)
    alike = [data for data in payloads if len(data) == place.size]
    words = layout.n_words * 8
    packed = b"".join(data.ljust(words, b"\xaa") for data in alike)
    texts = np.frombuffer(packed, "<u8").reshape(len(alike), -1)
    shapes = layout.match(texts)
    assert [layout.shape(data) for data in alike] == [None if i < 0 else i for i in shapes.tolist()]
    hits = np.flatnonzero(shapes >= 0)
    assert len(hits)
    points = layout.points(texts[hits], hits * 1000, shapes[hits])
    expected = [event_of(alike[i]) for i in hits.tolist()]
    assert points.steps.tolist() == [e.step for e in expected for _ in e.values]
    assert np.array_equal(points.walls, [e.wall_time for e in expected for _ in e.values])
    values = [value.number.value for e in expected for value in e.values]
    assert np.array_equal(points.values, values, equal_nan=True)
    assert points.tags.tolist() == [tag for _ in expected for tag in tags]
    for i in hits.tolist():
        wall, step, numbers = layout.numbers(alike[i])
        assert (wall, step) == (event_of(alike[i]).wall_time, event_of(alike[i]).step)
        assert np.array_equal(numbers, [v.number.value for v in event_of(alike[i]).values], equal_nan=True)


@given(at=st.integers(0, 39), mask=st.integers(1, 255))
def test_a_layout_takes_no_record_whose_text_differs(at: int, mask: int) -> None:
    data = one(300, 2.5, 1.7e9)
    place = place_of(event_of(data), data)
    assert place is not None
    layout = Layout(place)
    layout.add(data, (0,))
    at %= len(data)
    other = bytearray(data)
    other[at] ^= mask
    is_number = 1 <= at < 9 or at >= len(data) - 4 or (10 <= at < 12 and not mask & 0x80)
    assert (layout.shape(bytes(other)) is not None) == is_number


@pytest.mark.parametrize(
    "body",
    [
        sized(7, b"\x08\x01"),
        made_logs.tensor("a", HALF, "text"),
        b"",
    ],
)
def test_what_depends_on_more_than_its_bytes_has_no_layout(body: bytes) -> None:
    data = payload(1, body)
    assert place_of(event_of(data), data) is None
