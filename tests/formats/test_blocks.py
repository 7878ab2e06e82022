"""Bytes of files: gzip seen through, bombs stopped, devices refused, growth followed."""

import gzip
import os
import zlib
from pathlib import Path

import pytest

from descentry.formats import gunzip
from descentry.formats.blocks import blocks, growing, head
from descentry.record.errors import UnreadableError

DATA = bytes(range(256)) * 5000


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_plain_and_packed_content_is_the_same(tmp_path: Path, size: int) -> None:
    plain = blocks(written(tmp_path / "a", DATA), size)
    packed = blocks(written(tmp_path / "b.csv", gzip.compress(DATA)), size)
    pieces = list(packed)
    assert b"".join(plain) == b"".join(pieces) == DATA
    assert max(map(len, pieces)) <= size
    assert plain.events == packed.events == []


def test_members_and_padding_are_read_through(tmp_path: Path) -> None:
    packed = blocks(
        written(tmp_path / "a", gzip.compress(b"one") + bytes(9) + gzip.compress(b"two") + bytes(3))
    )
    assert b"".join(packed) == b"onetwo"
    assert packed.events == []


def test_a_torn_member_gives_what_decodes_and_says_so(tmp_path: Path) -> None:
    noise = os.urandom(100_000)
    packed = blocks(written(tmp_path / "a", gzip.compress(noise)[:-5000]))
    found = b"".join(packed)
    assert len(found) > 90_000
    assert noise.startswith(found)
    assert [event.kind for event in packed.events] == ["torn_tail"]


@pytest.mark.parametrize("rest", [b"garbage", b"\x1fx", b"\x1f\x8bgarbage"])
def test_what_follows_the_gzip_data_is_told(tmp_path: Path, rest: bytes) -> None:
    packed = blocks(written(tmp_path / "a", gzip.compress(b"one") + rest))
    assert b"".join(packed) == b"one"
    assert len(packed.events) == 1


def test_every_cut_of_a_packed_file_gives_a_prefix(tmp_path: Path) -> None:
    data = gzip.compress(b"step,loss\n1,2.5\n" * 20)
    for cut in range(len(data)):
        found = b"".join(blocks(written(tmp_path / "a", data[:cut])))
        assert (b"step,loss\n1,2.5\n" * 20).startswith(found) or cut == 1


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gunzip, "DENSE_BYTES", 1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    packed = blocks(written(tmp_path / "a", bomb))
    assert sum(map(len, packed)) <= 64 << 20
    assert "stopped" in packed.events[0].message


def test_a_bomb_is_stopped_where_it_is_known_for_one_and_told(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"1,2.5\n" * 174763) for _ in range(100)) + packer.flush()
    packed = blocks(written(tmp_path / "a", bomb))
    assert gunzip.DENSE_BYTES <= sum(map(len, packed)) <= gunzip.DENSE_BYTES + (8 << 20)
    (event,) = packed.events
    assert (event.kind, event.warning) == ("torn_tail", True)
    assert "stopped there" in event.message


def test_head_is_bounded_and_decompressed(tmp_path: Path) -> None:
    assert head(written(tmp_path / "a", DATA), 1000) == DATA[:1000]
    assert head(written(tmp_path / "b", gzip.compress(DATA)), 1000) == DATA[:1000]
    assert head(written(tmp_path / "c", b"")) == b""


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (
        tmp_path,
        tmp_path / "pipe",
        Path("/dev/zero"),
        tmp_path / "absent",
        Path("a\0b"),
        tmp_path / ("x" * 300),
    ):
        with pytest.raises(UnreadableError) as error:
            head(path)
        assert "\n" not in str(error.value)


def test_growth_is_followed(tmp_path: Path) -> None:
    source = growing(written(tmp_path / "a", b"one"))
    assert [next(source), next(source)] == [b"one", b""]
    with (tmp_path / "a").open("ab") as file:
        file.write(b"two")
    assert [next(source), next(source)] == [b"two", b""]
    assert source.n_restarts == 0
    source.close()


@pytest.mark.parametrize("how", ["truncated", "rewritten", "replaced"])
def test_a_new_beginning_is_noticed(tmp_path: Path, how: str) -> None:
    path = written(tmp_path / "a", b"first content")
    source = growing(path)
    assert [next(source), next(source)] == [b"first content", b""]
    if how == "replaced":
        os.replace(written(tmp_path / "b", b"new and much longer"), path)
    else:
        path.write_bytes(b"new" if how == "truncated" else b"new and much longer")
    assert next(source).startswith(b"new")
    assert source.n_restarts == 1
    assert [event.kind for event in source.events] == ["restart"]
    assert how in source.events[0].message
    source.close()


def test_the_end_of_a_replaced_file_is_read_first(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"one")
    source = growing(path)
    next(source)
    with path.open("ab") as file:
        file.write(b"two")
    os.replace(written(tmp_path / "b", b"new"), path)
    assert [next(source), next(source), next(source)] == [b"two", b"new", b""]
    source.close()


def test_a_file_that_is_gone_for_the_moment_is_waited_for(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"one")
    source = growing(path)
    next(source)
    path.unlink()
    assert next(source) == b""
    path.write_bytes(b"two")
    assert next(source) == b"two"
    source.close()


def test_a_packed_file_is_followed(tmp_path: Path) -> None:
    data = gzip.compress(DATA)
    path = written(tmp_path / "a", data[:1])
    source = growing(path)
    found = []
    for end in range(1, len(data), 100):
        path.open("ab").close()
        with path.open("r+b") as file:
            file.write(data[: end + 100])
        while piece := next(source):
            found.append(piece)
    assert b"".join(found) == DATA
    source.close()
