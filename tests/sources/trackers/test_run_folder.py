"""The reader of run folders: the laws of readers, and lines that its writer never wrote."""

import gzip
import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import descentry
from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.sources.places.find import find
from descentry.sources.protocol import Reader
from descentry.sources.rows import joined
from descentry.sources.trackers import run_folder
from descentry.testing.readers import check_reader, points

READER: Reader = run_folder  # type: ignore[assignment]
HEAD = b'{"log":"descentry/log/1","session":"00000001","wall_time":1700000000.0}\n'


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sample")
    for start in (0, 15):
        with descentry.Log(folder, config={"batch_size": 32}) as log:
            for step in range(start, start + 18):
                log.write(step, {"loss": 2.5 - step / 7, "lr": float("nan") if step == 3 else 1e-3})
                if step % 7 == 0:
                    log.write(step, val_loss=2.0 + step)
            log.event("data", "shard")
    return (folder / "metrics.jsonl").read_bytes()


def test_the_laws_of_readers_hold(sample: bytes) -> None:
    check_reader(READER, sample, "metrics.jsonl", n_splits=12)


def test_it_is_recognised_whatever_its_name(tmp_path: Path, sample: bytes) -> None:
    for name, data in [("x.log", sample), ("y.jsonl.gz", gzip.compress(sample)), ("z", sample)]:
        path = tmp_path / name
        path.write_bytes(data)
        (log,) = find(path)
        assert log.format == "descentry"
        assert len(points(log.chunks())["loss"]) == 36
        assert len(points(islice(log.follow(), 6))["loss"]) == 36


def test_columns_and_rows_one_by_one_are_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [b'{"step":%d,"wall_time":17000000%02d.5,"a":%d.5,"b":"nan"}\n' % (i, i, i) for i in range(40)]
    lines += [b'{"step":%d,"c":"-inf","a":%d}\n' % (i, i) for i in range(40)]
    path.write_bytes(HEAD + b"".join(lines))
    fast = joined(run_folder.read(path))
    monkeypatch.setattr(run_folder, "MIN_TABLE", 10**9)
    slow = joined(run_folder.read(path))
    assert shown(fast) == shown(slow)
    assert fast.n_rows == 80


def shown(chunk: Chunk) -> str:
    columns = {name: (its.rows.tolist(), its.values.tolist()) for name, its in sorted(chunk.columns.items())}
    assert chunk.wall_times is not None
    return repr((chunk.steps.tolist(), columns, chunk.wall_times.tolist(), chunk.events, chunk.config))


ODD_LINES = {
    b"[1]": "bad_line",
    b"null": "bad_line",
    b"{}": "bad_line",
    b'{"x":1}': "bad_line",
    b'{"step":1,"a":': "bad_line",
    b'{"step":1,"a":2}}': "bad_line",
    b"\xff\xfe\xfd": "bad_line",
    b"[" * 5000: "bad_line",
    b'{"step":1,"a":' + b'{"a":' * 5000: "bad_line",
    b'{"step":1,"a":[1,2]}': "bad_value",
    b'{"step":1,"a":null}': "bad_value",
    b'{"step":1,"a":"high"}': "bad_value",
    b'{"step":1,"a":1' + b"0" * 500 + b"}": "bad_line",
    b'{"step":1,"a":1e999}': "bad_line",
    b'{"step":1.5,"a":1}': "missing_step",
    b'{"step":"x","a":1}': "missing_step",
    b'{"step":1e30,"a":1}': "missing_step",
    b'{"step":99999999999999999999,"a":1}': "missing_step",
    b'{"step":1,"wall_time":"x","a":1}': "",
    b'{"step":1,"odd":{"loss":"x","step":[]}}': "bad_value",
    b'{"step":1,"odd":[]}': "bad_value",
    b'{"log":5}': "",
    b'{"config":{"a":{"b":1}}}': "",
    b'{"config":5}': "bad_line",
    b'{"event":{},"at_step":[]}': "{}",
    b'{"notice":"","message":7}': "event",
    b'{"step":1,"a\\ud800":1.5}': "",
}


@pytest.mark.parametrize("line", ODD_LINES, ids=lambda line: ascii(line[:30]))
def test_odd_lines_cost_only_themselves(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    rows = b"".join(b'{"step":%d,"loss":1.5}\n' % i for i in range(20))
    path.write_bytes(HEAD + rows + line + b"\n" + rows)
    run = descentry.read(path)
    assert run.curves["loss"].values.tolist() == [1.5] * 40
    told = {event.kind for event in run.events if event.kind != "resume"}
    assert told == ({ODD_LINES[line]} if ODD_LINES[line] else set()) | (told & {"bad_step"})


def test_too_many_names_and_too_long_lines_are_told(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    wide = [
        b'{"step":1,' + b",".join(b'"%d":1' % (i + k) for i in range(9000)) + b"}\n" for k in (0, 9000, 18000)
    ]
    long = b'{"step":1,"a":"' + b"x" * (5 << 20) + b'"}\n'
    path.write_bytes(HEAD + b"".join(wide) + long + b'{"step":2,"0":2.5}\n')
    run = descentry.read(path)
    assert len(run.curves) == 20000
    assert run.curves["0"].steps.tolist() == [1, 2]
    assert {"too_many_series", "bad_line"} == {event.kind for event in run.events}


@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6)), min_size=1, max_size=6))
def test_damage_brings_no_crash(
    tmp_path_factory: pytest.TempPathFactory, sample: bytes, edits: list[tuple[int, bytes]]
) -> None:
    data = bytearray(sample)
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    path = tmp_path_factory.mktemp("damaged") / "metrics.jsonl"
    path.write_bytes(data)
    problem = problem_with(path)
    assert problem is None or "\n" not in str(problem)


def problem_with(path: Path) -> InputError | None:
    try:
        descentry.read(path)
    except InputError as error:
        return error
    return None


def news(chunks: object) -> list[int]:
    """The steps that came since the last call."""
    steps: list[int] = []
    n_empty = 0
    for chunk in islice(chunks, 1000):  # type: ignore[call-overload]
        n_empty = 0 if chunk.n_rows else n_empty + 1
        steps += chunk.steps.tolist()
        if n_empty == 3:
            break
    return steps


def test_a_repaired_tail_is_not_read_again(tmp_path: Path) -> None:
    log = descentry.Log(tmp_path)
    log.write(1, loss=1.0)
    log.close()
    with log.path.open("ab") as file:
        file.write(b'{"step":2,"wall_ti')
    chunks = find(log.path)[0].follow()
    assert news(chunks) == [1]
    with pytest.warns(UserWarning, match="torn tail"):
        log = descentry.Log(tmp_path)
    log.write(2, loss=1.0)
    log.write(3, loss=1.0)
    log.close()
    assert news(chunks) == [2, 3]


def test_a_file_written_again_is_followed_where_it_stood(tmp_path: Path, sample: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(sample)
    chunks = find(path)[0].follow()
    n = len(news(chunks))
    path.unlink()
    assert news(chunks) == []
    path.write_bytes(sample[:500])
    assert news(chunks) == []
    path.write_bytes(sample + b'{"step":77,"loss":1.0}\n')
    assert news(chunks) == [77]
    os.replace(_other(tmp_path), path)
    assert news(chunks) == [5]
    assert n > 36


def _other(folder: Path) -> Path:
    path = folder / "other"
    path.write_bytes(HEAD + b'{"step":5,"loss":1.0}\n')
    return path


def test_other_content_is_told_as_a_restart(tmp_path: Path, sample: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(sample)
    chunks = find(path)[0].follow()
    news(chunks)
    path.write_bytes(HEAD + b'{"step":5,"loss":1.0}\n')
    whole = joined(list(islice(chunks, 3)))
    assert whole.steps.tolist() == [5]
    assert [event.kind for event in whole.events] == ["restart"]


def test_a_second_file_alone_is_a_log(tmp_path: Path, sample: bytes) -> None:
    (tmp_path / "metrics.2.jsonl").write_bytes(sample)
    assert [log.format for log in find(tmp_path)] == ["descentry"]
    with descentry.Log(tmp_path) as log:
        log.write(99, loss=1.0)
    assert len(find(tmp_path)) == 2
