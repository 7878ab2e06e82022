"""Boosted trees on the console, beyond the samples: folds, prefixes, cuts, and what only looks alike."""

import random
from pathlib import Path

import pytest
from tests.sources.text.test_lines import decoded, points

from descentry.record.chunk import Chunk
from descentry.sources.text.recognising import is_log

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "boosting").glob("*.txt"))


def series(chunk: Chunk) -> dict[str, list[tuple[int, float]]]:
    return {name: points(chunk, name) for name in chunk.columns}


def test_no_sample_is_forgotten() -> None:
    assert len(SAMPLES) == 4


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_cut_anywhere_gives_a_prefix(path: Path) -> None:
    data = path.read_bytes()
    whole = series(decoded(data))
    for cut in sorted(random.Random(0).sample(range(len(data)), 200)):
        for name, found in series(decoded(data[:cut])).items():
            assert found == whole[name][: len(found)], cut


@pytest.mark.parametrize("prefix", ["", "[12:00:00] ", "2026-01-01 12:00:00 INFO train.py:42 ", "[rank0]: "])
def test_a_prefix_is_no_hindrance(prefix: str) -> None:
    text = "".join(f"{prefix}[{i}]\ttrain-auc:0.5\ttrain-logloss:{i}.5\teval-error:0.25\n" for i in range(5))
    assert is_log(text.encode())
    assert series(decoded(text)) == {
        "train-auc": [(i, 0.5) for i in range(5)],
        "train-logloss loss": [(i, i + 0.5) for i in range(5)],
        "eval-error": [(i, 0.25) for i in range(5)],
    }


def test_lightgbms_program_prints_a_line_a_set() -> None:
    text = "".join(
        f"[LightGBM] [Info] Iteration:{i}, training binary_logloss : {i}.5\n"
        f"[LightGBM] [Info] Iteration:{i}, valid_1 binary_logloss : {i}.25\n"
        f"[LightGBM] [Info] 0.013 seconds elapsed, finished iteration {i}\n"
        for i in range(1, 5)
    )
    assert series(decoded(text)) == {
        "training binary_logloss loss": [(i, i + 0.5) for i in range(1, 5)],
        "valid_1 binary_logloss loss": [(i, i + 0.25) for i in range(1, 5)],
    }


@pytest.mark.parametrize(
    "line", ["[3] train-rmse is 0.5", "[3]\tnote: 0.5 and more", "3:\tlearned: 0.5", "[3]\tsaved: a-b:0.5 c"]
)
def test_what_only_looks_alike_is_none(line: str) -> None:
    assert not decoded(f"{line}\n").columns


@pytest.mark.parametrize(
    "bait", ["[1]\t" + "a-" * 1900 + "b:1", "[1]\t" + "train-a:1\t" * 390, "1:\t" + "learn: 1 " * 400]
)
def test_pairs_made_to_hurt_say_little(bait: str) -> None:
    assert len(decoded(f"{bait}\n" * 50).columns) <= 64
