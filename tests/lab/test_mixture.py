"""The mixture experiment in small: same data for the same seed, a fair finish line, the table and its place."""

import json
import math
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from click.testing import CliRunner
from lab.mixture.domains import N_LETTERS, SETS, domains, loop, noise, sums
from lab.mixture.reach import compare, first_at
from lab.mixture.reached import Reached
from lab.mixture.table import BEGIN, END, interval, lines, put
from lab.mixture.train import Held, Plan, train
from lab.mixture.verb import mixture

TINY = Plan(n_steps=30, batch=5, eval_every=5, n_eval=2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the verb runs: threads wait for each other longer than such small products take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(n: int = 5) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    random = torch.Generator().manual_seed(0)
    texts = [torch.randint(2 + k, (400,), generator=random) for k in range(n)]
    return {f"d{k}": (text, text[:100]) for k, text in enumerate(texts)}


def test_made_texts_are_of_the_seed_alone_and_long_enough() -> None:
    assert noise(1) == noise(1) != noise(2)
    assert sums(3)[:6].count("=") == 1
    assert len(loop()) == N_LETTERS
    assert all(len(names) == 5 for names in SETS.values())


@pytest.mark.slow
def test_real_texts_are_the_same_each_time_and_in_the_alphabet() -> None:
    first, second = domains("texts"), domains("texts")
    for name, (text, held) in first.items():
        assert torch.equal(text, second[name][0])
        assert len(held) > 5_000
        assert 0 <= int(text.min()) <= int(text.max()) < 98


def test_a_training_is_of_its_seed_alone() -> None:
    first, second, other = (list(train(small(), TINY, seed, None, 10)) for seed in (0, 0, 1))
    assert first == second != other
    assert [held.step for held in first] == [5, 10]


def test_all_methods_are_compared_with_the_same_even_run() -> None:
    found = list(compare("small", small(), TINY, 0))
    assert [one.method for one in found] == ["ADO, short", "ADO, paper", "ODM"]
    assert len({one.target for one in found}) == 1
    assert all(sum(one.weights.values()) == pytest.approx(1.0) for one in found)


def test_the_finish_line_is_a_mean_of_neighbours() -> None:
    course = [
        Held(step, {}, value) for step, value in zip(count(10, 10), (5.0, 1.0, 4.0, 2.0, 1.0), strict=False)
    ]
    assert first_at(course, 2, 2.0) == 50
    assert first_at(course, 1, 2.0) == 20
    assert first_at(course, 2, 1.0) == math.inf


def reached(method: str, seed: int, ratio: float | None) -> Reached:
    return Reached("uneven", method, seed, 30, ratio, 1.5, {"a": 0.25, "b": 0.75})


def test_the_table_tells_what_was_not_reached() -> None:
    rows = [reached("ADO", 1, 0.8), reached("ADO", 2, 0.9), reached("ODM", 1, 1.0), reached("ODM", 2, None)]
    table = list(lines(rows))
    assert table[2].startswith("| uneven | ADO | 0.80 | 0.90 | 0.85 (")
    assert table[2].endswith("| yes |")
    assert "| > 1.25 | ≥ 1.12 (" in table[3]
    assert table[3].endswith("| no |")
    assert table[-1] == "- uneven, ODM: a 25 %, b 75 %"


def test_the_interval_is_students() -> None:
    assert interval([0.8, 0.9, 1.0]) == pytest.approx((0.9, 0.9 - 0.2484, 0.9 + 0.2484), abs=1e-4)
    assert math.isnan(interval([0.8])[1])


def test_the_verb_goes_on_with_what_is_kept_and_puts_the_table_into_the_page(tmp_path: Path) -> None:
    page, kept = tmp_path / "page.md", tmp_path / "mixture.json"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    rows = [reached("ADO", seed, 0.8) for seed in (1, 2)]
    kept.write_text(json.dumps([{name: getattr(row, name) for name in Reached.__slots__} for row in rows]))
    options = ["--only", "uneven", "--seeds", "2", "--steps", "30", "--kept", str(kept), "--to", str(page)]
    result = CliRunner().invoke(mixture, options)
    assert result.exit_code == 0, result.output
    assert "| uneven | ADO | 0.80 | 0.80 |" in page.read_text()
    assert "old" not in page.read_text()
    put(page, ["new"])
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
