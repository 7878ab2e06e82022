"""What a user may name: files, globs, archives, stdin, pipes, addresses; copies bear the name the user knows."""

import io
import os
import sys
import tarfile
import threading
import zipfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.sources import made_logs

from descentry.record.errors import DamagedError, InputError, UnknownFormatError, UnreadableError
from descentry.sources.collect import collect
from descentry.sources.places import unpack
from descentry.sources.places.spool import Spool, copied
from descentry.sources.places.targets import all_logs, expand, logs_at
from descentry.testing.readers import read_points

LOG = b"step,loss\n1,2.5\n2,2.25\n3,2\n4,1.75\n"
LOSSES = [2.5, 2.25, 2.0, 1.75]


def losses(target: str | Path) -> dict[str, list[float]]:
    """The training losses of every run at a target, by run."""
    return {log.run: collect(log).curves["loss"].values.tolist() for log in all_logs(str(target))}


def zipped(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str) -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


MEMBERS = {"a/log.csv": LOG, "b/log.csv": LOG[:-7], "model.pt": b"\0" * 100, "README.md": b"# x"}
RUNS = {"a": LOSSES, "b": LOSSES[:3]}


def test_a_glob_is_all_that_it_matches(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_bytes(LOG)
    assert [Path(one).name for one in expand(f"{tmp_path}/*.csv")] == ["a.csv", "b.csv"]
    assert losses(f"{tmp_path}/*.csv") == {"a": LOSSES, "b": LOSSES}
    with pytest.raises(UnreadableError, match="matches no file"):
        expand(f"{tmp_path}/*.json")


def test_a_file_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_bytes(LOG)
    assert losses(tmp_path / "a[1].csv") == {"a[1]": LOSSES}


def test_ids_stay_unique_over_a_glob(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.csv").write_bytes(LOG)
    assert set(losses(f"{tmp_path}/*/same.csv")) == {"same", f"{tmp_path}/y/same.csv"}


def test_a_zip_is_read_as_a_folder(tmp_path: Path) -> None:
    path = zipped(tmp_path / "runs.zip", MEMBERS)
    assert losses(path) == RUNS
    assert [log.place for log in all_logs(str(path))] == [f"{path}/a/log.csv", f"{path}/b/log.csv"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_is_read_as_a_folder(tmp_path: Path, mode: str) -> None:
    assert losses(tarred(tmp_path / "runs.tar.gz", MEMBERS, mode)) == RUNS


@pytest.mark.parametrize("host", ["h", "so", "example.md", "uni.zip"])
def test_event_files_in_an_archive_may_end_in_any_host(tmp_path: Path, host: str) -> None:
    data = made_logs.events(made_logs.ROWS)
    path = zipped(tmp_path / "runs.zip", {f"a/events.out.tfevents.1700000000.{host}": data})
    (log,) = all_logs(str(path))
    assert (log.run, log.format) == ("a", "tensorboard")
    assert "train_loss" in collect(log).curves


def test_an_archive_is_not_written_to_and_its_copy_goes(tmp_path: Path) -> None:
    path = zipped(tmp_path / "runs.zip", MEMBERS)
    before = path.read_bytes()
    logs = all_logs(str(path))
    copies = [log.path for log in logs]
    assert all(copy.exists() for copy in copies)
    logs.clear()
    assert not any(copy.exists() for copy in copies)
    assert path.read_bytes() == before


def test_members_that_lead_out_are_passed_over(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"../evil.csv": LOG, "/etc/evil.csv": LOG, "ok/log.csv": LOG})
    assert losses(path) == {"ok": LOSSES}
    assert not (tmp_path / "evil.csv").exists()


def test_links_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("a.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(UnknownFormatError, match="without a file that could be a log"):
        all_logs(str(path))


def test_a_bomb_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"log.csv": b"1" * (40 << 20)})
    with pytest.raises(DamagedError, match="unfolds to"):
        all_logs(str(path))


def test_a_zip_that_lies_about_sizes_gives_no_more_than_it_says(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "x.zip", {"log.csv": LOG * 50}).read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (len(LOG)).to_bytes(4, "little")
    (tmp_path / "y.zip").write_bytes(data)
    with pytest.raises(InputError):
        losses(tmp_path / "y.zip")


def test_a_zip_cut_at_any_byte_is_refused_in_one_line(tmp_path: Path) -> None:
    data = zipped(tmp_path / "x.zip", {"a/log.csv": LOG}).read_bytes()
    for length in range(4, len(data)):
        (tmp_path / "cut.zip").write_bytes(data[:length])
        with pytest.raises(InputError) as caught:
            losses(tmp_path / "cut.zip")
        assert "\n" not in str(caught.value)


def test_a_tar_cut_at_any_block_gives_a_beginning_or_a_refusal(tmp_path: Path) -> None:
    data = tarred(tmp_path / "x.tar", MEMBERS, "w").read_bytes()
    for length in range(512, len(data), 256):
        (tmp_path / "cut.tar").write_bytes(data[:length])
        try:
            found = losses(tmp_path / "cut.tar")
        except InputError:
            continue
        assert all(found[run] == RUNS[run] for run in found)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MAX_FILES", 2)
    path = zipped(tmp_path / "x.zip", {f"{i}.csv": LOG for i in range(4)})
    with pytest.raises(DamagedError, match="more than 2 files"):
        all_logs(str(path))


def test_errors_name_the_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.csv": b"\0\1\2"})
    with pytest.raises(UnknownFormatError) as caught:
        all_logs(str(path))
    assert str(caught.value).startswith(f"{path}: ")


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False))


def test_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, LOG)
    assert losses("-") == {"stdin": LOSSES}


def test_an_archive_may_come_by_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, zipped(tmp_path / "x.zip", MEMBERS).read_bytes())
    (a, b) = logs_at("-")
    assert (a.place, b.place) == ("stdin/a/log.csv", "stdin/b/log.csv")


def test_errors_of_stdin_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"\0\1\2")
    with pytest.raises(UnknownFormatError, match=r"^stdin: holds binary data"):
        all_logs("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableError, match="is closed"):
        all_logs("-")


def test_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="more than 99 bytes; save it to a file"):
        copied(io.BytesIO(b"x" * 100).read, tmp_path / "a", "stdin", max_bytes=99)


def test_no_room_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="cannot be copied"):
        copied(io.BytesIO(b"x").read, tmp_path / "missing" / "a", "stdin")


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_a_pipe_is_read_as_it_comes() -> None:
    reading, writing = os.pipe()
    rows = b"step,loss\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(50_000))
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb") as sink:
        writer = threading.Thread(target=lambda: (sink.write(rows), sink.close()))
        writer.start()
        (log,) = all_logs(f"/dev/fd/{reading}")
        writer.join()
    assert len(collect(log).curves["loss"].values) == 50_000


def test_an_unknown_address_is_told() -> None:
    with pytest.raises(UnreadableError, match="address of an unknown kind"):
        all_logs("gopher://x/y.csv")


def test_names_that_are_none_are_told() -> None:
    for name in ("", "a\0b"):
        with pytest.raises(UnreadableError, match="is no name"):
            all_logs(name)


def test_the_copies_of_a_spool_end_with_it() -> None:
    spool = Spool()
    folder = spool.folder
    (folder / "a").write_bytes(b"x")
    spool.close()
    assert not folder.exists()


def test_a_zst_log_is_read_and_followed(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    rows = made_logs.jsonl(made_logs.ROWS)
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.compress(rows[:100]) + zstandard.compress(rows[100:]))
    whole = tmp_path / "b.jsonl"
    whole.write_bytes(rows)
    (packed,), (plain,) = all_logs(str(path)), all_logs(str(whole))
    assert repr(read_points(path)) == repr(read_points(whole))
    n_rows = sum(chunk.n_rows for chunk in plain.chunks())
    assert sum(chunk.n_rows for chunk in islice(packed.follow(), 5)) == n_rows > 0
    tarred(tmp_path / "x.tar", MEMBERS, "w")
    (tmp_path / "x.tar.zst").write_bytes(zstandard.compress((tmp_path / "x.tar").read_bytes()))
    assert losses(tmp_path / "x.tar.zst") == RUNS
