"""Whole lines out of pieces: any split, byte-order marks, UTF-16, endless lines."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentry.formats import lines
from descentry.formats.lines import LineBlocks, Utf8, plain_head

TEXT = "step,loss\n1,2.5\r\n\n2,größer\nlast 🦙"


def cut_up(data: bytes, cuts: list[int]) -> bytes:
    splitter = LineBlocks("a")
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [splitter.feed(data[a:b]).data for a, b in zip(bounds, bounds[1:], strict=False)]  # noqa: RUF007
    assert all(piece.endswith(b"\n") for piece in found if piece)
    return b"".join(found) + splitter.end().data


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-mark"])
@given(cuts=st.lists(st.integers(0, 90), max_size=8))
def test_any_split_gives_the_same_text(encoding: str, cuts: list[int]) -> None:
    marked = codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")
    data = marked if encoding == "utf-16-be-mark" else TEXT.encode(encoding)
    assert cut_up(data, cuts).decode() == TEXT


def test_line_numbers_are_right() -> None:
    splitter = LineBlocks("a")
    assert splitter.feed(b"one\ntw") == (b"one\n", 1)
    assert splitter.feed(b"o\nthree\nfo") == (b"two\nthree\n", 2)
    assert splitter.feed(b"u") == (b"", 4)
    assert splitter.end() == (b"fou", 4)


def test_an_endless_line_is_given_up_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 10)
    splitter = LineBlocks("a")
    assert splitter.feed(b"one\n" + b"x" * 11) == (b"one\n", 1)
    assert splitter.feed(b"x" * 50) == (b"", 2)
    assert splitter.feed(b"xx\nthree\nx") == (b"three\n", 3)
    assert splitter.end() == (b"x", 4)
    assert [(event.kind, event.where) for event in splitter.events] == [("bad_line", "a:2")]


def test_bad_bytes_are_replaced_and_told_once() -> None:
    text = Utf8("a")
    assert text.decode(b"a\xffb", 3) == text.decode(b"a\xfeb", 4) == "a\ufffdb"
    assert [event.where for event in text.events] == ["a:3"]


@pytest.mark.parametrize("data", [b"", b"\xef", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf"])
def test_a_head_of_nothing(data: bytes) -> None:
    assert plain_head(data) in (b"", data)
