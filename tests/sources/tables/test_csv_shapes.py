"""CSV as people write it: comments, titles, extra cells, decimal commas, fractional and huge steps, torn ends."""

from pathlib import Path

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

Told = list[tuple[str, str | None, int, bool]]


def run_of(tmp_path: Path, text: str) -> Run:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    (log,) = find(path)
    assert log.format == "csv"
    return collect(log)


def points(run: Run, name: str = "loss") -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def told(run: Run) -> Told:
    return [(event.kind, event.where, event.count, event.warning) for event in run.events]


TWO = [(1, 2.5), (2, 2.4)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("# of run 3\nstep,loss\n1,2.5\n# half\n2,2.4\n", [("bad_line", "a.csv:1", 2, False)]),
        ("# step,loss\n1,2.5\n2,2.4\n", [("bad_line", "a.csv:1", 1, False)]),
        ("step,loss\n1,2.5,\n2,2.4,\n", [("bad_line", "a.csv:2", 2, False)]),
        ("step,loss\n1,2.5,7\n2,2.4,8\n", [("bad_line", "a.csv:2", 2, True)]),
        ("My run, 3\nstep,loss\n1,2.5\n2,2.4\n", [("bad_line", "a.csv:1", 1, True)]),
        (
            "My run\nof today\nstep,loss\n1,2.5\n2,2.4\n",
            [("bad_line", "a.csv:1", 1, True), ("bad_line", "a.csv:2", 1, True)],
        ),
        ("epoch;loss\n1,0;2,5\n2,0;2,4\n", []),
        ("step,loss\r1,2.5\r2,2.4\r", []),
        ("step,loss\r1,2.5\r2,2.4", [("torn_tail", "a.csv:3", 1, False)]),
        ("step,loss\r\r\n1,2.5\r\r\n2,2.4\r\r\n", []),
    ],
)
def test_every_shape_is_read_and_told(tmp_path: Path, text: str, events: Told) -> None:
    run = run_of(tmp_path, text)
    assert points(run) == TWO
    assert told(run) == events


def test_bare_numbers_with_decimal_commas(tmp_path: Path) -> None:
    assert points(run_of(tmp_path, "1,0;2,5\n2,0;2,4\n")) == TWO


@pytest.mark.parametrize(
    ("name", "xs"), [("epoch", [0.0, 0.5, 1.0]), ("epoch", [1.0, 1.5, 2.0]), ("step", [1.0, 4.5, 8.0])]
)
def test_fractions_are_no_steps(tmp_path: Path, name: str, xs: list[float]) -> None:
    run = run_of(tmp_path, f"{name},loss\n" + "".join(f"{x},2\n" for x in xs))
    assert points(run) == [(0, 2.0), (1, 2.0), (2, 2.0)]
    assert points(run, name) == list(enumerate(xs))
    assert told(run) == [("missing_step", "a.csv:1", 1, True)]
    assert f"`{name}` holds fractions" in run.events[0].message


def test_one_fraction_among_many_steps_is_a_slip(tmp_path: Path) -> None:
    run = run_of(tmp_path, "step,loss\n" + "".join(f"{i},2\n" for i in range(20)) + "20.5,2\n21,2\n")
    assert [step for step, _ in points(run)] == list(range(22))
    assert told(run) == [("bad_step", "a.csv:22", 1, True)]


def test_a_follower_counts_on_from_the_first_fraction(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("epoch,loss\n4,2.5\n")
    chunks = find(path)[0].follow()
    assert next(chunks).steps.tolist() == [4]
    with path.open("a") as file:
        file.write("4.5,2.4\n5.0,2.3\n")
    chunk = next(chunks)
    while not chunk.n_rows:
        chunk = next(chunks)
    assert chunk.steps.tolist() == [5, 6]
    assert chunk.columns["epoch"].values.tolist() == [4.5, 5.0]
    assert [event.kind for event in chunk.events] == ["missing_step"]


@pytest.mark.parametrize(
    ("end", "steps", "warning"),
    [
        ("3,2.3", [1, 2], True),
        ("3,2.30", [1, 2, 3], False),
        ("3,2.41", [1, 2, 3], False),
        ("3,", [1, 2], False),
        ("3", [1, 2], True),
        ("3,1e-0", [1, 2], True),
    ],
)
def test_a_number_that_may_be_cut_is_left_out(
    tmp_path: Path, end: str, steps: list[int], warning: bool
) -> None:
    run = run_of(tmp_path, "step,loss\n1,2.53\n2,2.41\n" + end)
    assert [step for step, _ in points(run)] == steps
    assert told(run) == [("torn_tail", "a.csv:4", 1, warning)]


def test_huge_steps_are_exact_and_impossible_ones_told(tmp_path: Path) -> None:
    big = 2**53 + 1
    run = run_of(tmp_path, f"step,loss\n{big},2\n{big + 2},2\n1e30,2\ninf,2\nabc,2\n")
    assert [step for step, _ in points(run)] == [big, big + 2, big + 2, big + 2, big + 2]
    assert told(run) == [("bad_step", "a.csv:4", 3, True)]
    assert "1e30" in run.events[0].message


def test_scalars_of_array_libraries_and_spellings_of_no_value(tmp_path: Path) -> None:
    cells = ["tensor(2.5)", "np.float32(2.4)", "N/A", "-", "--", "null", "None"]
    run = run_of(tmp_path, "step,loss\n" + "".join(f"{i + 1},{cell}\n" for i, cell in enumerate(cells)))
    assert points(run) == TWO
    assert told(run) == [("bad_value", "a.csv:4", 5, False)]
    quoted = run_of(
        tmp_path, "step,loss\n1,\"tensor(2.5, device='cuda:0', grad_fn=<MeanBackward0>)\"\n2,2.4\n"
    )
    assert points(quoted) == TWO
