"""DVCLive's tables, SwanLab's run file, Aim's repository."""

import shutil
import struct
import zlib
from itertools import islice
from pathlib import Path

import pytest
from tests.sources.made_logs import sized, varint
from tests.sources.own_truth import SAMPLES, assert_same, truth_of

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError, UnknownFormatError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.protocol import Log, Reader
from descentry.sources.rows import joined
from descentry.sources.trackers import aim_repo, dvclive, swanlab
from descentry.testing.readers import check_reader, points

LIVE = SAMPLES / "dvclive" / "live"
SWANLAB = SAMPLES / "swanlab" / "run-tiny.swanlab"


def run_at(path: Path, reader: Reader) -> Run:
    assert reader.matches(path, b"")
    return collect(Log("x", reader.format, path, reader))


def test_every_value_of_dvclive_is_read() -> None:
    run = run_at(LIVE, dvclive)
    assert_same(run, truth_of(LIVE))
    assert run.config == {"batch_size": 32.0, "schedule": "cosine"}
    assert run.events == ()
    assert run.curves["train/loss"].wall_times is not None


def test_a_growing_dvclive_folder_is_followed(tmp_path: Path) -> None:
    copy = tmp_path / "live"
    tables = copy / "plots" / "metrics"
    tables.mkdir(parents=True)
    (tables / "loss.tsv").write_text("step\tloss\n0\t2.5\n1\t2.")
    chunks = dvclive.follow(copy)
    assert joined(islice(chunks, 2)).steps.tolist() == [0]
    with (tables / "loss.tsv").open("a") as table:
        table.write("25\n2\tnan\n")
    (tables / "lr.tsv").write_text("step\tlr\n1\t0.5\n2\t0.5\n")
    grown = joined(islice(chunks, 1))
    assert grown.steps.tolist() == [1]
    assert {name: column.values.tolist() for name, column in grown.columns.items()} == {
        "loss": [2.25],
        "lr": [0.5],
    }
    assert joined(islice(chunks, 1)).steps.tolist() == [2]
    assert joined(islice(chunks, 1)).n_rows == 0


def test_a_cut_table_gives_a_beginning(tmp_path: Path) -> None:
    shutil.copytree(LIVE, tmp_path / "live")
    table = tmp_path / "live" / "plots" / "metrics" / "train" / "loss.tsv"
    data, whole = table.read_bytes(), points(dvclive.read(LIVE))
    for cut in range(len(data)):
        table.write_bytes(data[:cut])
        got = points(dvclive.read(tmp_path / "live"))
        assert str(got.get("train/loss", [])[:-1]) == str(
            whole["train/loss"][: len(got.get("train/loss", [])[:-1])]
        )
        assert str(got["lr"]) == str(whole["lr"])


def test_a_link_in_a_dvclive_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "live" / "plots" / "metrics").mkdir(parents=True)
    (tmp_path / "live" / "plots" / "metrics" / "x.tsv").symlink_to(LIVE / "plots" / "metrics" / "lr.tsv")
    assert not dvclive.matches(tmp_path / "live", b"")


@pytest.mark.parametrize("replaces", [True, False])
def test_a_dvclive_table_that_is_written_anew_begins_anew(tmp_path: Path, replaces: bool) -> None:
    table = tmp_path / "live" / "plots" / "metrics" / "loss.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("step\tloss\n0\t2.5\n1\t2.25\n2\t2.")
    chunks = dvclive.follow(tmp_path / "live")
    first = joined(islice(chunks, 4))
    assert first.columns["loss"].values.tolist() == [2.5, 2.25]
    fresh = tmp_path / "fresh" if replaces else table
    fresh.write_text("step\tloss\n0\t9.5\n1\t9.25\n2\t9.0\n")
    fresh.replace(table)
    again = joined(islice(chunks, 5))
    assert again.columns["loss"].values.tolist() == [9.5, 9.25, 9.0]
    assert [event.kind for event in again.events] == ["restart"]


def test_the_newest_row_of_swanlab_comes_when_nothing_more_does(tmp_path: Path) -> None:
    path = tmp_path / "run-a.swanlab"
    path.write_bytes(written([scalar("loss", step, 5.0 - step) for step in range(3)]))
    followed = joined(islice(swanlab.follow(path), 4))
    assert followed.columns["loss"].values.tolist() == [5.0, 4.0, 3.0]


def test_swanlab_keeps_the_laws_of_readers() -> None:
    check_reader(swanlab, SWANLAB.read_bytes(), "run-a.swanlab", n_splits=4, n_cuts=400)


def test_what_is_zero_is_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "run-a.swanlab"
    path.write_bytes(written([scalar("loss", 0, None), scalar("loss", 1, 0.5), scalar("loss", -3, -0.0)]))
    (log,) = find(path)
    assert log.format == "swanlab"
    curve = collect(log).curves["loss"]
    assert curve.steps.tolist() == [0, 1, -3]
    assert list(map(str, curve.values)) == ["0.0", "0.5", "-0.0"]


def test_other_records_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "run-a.swanlab"
    nameless = sized(13, sized(5, b""))
    path.write_bytes(written([sized(14, b"\x0a\x01x"), nameless, b"\xff\xff", scalar("loss", 1, 0.5)]))
    run = collect(find(path)[0])
    assert set(run.curves) == {"loss"}
    assert [event.kind for event in run.events] == ["bad_record"]


def test_an_older_swanlab_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run-a.swanlab"
    path.write_bytes(swanlab.HEAD + b"\x01" + bytes(100))
    with pytest.raises(UnknownFormatError, match=r"run-a\.swanlab: is a SwanLab file of version 1; convert"):
        joined(swanlab.read(path))


def test_a_damaged_checksum_costs_one_block(tmp_path: Path) -> None:
    data = bytearray(written([scalar("loss", step, 0.5) for step in range(3000)]))
    data[100] ^= 1
    path = tmp_path / "run-a.swanlab"
    path.write_bytes(data)
    run = collect(find(path)[0])
    assert run.curves["loss"].steps.tolist()[-1] == 2999
    assert [event.kind for event in run.events] == ["bad_record"]


def scalar(name: str, step: int, value: float | None) -> bytes:
    number = b"" if value is None else b"\x09" + struct.pack("<d", value)
    at = sized(4, b"\x08" + varint(1700000000) + b"\x10" + varint(5 * 10**8))
    return sized(
        13, sized(1, name.encode()) + (b"\x10" + varint(step) if step else b"") + at + sized(5, number)
    )


def written(records: list[bytes]) -> bytes:
    out = bytearray(swanlab.HEAD + b"\x02")
    for payload in records:
        if 32768 - len(out) % 32768 < 7 + len(payload):
            out += bytes(32768 - len(out) % 32768)
        kind = 1
        checksum = zlib.crc32(payload, zlib.crc32(bytes([kind])))
        out += struct.pack("<IHB", checksum, len(payload), kind) + payload
    return bytes(out)


@pytest.mark.parametrize("inner", ["", ".aim"])
def test_aim_is_refused_with_the_way_out(tmp_path: Path, inner: str) -> None:
    (tmp_path / ".aim" / "meta").mkdir(parents=True)
    (log,) = find(tmp_path / inner)
    assert log.format == "aim"
    for chunks in (log.chunks, log.follow):
        with pytest.raises(InputError, match=r"only Aim reads; export .* CSV"):
            joined(chunk for chunk in islice(chunks(), 2) if isinstance(chunk, Chunk))


def test_a_folder_is_not_aim_by_its_name_alone(tmp_path: Path) -> None:
    (tmp_path / ".aim").mkdir()
    assert not aim_repo.matches(tmp_path, b"")
