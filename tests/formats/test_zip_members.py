"""Zip archives read in place: bounded, never a traceback, nothing written."""

import gzip
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from descentry.formats import zip_members
from descentry.formats.zip_members import HEAD, Archive, members_of
from descentry.record.errors import DamagedError, InputError, UnreadableError

TEXT = b"".join(b'{"a": %d}\n' % i for i in range(500))


def made(path: Path, method: int = zipfile.ZIP_DEFLATED, name: str = "a.json") -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, TEXT)
        archive.writestr("b/c.txt", b"hello")
    return path


def content(path: Path, name: str = "a.json") -> bytes:
    with Archive(path) as archive:
        return b"".join(archive.blocks(name))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read(tmp_path: Path, method: int) -> None:
    path = made(tmp_path / "a.zip", method)
    assert content(path) == TEXT
    assert members_of(path, HEAD) == {"a.json", "b/c.txt"}
    packed = tmp_path / "a.zip.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert content(packed) == TEXT


def test_a_small_member_is_read_up_to_a_limit(tmp_path: Path) -> None:
    with Archive(made(tmp_path / "a.zip")) as archive:
        assert archive.whole("b/c.txt", 3) == b"hel"


@pytest.mark.parametrize("name", ["../../evil.json", "/etc/evil.json", "c:\\evil.json", "a" * 5000])
def test_a_path_is_but_a_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    path = made(folder / "a.zip", name=name)
    with Archive(path) as archive:
        (found,) = archive.names - {"b/c.txt"}
        assert b"".join(archive.blocks(found)) == TEXT
    assert sorted(tmp_path.rglob("*")) == [folder, path]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_cut_archive_is_refused(tmp_path: Path, method: int) -> None:
    path = made(tmp_path / "a.zip", method)
    data = path.read_bytes()
    for cut in range(0, len(data), 3 if len(data) < 3000 else 17):
        path.write_bytes(data[:cut])
        with pytest.raises(DamagedError) as caught:
            Archive(path)
        assert "\n" not in str(caught.value)
        assert members_of(path, data[:cut]) == frozenset()


def test_a_bomb_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_members, "DENSE_BYTES", 2 << 20)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(64 << 20))
    with Archive(path) as opened:
        n_bytes = sum(map(len, opened.blocks("bomb")))
        (event,) = opened.events
    assert 2 << 20 <= n_bytes <= 200 * path.stat().st_size
    assert event.kind == "torn_tail"
    assert "unfolds to more than" in event.message


def test_a_list_of_members_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x05\x06")
    struct.pack_into("<L", data, at + 12, 1 << 30)
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="list of members is too long"):
        Archive(path)
    locator = b"PK\x06\x07" + bytes(16)
    path.write_bytes(made(tmp_path / "b.zip").read_bytes()[:-22] + locator + data[at:])
    with pytest.raises(DamagedError, match="list of members is too long"):
        Archive(path)


@pytest.mark.parametrize(("offset", "value", "problem"), [(8, 1, "is encrypted"), (10, 12, "not known here")])
def test_what_cannot_be_unpacked_is_refused(tmp_path: Path, offset: int, value: int, problem: str) -> None:
    path = made(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + offset] = value
    path.write_bytes(data)
    with Archive(path) as archive, pytest.raises(DamagedError, match=problem):
        list(archive.blocks("a.json"))


def test_damage_in_a_member_keeps_what_came_before(tmp_path: Path) -> None:
    noise = b"".join(zlib.crc32(b"%d" % i).to_bytes(4, "little") for i in range(800_000))
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("noise", noise)
    data = bytearray(path.read_bytes())
    data[-5_000] ^= 1
    path.write_bytes(data)
    with Archive(path) as opened:
        got = b"".join(opened.blocks("noise"))
        assert [event.kind for event in opened.events] == ["torn_tail"]
    assert noise.startswith(got[:-5_000])
    assert len(got) >= 2 << 20


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=8)
)
def test_no_damage_breaks_the_archive(tmp_path: Path, edits: list[tuple[int, bytes]]) -> None:
    path = made(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    path.write_bytes(data)
    problem = ""
    try:
        with Archive(path) as archive:
            for name in archive.names:
                assert len(b"".join(archive.blocks(name))) < 1 << 20
    except InputError as error:
        problem = str(error)
    assert "\n" not in problem


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        Archive(tmp_path / "a.zip")
