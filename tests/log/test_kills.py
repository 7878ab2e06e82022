"""A killed writer loses nothing that was acknowledged; a torn tail is repaired and nothing else is touched."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.log.kills import check, toll
from tests.log.written import kinds, rows, telling

import descentry


def test_kills_lose_nothing(tmp_path: Path) -> None:
    result = toll(tmp_path / "a", 12, seed=1)
    assert result.n_kills == 12
    assert result.n_acknowledged > 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_lose_nothing(tmp_path: Path, seed: int) -> None:
    assert toll(tmp_path / "a", 50, seed=100 + seed).n_acknowledged > 1000


@pytest.mark.parametrize("edit", ["lost", "doubled", "swapped", "changed"])
def test_the_check_would_see_it(tmp_path: Path, edit: str) -> None:
    with descentry.Log(tmp_path / "a") as log:
        for step in range(6):
            log.write(step, session=0, x0=float(step))
    assert check(tmp_path / "a", [6]).n_read == 6
    lines = log.path.read_bytes().splitlines(keepends=True)
    if edit == "lost":
        del lines[3]
    elif edit == "doubled":
        lines.insert(3, lines[3])
    elif edit == "swapped":
        lines[3], lines[4] = lines[4], lines[3]
    else:
        lines[3] = lines[3].replace(b'"x0":2.0', b'"x0":2.5')
    log.path.write_bytes(b"".join(lines))
    with pytest.raises(AssertionError):
        check(tmp_path / "a", [6])


def written(folder: Path, n: int = 4) -> bytes:
    with descentry.Log(folder) as log:
        for step in range(n):
            log.write(step, {"loss": 1 / (step + 3), "näme": float("nan") if step == 1 else 2.0})
    return log.path.read_bytes()


def test_a_log_cut_at_any_byte_is_resumed(tmp_path: Path) -> None:
    whole = written(tmp_path / "a")
    path = tmp_path / "a" / "metrics.jsonl"
    expected = repr(rows(tmp_path))
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        is_whole = cut == 0 or whole[cut - 1 : cut] == b"\n"
        word = "lacked its end" if whole[cut : cut + 1] == b"\n" else "torn tail"
        with telling(*([] if is_whole else [word])), descentry.Log(tmp_path / "a") as log:
            log.write(99, loss=9.0)
        found = rows(tmp_path)
        n = whole[:cut].count(b"\n") - 1 + (whole[cut : cut + 1] == b"\n" and whole[:cut].count(b"\n") > 0)
        assert found[-1] == (99, {"loss": 9.0})
        assert len(found) - 1 == max(0, n), cut
        assert expected.startswith(repr(found[:-1])[:-1]), cut
        assert path.read_bytes().startswith(whole[: whole[:cut].rfind(b"\n") + 1])
        assert set(kinds(tmp_path)) <= {"repair", "resume"}


@pytest.mark.parametrize("n_nul", [1, 100, 4096, 3_000_000])
def test_zeros_of_a_power_failure_are_cut_off(tmp_path: Path, n_nul: int) -> None:
    whole = written(tmp_path / "a")
    path = tmp_path / "a" / "metrics.jsonl"
    for kept in (len(whole), len(whole) - 1, len(whole) - 9, 10, 0):
        path.write_bytes(whole[:kept] + bytes(n_nul))
        word = "lacked its end" if kept == len(whole) - 1 else "torn tail"
        with telling(word), descentry.Log(tmp_path / "a") as log:
            log.write(99, loss=9.0)
        found = rows(tmp_path)
        assert len(found) == (0 if kept <= 10 else 4 if kept < len(whole) - 1 else 5) + (kept <= 10)
        assert b"\0" not in path.read_bytes()


@given(seed=st.integers(0, 10**6))
def test_a_hole_in_the_middle_costs_its_rows_alone(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("hole")
    whole = bytearray(written(folder, 30))
    rng = random.Random(seed)
    start = rng.randrange(100, len(whole) - 100)
    size = rng.randrange(1, 100)
    whole[start : start + size] = bytes(size)
    (folder / "metrics.jsonl").write_bytes(whole)
    lines = bytes(whole).split(b"\n")[1:-1]
    intact = [i for i, line in enumerate(lines) if b"\0" not in line]
    found = [step for step, _ in rows(folder)]
    assert len(found) >= len(intact)
    assert "bad_line" in kinds(folder)
    with telling(), descentry.Log(folder) as log:
        log.write(99, loss=1.0)
    assert [step for step, _ in rows(folder)] == [*found, 99]
    assert (folder / "metrics.jsonl").read_bytes().startswith(bytes(whole))
