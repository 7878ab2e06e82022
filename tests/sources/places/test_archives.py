"""Archives of every kind: packed, nested, encrypted, damaged, made to exhaust, and growing while they are followed."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from descentry.record.errors import DamagedError, InputError, UnknownFormatError
from descentry.sources.collect import collect
from descentry.sources.places import members, unpack
from descentry.sources.places.targets import all_logs, logs_at

LOG = b"step,loss\n1,2.5\n2,2.25\n3,2\n4,1.75\n"
LOSSES = [2.5, 2.25, 2.0, 1.75]
MORE = b"5,1.5\n6,1.25\n"


def losses(target: Path) -> dict[str, list[float]]:
    """The training losses of every run at a target, by run."""
    return {log.run: collect(log).curves["loss"].values.tolist() for log in all_logs(str(target))}


def told(target: Path) -> list[tuple[str, str]]:
    """Kind and message of what is told of the first run at a target."""
    return [(event.kind, event.message) for event in collect(all_logs(str(target))[0]).events]


def zip_of(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def tar_of(files: dict[str, bytes], mode: str = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def encrypted(data: bytes, name: bytes) -> bytes:
    """A zip in which the member of that name says that it is encrypted."""
    out = bytearray(data)
    for mark, flags, at_name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        at = out.find(mark)
        while at >= 0:
            if out[at + at_name : at + at_name + len(name)] == name:
                out[at + flags] |= 1
            at = out.find(mark, at + 4)
    return bytes(out)


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_logs_and_archives_are_seen_through(tmp_path: Path, packer: str) -> None:
    pack = PACKERS[packer]
    assert losses(written(tmp_path / f"a.csv.{packer}", pack(LOG))) == {"a": LOSSES}
    for name, data in (("tar", tar_of({"a.csv": LOG})), ("zip", zip_of({"a.csv": LOG}))):
        assert losses(written(tmp_path / f"x.{name}.{packer}", pack(data))) == {"a": LOSSES}


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_logs_in_a_folder_are_found(tmp_path: Path, packer: str) -> None:
    written(tmp_path / f"a.csv.{packer}", PACKERS[packer](LOG))
    assert losses(tmp_path) == {"a": LOSSES}


INNER = {
    "b.zip": zip_of({"c/log.csv": LOG}),
    "b.tar": tar_of({"c/log.csv": LOG}),
    "b.tar.gz": gzip.compress(tar_of({"c/log.csv": LOG})),
    "b.TGZ": gzip.compress(tar_of({"c/log.csv": LOG})),
    "b.tar.xz": lzma.compress(tar_of({"c/log.csv": LOG})),
}


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("outer", [zip_of, tar_of])
def test_an_archive_in_an_archive_is_one_more_folder(
    tmp_path: Path, name: str, outer: Callable[[dict[str, bytes]], bytes]
) -> None:
    path = written(tmp_path / "x", outer({"a/log.csv": LOG, f"z/{name}": INNER[name]}))
    assert losses(path) == {"a": LOSSES, f"z/{name}/c": LOSSES}
    assert [log.place for log in all_logs(str(path))] == [f"{path}/a/log.csv", f"{path}/z/{name}/c/log.csv"]


def test_deeper_archives_are_left_out_and_told(tmp_path: Path) -> None:
    deep = zip_of({"a.csv": LOG, "deep.zip": zip_of({"b.csv": LOG})})
    path = written(tmp_path / "x.zip", zip_of({"inner.zip": deep}))
    assert losses(path) == {"inner.zip/a": LOSSES}
    assert told(path) == [
        ("left_out", '"deep.zip" left out of the archive: an archive in an archive in an archive')
    ]
    written(tmp_path / "y.zip", zip_of({"inner.zip": zip_of({"deep.zip": zip_of({"b.csv": LOG})})}))
    with pytest.raises(DamagedError, match="an archive in an archive in an archive; unpack it"):
        all_logs(str(tmp_path / "y.zip"))


def test_encrypted_files_are_told(tmp_path: Path) -> None:
    data = zip_of({"a.csv": LOG, "b.csv": LOG})
    some = written(tmp_path / "some.zip", encrypted(data, b"a.csv"))
    assert losses(some) == {"b": LOSSES}
    assert told(some) == [("left_out", '"a.csv" left out of the archive: encrypted')]
    whole = written(tmp_path / "all.zip", encrypted(encrypted(data, b"a.csv"), b"b.csv"))
    with pytest.raises(InputError) as caught:
        all_logs(str(whole))
    problem = 'holds 2 files ("a.csv", "b.csv"), encrypted; unpack it with its password and name the folder'
    assert str(caught.value) == f"{whole}: {problem}"


@pytest.mark.parametrize(("start", "name"), [(magic, name) for magic, name in unpack.OTHERS.items()])
def test_archives_that_are_not_read_are_called_by_their_name(tmp_path: Path, start: bytes, name: str) -> None:
    path = written(tmp_path / "x", start + bytes(100))
    with pytest.raises(UnknownFormatError) as caught:
        all_logs(str(path))
    assert str(caught.value) == f"{path}: is {name}: not read here; unpack it and name the folder"
    if name.endswith("archive"):
        inside = written(tmp_path / "y.zip", zip_of({"a.csv": LOG, "b.7z": start + bytes(100)}))
        assert losses(inside) == {"a": LOSSES}
        assert told(inside) == [("left_out", f'"b.7z" left out of the archive: {name}, not read here')]


def test_an_archive_without_logs_says_what_it_holds(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zip_of({f"{i}.png": b"x" for i in range(5)}))
    with pytest.raises(UnknownFormatError, match=r'without a file that could be a log \(5 files \("0.png"'):
        all_logs(str(path))
    with pytest.raises(UnknownFormatError, match="without a file that could be a log;"):
        all_logs(str(written(tmp_path / "empty.zip", zip_of({}))))


def test_a_damaged_file_costs_only_itself(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.csv": LOG, "b.csv": LOG}))
    data[40] ^= 0xFF
    path = written(tmp_path / "x.zip", bytes(data))
    assert losses(path) == {"b": LOSSES}
    assert told(path) == [("left_out", '"a.csv" left out of the archive: damaged')]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_in_a_zip_are_read_or_told(tmp_path: Path, packing: int) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", LOG)
        archive.writestr("b.csv", LOG, packing)
    is_read = packing != zipfile.ZIP_LZMA
    assert losses(path) == ({"a": LOSSES, "b": LOSSES} if is_read else {"a": LOSSES})
    told_so = [("left_out", '"b.csv" left out of the archive: packed in a way that is not read here')]
    assert told(path) == ([] if is_read else told_so)


def test_a_cut_tar_gives_what_came_before_and_says_so(tmp_path: Path) -> None:
    data = tar_of({"a.csv": LOG, "b.csv": LOG})
    for cut in range(1024, 2048, 64):
        path = written(tmp_path / "x.tar", data[:cut])
        assert losses(path)["a"] == LOSSES
        assert [kind for kind, _ in told(path)] == ["torn_tail"], cut
    packed = gzip.compress(data)
    path = written(tmp_path / "x.tar.gz", packed[:-6])
    assert losses(path) == {"a": LOSSES, "b": LOSSES}
    assert "cut off" in told(path)[0][1]


def test_a_bomb_beside_a_log_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zip_of({"a.csv": LOG, "b.csv": b"1" * (40 << 20)}))
    assert losses(path) == {"a": LOSSES}
    assert "unfolds to" in told(path)[0][1]


def test_an_archive_may_not_unfold_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "ANY_BYTES", 1000)
    monkeypatch.setattr(unpack, "MAX_RATIO", 2)
    inner = zip_of({f"{i}.csv": b"1,2\n" * 200_000 for i in range(3)})
    for files in ({"a.zip": inner}, {"a.csv": b"1,2\n" * 200_000}):
        with pytest.raises(DamagedError, match="unfolds to more than"):
            all_logs(str(written(tmp_path / "x.zip", zip_of(files))))


def test_headers_and_lists_that_would_fill_the_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    with pytest.raises(DamagedError, match="a header of 1073741824 bytes"):
        all_logs(str(written(tmp_path / "x.tar", info.tobuf(tarfile.USTAR_FORMAT) + bytes(10_000))))
    monkeypatch.setattr(members, "MAX_LISTING", 100)
    with pytest.raises(DamagedError, match="its list of members takes"):
        all_logs(str(written(tmp_path / "x.zip", zip_of({f"{i}.csv": LOG for i in range(9)}))))
    monkeypatch.undo()
    monkeypatch.setattr(members, "MAX_ENTRIES", 3)
    for data in (zip_of({f"{i}.png": b"" for i in range(9)}), tar_of({f"{i}.png": b"" for i in range(9)})):
        with pytest.raises(DamagedError, match="more than 3 entries"):
            all_logs(str(written(tmp_path / "x", data)))


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_log_of_which_nothing_can_be_had_says_so(tmp_path: Path, packer: str) -> None:
    path = written(tmp_path / "a.csv", PACKERS[packer](LOG)[:11])
    with pytest.raises(DamagedError, match="data is cut off after 0 decompressed bytes"):
        all_logs(str(path))


def test_a_file_without_a_name_in_an_archive_costs_no_other(tmp_path: Path) -> None:
    data = zip_of({"a.csv": LOG, "b.csv": LOG}).replace(b"b.csv", b"\0.csv")
    assert losses(written(tmp_path / "a.zip", data)) == {"a": LOSSES}


def test_what_cannot_be_read_beside_a_log_is_told_wherever_the_archive_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "a.csv": LOG,
        "b.log": b"nothing to see\n",
        "c.db": b"SQLite format 3\0" + bytes(range(256)) * 20,
    }
    path = written(tmp_path / "x.zip", zip_of(files))
    written(tmp_path / "folder.csv", LOG)
    skipped: list[InputError] = []
    logs_at(str(path), skipped)
    assert [Path(error.where).name for error in skipped] == ["b.log", "c.db"]
    again: list[InputError] = []
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    logs_at("-", again)
    assert [str(error) for error in again] == [str(error).replace(str(path), "stdin") for error in skipped]
