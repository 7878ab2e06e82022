"""Records of W&B that are made to hurt cost little, are told, and cost no other record."""

import time
from pathlib import Path

import pytest
from tests.sources.made_logs import sized
from tests.sources.wandb.test_wandb_columns import HEAD, history, log_of, piece

from descentry.formats.proto import MAX_FIELDS
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import MAX_SERIES
from descentry.sources.wandb import offline

MIB = 1 << 20
ITEM = sized(1, sized(2, b"k") + sized(16, b"1"))
FIRST, LAST = history({"_step": 1, "loss": 0.5}), history({"_step": 2, "loss": 0.25})


def written(path: Path, records: list[bytes]) -> Path:
    """A log of records of any size."""
    out = bytearray(HEAD)
    for record in records:
        kinds = iter((2, *[3] * (len(record) // 1000)))
        while record:
            left = 32768 - len(out) % 32768
            if left < 8:
                out += bytes(left) if left < 7 else piece(b"", 3)
                continue
            part, record = record[: left - 7], record[left - 7 :]
            kind = next(kinds)
            out += piece(part, kind if record else 1 if kind == 2 else 4)
    path.write_bytes(out)
    return path


def valued(text: bytes) -> bytes:
    return b"\x08\x01" + sized(2, sized(1, sized(2, b"k") + sized(16, text)))


HOSTILE = {
    "many items": b"\x08\x01" + sized(2, ITEM * (4 * MIB // len(ITEM))),
    "empty items": b"\x08\x01" + sized(2, b"\x0a\x00" * (2 * MIB)),
    "many numbers": b"\x08\x01" * (2 * MIB),
    "many names": b"\x08\x01" + sized(2, sized(1, b"\x12\x01a" * MIB + sized(16, b"1"))),
    "many settings": b"\x08\x01" + sized(17, sized(4, sized(1, sized(1, b"k") + sized(16, b"1")) * (MIB // 4))),
    "lists": valued(b"[" + b"[]," * MIB + b"1]"),
    "deep lists": valued(b"[" * (4 * MIB)),
    "literals": valued(b"[" + b"NaN," * MIB + b"1]"),
    "objects": valued(b"{" + b",".join(b'"%d":{}' % i for i in range(MIB // 4)) + b"}"),
    "text": valued(b'"' + b"NaN," * MIB + b'"'),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_one_huge_record_is_told_and_costs_no_other(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "run-a.wandb", [FIRST, HOSTILE[name], LAST])
    begun = time.process_time()
    run = read(path)
    assert time.process_time() - begun < 1
    assert run.curves["loss"].values.tolist() == [0.5, 0.25]
    assert [event.kind for event in run.events][:1] in (["bad_record"], ["bad_value"])
    assert len(run.curves) == 1


def read(path: Path) -> Run:
    (log,) = find(path)
    return collect(log)


def test_lists_of_many_values_are_left_out_and_numbers_kept(tmp_path: Path) -> None:
    lists = {f"l{i}": [[]] * 5000 for i in range(5)}
    path = written(tmp_path / "run-a.wandb", [history({"_step": 1, "loss": 0.5, **lists})])
    run = read(path)
    assert run.curves["loss"].values.tolist() == [0.5]
    assert [(event.kind, event.count) for event in run.events] == [("bad_value", 1)] * 5


def test_a_long_table_is_left_out_without_a_warning(tmp_path: Path) -> None:
    media = {"_type": "table-file", "data": "x" * offline.MAX_JSON}
    path = written(tmp_path / "run-a.wandb", [history({"_step": 1, "loss": 0.5, "table": media})])
    assert [event.warning for event in read(path).events] == [False]


def test_as_many_items_as_allowed_are_read(tmp_path: Path) -> None:
    row = {"_step": 1.0, **{f"k{i}": float(i) for i in range(MAX_FIELDS - 2)}}
    path = written(tmp_path / "run-a.wandb", [history(row)])
    assert len(read(path).curves) == MAX_FIELDS - 2


def test_records_too_short_for_a_value_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "run-a.wandb", [FIRST, b"\x08\x01", b"\x08\x01\x12\x00", b"", LAST])
    run = read(path)
    assert run.curves["loss"].steps.tolist() == [1, 2]
    assert run.events == ()
    shortest = sized(2, sized(1, sized(2, b"k") + sized(16, b"7")))
    assert len(shortest) == offline.LEAST_RECORD
    assert read(written(path, [shortest])).curves["k"].values.tolist() == [7.0]


def test_settings_that_are_changed_while_the_run_goes_on_are_its_config(tmp_path: Path) -> None:
    def change(name: str, value: bytes) -> bytes:
        return b"\x08\x01" + sized(5, sized(1, sized(1, name.encode()) + sized(16, value)))

    own = change("_wandb", b'{"cli_version": "0.19"}')
    records = [FIRST, change("lr", b"0.5"), own, change("seed", b"1"), LAST, change("lr", b"0.25")]
    run = read(written(tmp_path / "run-a.wandb", records))
    assert run.config == {"lr": 0.25, "seed": 1}
    assert run.events == ()


def test_pieces_that_no_writer_leaves_cost_no_more_than_their_block(tmp_path: Path) -> None:
    out = bytearray(HEAD + piece(b"", 2))
    while len(out) < 8 * MIB:
        left = 32768 - len(out) % 32768
        out += piece(b"", 3) * (left // 7) + bytes(left % 7)
    path = tmp_path / "run-a.wandb"
    path.write_bytes(bytes(out) + piece(FIRST, 1))
    begun = time.process_time()
    run = read(path)
    assert time.process_time() - begun < 1
    assert run.curves["loss"].values.tolist() == [0.5]
    assert [event.kind for event in run.events] == ["bad_record"] * len(run.events)


@pytest.mark.parametrize("n_names", [100, 3000, 30_000])
def test_rows_of_ever_other_names_cost_little(tmp_path: Path, n_names: int) -> None:
    items = [sized(1, sized(2, b"k%d" % i) + sized(16, b"1")) for i in range(n_names)]
    rows = [b"\x08\x01" + sized(2, items[i * 7919 % n_names]) for i in range(100_000)]
    path = tmp_path / "run-a.wandb"
    path.write_bytes(log_of([*rows, b"\xff" * 20, *rows]))
    begun = time.process_time()
    chunks = list(offline.read(path))
    assert time.process_time() - begun < 4
    assert sum(chunk.n_rows for chunk in chunks) == 200_000
    assert len({name for chunk in chunks for name in chunk.columns}) == min(n_names, MAX_SERIES)
    events = [event for chunk in chunks for event in chunk.events]
    n_left_out = sum(event.count for event in events if event.kind == "too_many_series")
    n_points = sum(len(column.rows) for chunk in chunks for column in chunk.columns.values())
    assert n_points + n_left_out == 200_000
    kinds = {event.kind for event in events}
    assert kinds == {"missing_step", "bad_record"} | ({"too_many_series"} if n_names > MAX_SERIES else set())


def test_records_that_never_hold_a_number_are_looked_at_so_often_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "MAX_VAIN", 1000)
    vain = b"\x08\x01" + sized(2, sized(1, sized(2, b"a") + sized(2, b"k")))
    path = tmp_path / "run-a.wandb"
    path.write_bytes(log_of([*[vain] * 60_000, *[FIRST] * 50, *[vain] * 60_000, LAST]))
    run = read(path)
    (left_out,) = (event for event in run.events if event.kind == "left_out")
    assert 50_000 < left_out.count < 120_000
