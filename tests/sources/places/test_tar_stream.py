"""Tar archives made to hurt, damaged and odd: bounded, told, and no file beside them is lost."""

import io
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.places.test_archives import LOG, LOSSES, losses, tar_of, told, written

from descentry.record.errors import InputError
from descentry.sources.places.tar_stream import TarDamage, entries
from descentry.sources.places.targets import all_logs

END = bytes(1024)


def block(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, size: int | None = None) -> bytes:
    """A header and its data."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data) if size is None else size
    return info.tobuf(tarfile.USTAR_FORMAT) + padded(data)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def with_field(header: bytes, at: int, value: bytes) -> bytes:
    """The header with other bytes in one field and a checksum that fits them."""
    out = bytearray(header)
    out[at : at + len(value)] = value
    out[148:156] = b" " * 8
    out[148:156] = b"%06o\0 " % sum(out[:512])
    return bytes(out)


def settings_of(**pairs: str) -> bytes:
    info = tarfile.TarInfo("b.csv")
    info.pax_headers = {name.replace("__", "."): value for name, value in pairs.items()}
    return info.tobuf(tarfile.PAX_FORMAT)[:-512]


FIRST, LAST = block("a.csv", LOG), block("z.csv", LOG)
DAMAGED = {
    "a size that is no number": with_field(block("b.csv", LOG), 124, b"zzzzzzzzzzz\0"),
    "a size below zero": with_field(block("b.csv", LOG), 124, b"\xff" * 12),
    "a size without end": with_field(block("b.csv", LOG), 124, b"\x80" + b"\xff" * 11),
    "a size that is not there": block("b.csv", LOG, size=1 << 32),
    "a wrong checksum": b"c" + block("b.csv", LOG)[1:],
    "an extended size below zero": settings_of(size="-5") + block("b.csv", LOG),
    "an extended size without end": settings_of(size="9" * 30) + block("b.csv", LOG),
    "digits without end": block("x", b"1" * 300_000, tarfile.XHDTYPE) + block("b.csv", LOG),
    "a header without end": block("x", b"", tarfile.GNUTYPE_LONGNAME, size=1 << 30),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_header_ends_the_archive_and_is_told(tmp_path: Path, what: str) -> None:
    path = written(tmp_path / "x.tar", FIRST + DAMAGED[what] + LAST + END)
    since = time.process_time()
    assert losses(path)["a"] == LOSSES
    assert [kind for kind, _ in told(path)] == ["torn_tail"]
    assert time.process_time() - since < 5


HOLES = tarfile.GNUTYPE_SPARSE
LEFT_OUT = {
    "holes": block("b.csv", b"step,loss\n", HOLES),
    "holes with a longer list": with_field(block("b.csv", b"", HOLES, size=512), 482, b"\1") + bytes(1024),
    "holes by an extended header": settings_of(GNU__sparse__size="9", GNU__sparse__map="0,9")
    + block("c", b"9"),
    "a list of holes without end": settings_of(GNU__sparse__major="1", GNU__sparse__name="b.csv")
    + block("c", b"50000000\n" + b"1\n" * 100_000),
    "a second name": block("b.csv", b"", tarfile.LNKTYPE),
    "a name that leads out": block("../b.csv", LOG),
    "a name under a file": block("a.csv/b.csv", LOG),
    "a name that is too long": block("x", b"d/" * 3000 + b"b.csv\0", tarfile.GNUTYPE_LONGNAME)
    + block("b", LOG),
    "a name of long letters": block("x", "\U0001f600".encode() * 190, tarfile.GNUTYPE_LONGNAME)
    + block("b", LOG),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_is_left_out_is_told_and_costs_no_other(tmp_path: Path, what: str) -> None:
    path = written(tmp_path / "x.tar", FIRST + LEFT_OUT[what] + LAST + END)
    assert losses(path) == {"a": LOSSES, "z": LOSSES}
    assert [kind for kind, _ in told(path)] == ["left_out"]


PASSED_OVER = {
    "a link": block("b.csv", b"", tarfile.SYMTYPE),
    "a device": block("b.csv", b"", tarfile.CHRTYPE, size=7),
    "a pipe": block("b.csv", b"", tarfile.FIFOTYPE),
    "a folder": block("b.csv", b"", tarfile.DIRTYPE),
    "an empty file": block("b.csv"),
    "settings of all": block("x", b"9 path=a\n", tarfile.XGLTYPE),
    "five thousand settings": block("x", b"9 path=a\n", tarfile.XHDTYPE) * 5000 + block("a.png", b"x"),
    "a kind that is not known": block("b.csv", LOG, b"Q"),
}


@pytest.mark.parametrize("what", PASSED_OVER)
def test_what_is_no_file_is_passed_over(tmp_path: Path, what: str) -> None:
    path = written(tmp_path / "x.tar", FIRST + PASSED_OVER[what] + LAST + END)
    assert losses(path) == {"a": LOSSES, "z": LOSSES}
    assert told(path) == []


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_name_is_read(tmp_path: Path, kind: int) -> None:
    names = ["a.csv", "d" * 60 + "/" + "e" * 70 + ".csv", "möwe/ß.csv"]
    names += [] if kind == tarfile.USTAR_FORMAT else ["f" * 150 + "/" + "g" * 150 + ".csv"]
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=kind) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(LOG)
            archive.addfile(info, io.BytesIO(LOG))
    path = written(tmp_path / "x.tar", content.getvalue())
    assert [member.name for member in entries(path) if member is not None] == names
    assert len(losses(path)) == len(names)


def test_headers_that_are_many_fill_no_memory(tmp_path: Path) -> None:
    comment = settings_of(comment="q" * 900_000)
    path = written(tmp_path / "x.tar", FIRST + comment * 9 + LAST + END)
    since = time.process_time()
    assert losses(path) == {"a": LOSSES, "z": LOSSES}
    assert time.process_time() - since < 5


def test_a_file_that_is_cut_off_is_read_to_its_last_byte(tmp_path: Path) -> None:
    path = written(tmp_path / "x.tar", FIRST + block("b.csv", LOG * 400)[:-700])
    (last,) = [log for log in all_logs(str(path)) if log.run.endswith("b")]
    assert sum(chunk.n_rows for chunk in last.chunks()) > 1500


@settings(max_examples=200, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 9000), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6
    ),
    cut=st.integers(1, 12_000),
)
def test_no_bytes_break_it(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(tar_of({"a.csv": LOG, "b.csv": LOG, "c/d.csv": LOG * 3}))
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    path = written(tmp_path_factory.mktemp("mutated") / "x.tar", bytes(data[:cut]))
    try:
        got = sum(len(member.read(1 << 20)) for member in entries(path) if member is not None)
        logs = len(all_logs(str(path)))
    except (TarDamage, InputError) as error:
        got, logs = 0, 1 - str(error).count("\n")
    assert got <= len(data)
    assert logs > 0
