"""trackio's projects: every call, the texts that stand for numbers, several runs, calls that are odd."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources import made_databases as made
from tests.sources.mlflow.test_mlflow_sql import rested
from tests.sources.test_samples import SAMPLES as SHARED
from tests.sources.test_samples import points_of, same, truth

from descentry.formats.sqlite_file import Database
from descentry.record.errors import InputError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.trackers import trackio_db

SAMPLE = Path(__file__).parents[2] / "samples" / "trackio" / "project.db"


def calls(n: int, start: int = 0, run: str = "a") -> list[tuple[str, int, object]]:
    return [(run, step, {"loss": 4.0 / (step + 1), "lr": 1e-3 * step}) for step in range(start, start + n)]


def one(path: Path) -> Run:
    (log,) = find(path)
    assert log.format == "trackio"
    return collect(log)


@pytest.mark.skipif(not SHARED.exists(), reason="the samples are not here")
def test_the_project_of_the_samples_is_read_value_by_value() -> None:
    runs = {
        log.run.rpartition("/")[2]: collect(log) for log in find(SHARED / "trackio" / "descentry-samples.db")
    }
    assert set(runs) == {"run_a", "run_b"}
    for name, run in runs.items():
        found = points_of(run)
        for metric, expected in truth(SHARED / "trackio" / "truth.csv", name).items():
            assert same(found[metric], expected), (name, metric)


def test_settings_of_the_run_are_its_config_and_not_those_of_trackio() -> None:
    assert one(SAMPLE).config == {"batch_size": 32}


def test_a_project_before_ids_is_read(tmp_path: Path) -> None:
    tables = made.TRACKIO.replace("run_id TEXT NOT NULL,", "", 1)
    path = made.trackio(tmp_path / "a.db", [], tables)
    made.change(path, """INSERT INTO metrics VALUES (1, '2026-01-01', 'a', 3, '{"loss": "NaN"}')""")
    run = one(path)
    assert run.curves["loss"].steps.tolist() == [3]
    assert math.isnan(run.curves["loss"].values[0])


@pytest.mark.parametrize("n", [1, 511, 512, 513, 1200])
def test_pages_lose_and_double_nothing(tmp_path: Path, n: int) -> None:
    mixed = [call for pair in zip(calls(n), calls(n, run="b"), strict=True) for call in pair]
    logs = find(made.trackio(tmp_path / "a.db", mixed))
    assert [log.run for log in logs] == ["a/a", "a/b"]
    for log in logs:
        run = collect(log)
        assert run.curves["loss"].steps.tolist() == list(range(n))
        assert run.curves["loss"].values.tolist() == [4.0 / (i + 1) for i in range(n)]


def test_odd_calls_are_told_and_cost_no_other(tmp_path: Path) -> None:
    odd: list[tuple[str, int, object]] = [
        ("a", 2, "{broken"),
        ("a", 2, "[1, 2]"),
        ("a", 2, {"loss": "oops"}),
        ("a", 2, '{"loss": NaN}'),
        ("a", 2, {"picture": {"_type": "trackio.image", "file_path": "x.png", "width": 3}}),
        ("a", 2, {"text": "x" * 300_000}),
        ("a", 2, {"nested": {"loss": 0.25}, "Infinity": "Infinity"}),
    ]
    path = made.trackio(tmp_path / "a.db", [*calls(2), *odd, *calls(2, 3)])
    run = one(path)
    assert run.curves["lr"].steps.tolist() == [0, 1, 3, 4]
    values = run.curves["loss"].values.tolist()
    assert values[:2] + values[4:] == [4.0, 2.0, 1.0, 0.8]
    assert all(map(math.isnan, values[2:4]))
    assert run.curves["nested/loss"].values.tolist() == [0.25]
    assert run.curves["Infinity"].values.tolist() == [math.inf]
    assert not any(name.startswith("picture") for name in run.curves)
    assert sum(event.count for event in run.events if event.kind == "bad_line") == 3
    assert [event.count for event in run.events if event.kind == "bad_value"] == [1]


def test_a_run_is_followed(tmp_path: Path) -> None:
    path = made.trackio(tmp_path / "a.db", calls(3))
    chunks = find(path)[0].follow()
    got = rested(chunks)
    for step in range(3, 8):
        made.change(
            path, f"""INSERT INTO metrics VALUES (NULL, 'id-a', '', 'a', {step}, '{{"loss": {step}}}')"""
        )
        got += rested(chunks)
    assert rested(chunks) == []
    assert joined(got).steps.tolist() == list(range(8))


def test_a_visit_costs_what_is_new_and_not_what_the_table_holds(tmp_path: Path) -> None:
    small, large = (cost_of_a_visit(tmp_path / f"{n}.db", n) for n in (30, 3000))
    assert 0 < large < small + 100


def test_calls_of_other_runs_are_looked_at_once(tmp_path: Path) -> None:
    path = made.trackio(tmp_path / "a.db", [*calls(30), *calls(3000, run="b")])
    part = trackio_db.Calls(path, b"id-a")
    asked: list[int] = []
    with Database(path) as database:
        list(part.fresh(database))
        assert database._connection is not None
        database._connection.set_progress_handler(lambda: asked.append(1), 1)
        list(part.fresh(database))
    assert 0 < len(asked) < 1000


def cost_of_a_visit(path: Path, n: int) -> int:
    """Steps of SQLite's machine that one new call takes, after `n` of this run and of another."""
    made.trackio(path, [*calls(n, run="b"), *calls(n)])
    made.change(path, "CREATE INDEX i ON metrics (run_id, step)")
    part = trackio_db.Calls(path, b"id-a")
    with Database(path) as database:
        assert sum(chunk.n_rows for chunk in part.fresh(database)) == n
    made.change(path, f"""INSERT INTO metrics VALUES (NULL, 'id-a', '', 'a', {n}, '{{"loss": 1}}')""")
    asked: list[int] = []
    with Database(path) as database:
        assert database._connection is not None
        database._connection.set_progress_handler(lambda: asked.append(1), 1)
        assert sum(chunk.n_rows for chunk in part.fresh(database)) == 1
    return len(asked)


@pytest.mark.parametrize("others", [0, 20_000])
def test_a_run_of_few_calls_among_many_is_read_whole(tmp_path: Path, others: int) -> None:
    path = made.trackio(tmp_path / "a.db", calls(1200))
    for _ in range(others // 1200):
        made.change(
            path,
            "INSERT INTO metrics SELECT NULL, 'id-b', '', 'b', step, '{\"x\": 1}' FROM metrics WHERE run_id = 'id-a'",
        )
    run = {name: list(one_run.read(path)) for name, one_run in trackio_db.runs(path)}["a"]
    assert joined(run).steps.tolist() == list(range(1200))


REWRITES = {
    "replaced by another": lambda path: made.trackio(path.with_name("b.db"), calls(9, 50)).replace(path),
    "the last call deleted": lambda path: made.change(path, "DELETE FROM metrics WHERE step = 8"),
    "changed in place": lambda path: made.change(path, "UPDATE metrics SET metrics = '{\"loss\": 7}'"),
    "the run deleted": lambda path: made.change(path, "DELETE FROM metrics"),
}


def test_a_call_of_a_thousand_lists_is_left_out_and_costs_no_other(tmp_path: Path) -> None:
    lists: list[tuple[str, int, object]] = [("a", 2, '{"k": [' + "[]," * 50_000 + "1]}")]
    run = one(made.trackio(tmp_path / "a.db", [*calls(2), *lists * 3, *calls(2, 3)]))
    assert run.curves["lr"].steps.tolist() == [0, 1, 3, 4]
    assert sum(event.count for event in run.events if event.kind == "bad_line") == 3


@pytest.mark.parametrize("most", [1, 100, 1 << 20])
def test_calls_are_parsed_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(trackio_db, "MAX_BATCH", most)
    run = one(made.trackio(tmp_path / "a.db", calls(600)))
    assert run.curves["lr"].steps.tolist() == list(range(600))


@pytest.mark.parametrize("name", REWRITES)
def test_a_project_that_is_rewritten_is_told_and_read_again(tmp_path: Path, name: str) -> None:
    path = made.trackio(tmp_path / "a.db", calls(9))
    chunks = find(path)[0].follow()
    rested(chunks)
    REWRITES[name](path)
    again = joined(rested(chunks))
    assert [event.kind for event in again.events] == ["restart"]
    left = joined(trackio_db.TrackioRun(b"id-a").read(path))
    assert again.steps.tolist() == left.steps.tolist()
    assert rested(chunks) == []


def test_a_project_that_is_copied_anew_goes_on(tmp_path: Path) -> None:
    path = made.trackio(tmp_path / "a.db", calls(9))
    chunks = find(path)[0].follow()
    rested(chunks)
    made.trackio(tmp_path / "b.db", calls(12)).replace(path)
    made.change(path, "VACUUM")
    more = joined(rested(chunks))
    assert more.steps.tolist() == [9, 10, 11]
    assert more.events == ()


@pytest.mark.parametrize("cut", range(0, 20_000, 700))
def test_a_cut_file_gives_a_prefix_or_a_refusal(tmp_path: Path, cut: int) -> None:
    path = made.trackio(tmp_path / "a.db", calls(150))
    data = path.read_bytes()
    path.write_bytes(data[: min(cut, len(data) - 1)])
    values, problem = read_or_problem(path)
    assert problem is None or ("\n" not in str(problem) and problem.advice)
    assert values == [4.0 / (i + 1) for i in range(len(values))]


def read_or_problem(path: Path) -> tuple[list[float], InputError | None]:
    try:
        (log,) = find(path)
        run = collect(log)
    except InputError as error:
        return [], error
    told = any(event.kind == "torn_tail" for event in run.events)
    values = run.curves["loss"].values.tolist() if "loss" in run.curves else []
    assert told or len(values) == 150
    return values, None


@settings(max_examples=30, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 30_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=9
    )
)
def test_mutated_projects_never_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes]]
) -> None:
    path = made.trackio(tmp_path_factory.mktemp("mutated") / "a.db", calls(150))
    data = bytearray(path.read_bytes())
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    path.write_bytes(data)
    try:
        problems = [run.events for log in find(path) for run in [collect(log)]]
    except InputError as error:
        problems = [str(error)]
    assert not any("\n" in problem for problem in problems if isinstance(problem, str))


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    path = made.trackio(tmp_path / "a.db", [])
    made.change(path, "ALTER TABLE metrics RENAME COLUMN step TO stop")
    with pytest.raises(InputError, match="no column step"):
        trackio_db.runs(path)
