"""What every reader holds: any split gives the same rows, damage gives a prefix or a clean error."""

import gzip
import math
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources import made_logs
from tests.sources.told import invented

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.sources.collect import collect
from descentry.sources.drive import Decoder, Factory
from descentry.sources.json.lines import JsonLines
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.tables.csv_lines import CsvLines
from descentry.sources.tensorboard.event_file import EventFile
from descentry.sources.wandb.offline import WandbFile

DECODERS: dict[str, Factory] = {
    "csv": CsvLines, "jsonl": JsonLines, "tensorboard": EventFile, "wandb": WandbFile,
}  # fmt: skip
SINGLE = {"tensorboard"}


def decoded(decoder: Decoder, pieces: list[bytes]) -> Chunk:
    return joined([*map(decoder.feed, pieces), decoder.end()])


def rows_of(chunk: Chunk) -> list[tuple[int, dict[str, str]]]:
    rows: list[tuple[int, dict[str, str]]] = [(step, {}) for step in chunk.steps.tolist()]
    for name, column in chunk.columns.items():
        for row, value in zip(column.rows.tolist(), column.values.tolist(), strict=True):
            rows[row][1][name] = repr(value)
    return rows


def expected_rows(format: str) -> list[tuple[int, dict[str, str]]]:
    cast = (lambda x: float(np.float32(x))) if format in SINGLE else float
    return [(step, {name: repr(cast(x)) for name, x in row.items()}) for step, row in made_logs.ROWS]


@pytest.mark.parametrize("format", made_logs.FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_value_is_read(tmp_path: Path, format: str, packed: bool) -> None:
    path = made_logs.written(tmp_path, format)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    (log,) = find(path)
    assert log.format == format
    assert rows_of(joined(log.chunks())) == expected_rows(format)


def test_an_mlflow_run_is_read(tmp_path: Path) -> None:
    (log,) = find(made_logs.mlflow(tmp_path / "run"))
    run = collect(log)
    assert run.config == {"batch_size": 32.0}
    assert rows_of(joined(log.chunks())) == expected_rows("mlflow")


@pytest.mark.parametrize("format", DECODERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 6000), max_size=12))
def test_any_split_gives_the_same_rows(format: str, cuts: list[int]) -> None:
    data = made_logs.FILES[format][1](made_logs.ROWS)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(bounds) if b > a]
    assert rows_of(decoded(DECODERS[format]("a"), pieces)) == expected_rows(format)


@pytest.mark.parametrize("format", DECODERS)
def test_bytes_one_by_one_give_the_same_rows(format: str) -> None:
    data = made_logs.FILES[format][1](made_logs.ROWS)
    pieces = [data[i : i + 1] for i in range(len(data))]
    assert rows_of(decoded(DECODERS[format]("a"), pieces)) == expected_rows(format)


@pytest.mark.parametrize("format", made_logs.FILES)
def test_a_cut_file_gives_a_prefix_or_a_clean_error(tmp_path: Path, format: str) -> None:
    rows = made_logs.ROWS[:4]
    path = made_logs.written(tmp_path, format, rows)
    data = path.read_bytes()
    whole = dict(rows_of(joined(find(path)[0].chunks())))
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        try:
            found = [
                row for log in find(path) if log.format == format for row in rows_of(joined(log.chunks()))
            ]
        except InputError:
            continue
        for step, values in found[:-1]:
            assert whole[step] == values, cut


@pytest.mark.parametrize("format", ["csv", "jsonl", "tensorboard", "wandb", "trainer_state"])
def test_a_torn_tail_is_told(tmp_path: Path, format: str) -> None:
    path = made_logs.written(tmp_path, format)
    path.write_bytes(path.read_bytes()[:-25])
    run = collect(find(path)[0])
    assert "torn_tail" in {event.kind for event in run.events}
    assert len(run.curves["train_loss"]) >= 38


@pytest.mark.parametrize("format", made_logs.FILES)
def test_a_packed_file_with_a_torn_tail_gives_what_decodes(tmp_path: Path, format: str) -> None:
    path = made_logs.written(tmp_path, format)
    path.write_bytes(gzip.compress(path.read_bytes())[:-30])
    try:
        (log,) = find(path)
        events = joined(log.chunks()).events
    except InputError:
        return
    assert "torn_tail" in {event.kind for event in events}


@pytest.mark.parametrize("format", ["csv", "jsonl", "tensorboard", "wandb"])
def test_a_follower_gives_what_a_reader_gives(tmp_path: Path, format: str) -> None:
    path = made_logs.written(tmp_path, format)
    data = path.read_bytes()
    path.write_bytes(data[:600])
    (log,) = find(path)
    chunks = log.follow()
    got: list[Chunk] = []
    for end in (*range(650, len(data), 333), len(data)):
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(data[:end])
        got += islice_until_idle(chunks)
    followed = dict_of(joined(got))
    assert followed == dict_of(joined(log.chunks()))


def islice_until_idle(chunks: object) -> list[Chunk]:
    got = []
    for chunk in islice(chunks, 10_000):  # type: ignore[call-overload]
        if not (chunk.n_rows or chunk.events or chunk.config):
            return got
        got.append(chunk)
    raise AssertionError("the follower never rests")


def dict_of(chunk: Chunk) -> dict[int, dict[str, str]]:
    merged: dict[int, dict[str, str]] = {}
    for step, values in rows_of(chunk):
        merged.setdefault(step, {}).update(values)
    return merged


@pytest.mark.parametrize("format", ["trainer_state", "json", "megatron_golden"])
def test_a_rewritten_document_yields_its_new_rows(tmp_path: Path, format: str) -> None:
    path = made_logs.written(tmp_path, format, made_logs.ROWS[:10])
    chunks = find(path)[0].follow()
    first = joined(islice_until_idle(chunks))
    assert first.n_rows == 10
    made_logs.written(tmp_path, format, made_logs.ROWS[:15])
    second = joined(islice_until_idle(chunks))
    assert second.steps.tolist() == [step for step, _ in made_logs.ROWS[10:15]]
    path.write_bytes(path.read_bytes()[:-9])
    assert islice_until_idle(chunks) == []


def test_an_mlflow_run_is_followed(tmp_path: Path) -> None:
    folder = made_logs.mlflow(tmp_path / "run", made_logs.ROWS[:3])
    chunks = find(folder)[0].follow()
    got = islice_until_idle(chunks)
    for name in made_logs.ROWS[0][1]:
        with (folder / "metrics" / name).open("a") as file:
            file.writelines(f"1700000000900 {row[name]!r} {step}\n" for step, row in made_logs.ROWS[3:])
    got += islice_until_idle(chunks)
    assert rows_of(joined(got)) == expected_rows("mlflow")


def test_new_event_files_of_a_followed_folder_are_taken_up(tmp_path: Path) -> None:
    made_logs.written(tmp_path, "tensorboard", made_logs.ROWS[:3])
    chunks = find(tmp_path)[0].follow()
    got = islice_until_idle(chunks)
    (tmp_path / "events.out.tfevents.1700000009.host.1.0").write_bytes(made_logs.events(made_logs.ROWS[3:5]))
    got += islice_until_idle(chunks)
    assert joined(got).steps.tolist() == [0, 10, 20, 30, 40]


HOSTILE = {
    "empty": b"",
    "blank": b"\n\n \n",
    "nul": bytes(5000),
    "noise": bytes(range(256)) * 40,
    "deep": b"[" * 100_000,
    "deep_rows": b'{"step": 1, "a": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001 + b"\n",
    "long_line": b'{"step": 1, "loss": "' + b"x" * 10_000_000 + b'"}\n',
    "long_number": b"step,loss\n1," + b"9" * 10_000_000 + b"\n2,1.5\n",
    "huge_int": b'{"step": 1' + b"0" * 5000 + b', "loss": 1' + b"0" * 5000 + b"}\n",
    "surrogates": b'{"step": 1, "lo\\ud800ss": 1.5, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n',
    "bad_utf8": b'{"step": 1, "l\xff": 1.5, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n',
    "bad_utf8_csv": b"step,loss,n\xff\n1,2.5,a\xfe\n2,2.25,b\n",
    "array_lines": b"[1]\n[2]\n",
    "wide": ("step," + ",".join(map(str, range(30_000))) + "\n").encode() + b"1" + b",2" * 30_000 + b"\n",
    "wide_names": b"step" + b"".join(b",c%d" % i for i in range(30_000)) + b"\n1" + b",2" * 30_000 + b"\n",
    "quotes": b'step,loss\n1,"2.5\n2,"3"x"\n3,2\n',
    "carriage": b"step,loss\r\n1,2.5\r\n2,2.25\r\n",
    "wandb_head": b":W&B\xe1\xbe\x00" + b"\xff" * 100_000,
    "events_head": made_logs.VERSION + b"\xff" * 1000,
    "events_huge": made_logs.VERSION + (1 << 40).to_bytes(8, "little") + bytes(100),
    "golden": b'{"lm loss": {"start_step": 1e999, "values": {"x": [1], "1e400": 2, "3": null}}}',
    "history": b'{"log_history": [1, null, {"step": "x", "loss": 1.5}, {"step": -1e300, "loss": {}}]}',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".log", ".wandb"])
def test_no_input_breaks_a_reader(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(HOSTILE[name])
    problem = problem_with(path)
    assert problem is None or ("\n" not in str(problem) and problem.advice)


def problem_with(path: Path) -> InputError | None:
    try:
        for log in find(path):
            collect(log)
    except InputError as error:
        return error
    return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    format=st.sampled_from(sorted(made_logs.FILES)),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6)), min_size=1, max_size=6),
)
def test_damaged_bytes_bring_no_number_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, format: str, edits: list[tuple[int, bytes]]
) -> None:
    name, encode = made_logs.FILES[format]
    data = bytearray(encode(made_logs.ROWS))
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(data)
    try:
        runs = [collect(log) for log in find(path)]
    except InputError:
        return
    if b"\x00" not in encode(made_logs.ROWS):
        curves = [curve.values for run in runs for curve in run.curves.values()]
        assert not invented(curves, data.decode(errors="replace"))


@pytest.mark.parametrize("replaces", [True, False])
def test_an_mlflow_metric_that_is_written_anew_begins_anew(tmp_path: Path, replaces: bool) -> None:
    run = tmp_path / "run"
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text("name: a\n")
    metric = run / "metrics" / "loss"
    metric.write_text("1700000000000 2.5 0\n1700000000001 2.25 1\n1700000000002 0.2")
    (log,) = find(run)
    chunks = log.follow()
    assert joined(islice(chunks, 5)).columns["loss"].values.tolist() == [2.5, 2.25]
    fresh = tmp_path / "fresh" if replaces else metric
    fresh.write_text("".join(f"17000000000{i:02} {9.5 - i} {i}\n" for i in range(4)))
    fresh.replace(metric)
    again = joined(islice(chunks, 5))
    assert again.columns["loss"].values.tolist() == [9.5, 8.5, 7.5, 6.5]
    assert [event.kind for event in again.events] == ["restart"]


def test_surrogates_and_bad_bytes_cost_no_value(tmp_path: Path) -> None:
    for name in ("surrogates", "bad_utf8"):
        path = tmp_path / f"{name}.jsonl"
        path.write_bytes(HOSTILE[name])
        run = collect(find(path)[0])
        assert run.curves["loss"].values.tolist() == [2.5, 2.25]
        assert all(curve.encode() for curve in run.curves)


def test_a_huge_number_is_infinite_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 1' + b"0" * 400 + b'}\n{"step": 2, "loss": 2}\n')
    run = collect(find(path)[0])
    assert math.isinf(run.curves["loss"].values[0]) or run.events
