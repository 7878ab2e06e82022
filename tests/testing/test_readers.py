"""The laws of readers, on the built-in ones, and on readers that break them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.sources.made_logs import events

from descentry.record.chunk import Chunk, table
from descentry.sources.registry import loaded
from descentry.testing.curves import TRAIN, healthy, nan
from descentry.testing.readers import check_reader, read_points
from descentry.testing.verdicts import LawBroken

VALUES = nan(healthy(40, seed=1), at=30, n_points=2).columns[TRAIN].values.tolist()
ROWS = [(step, {"train/loss": value, "lr": 0.1}) for step, value in enumerate(VALUES, 1)]
JSONL = "".join(json.dumps({"step": step, **row}) + "\n" for step, row in ROWS).encode()
CSV = ("step,train/loss,lr\n" + "".join(f"{s},{r['train/loss']},{r['lr']}\n" for s, r in ROWS)).encode()
TEXT = "".join(f"step {step} train loss {row['train/loss']:.4f} lr 0.1\n" for step, row in ROWS).encode()
STATE = json.dumps(
    {"global_step": 40, "log_history": [{"step": s, "loss": r["train/loss"]} for s, r in ROWS]}
).encode()


@pytest.mark.parametrize(
    ("reader", "sample", "name", "n_cuts"),
    [
        ("json.lines", JSONL, "log.jsonl", 150),
        ("tables.csv", CSV, "log.csv", 150),
        ("text.reader", TEXT, "log.txt", 150),
        ("tensorboard.reader", events(ROWS), "events.out.tfevents.1.host", 150),
        ("json.trainer_state", STATE, "trainer_state.json", 80),
    ],
)
def test_built_in_readers_keep_the_laws(reader: str, sample: bytes, name: str, n_cuts: int) -> None:
    check_reader(loaded(f"descentry.sources.{reader}"), sample, name, n_splits=3, n_cuts=n_cuts)


def test_points_are_those_that_were_logged(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(JSONL)
    points = read_points(tmp_path / "log.jsonl")
    assert [step for step, _value in points["train/loss"]] == list(range(1, 41))
    np.testing.assert_array_equal([value for _step, value in points["train/loss"]], VALUES)


def test_several_logs_are_no_answer(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(JSONL)
    with pytest.raises(LawBroken, match="holds 2 logs"):
        read_points(tmp_path)


@dataclass
class Mine:
    """A reader of one value per line, with a fault of choice."""

    fault: str
    format: str = "mine"

    def matches(self, path: Path, head: bytes) -> bool:
        del path, head
        return True

    def read(self, path: Path) -> Iterator[Chunk]:
        lines = path.read_bytes().split(b"\n")
        lines = lines if self.fault == "torn" else lines[:-1]
        values = np.array([float(line or 0) for line in lines])
        if self.fault == "length":
            values = values + len(values)
        yield table(np.arange(len(values)), {"loss": values})

    def follow(self, path: Path) -> Iterator[Chunk]:
        n_known = 0
        while True:
            (chunk,) = self.read(path)
            yield chunk.take(0 if self.fault == "again" else n_known, chunk.n_rows)
            n_known = chunk.n_rows
            yield chunk.take(n_known, n_known)
            yield chunk.take(n_known, n_known)
            yield chunk.take(n_known, n_known)


LINES = b"".join(b"%d.5\n" % i for i in range(12))


def test_a_sound_reader_passes() -> None:
    check_reader(Mine("none"), LINES, "log.mine")


@pytest.mark.parametrize(("fault", "told"), [("length", "cut to"), ("again", "in pieces")])
def test_faults_are_caught(fault: str, told: str) -> None:
    with pytest.raises(LawBroken, match=told):
        check_reader(Mine(fault), LINES, "log.mine", n_splits=3 if fault == "again" else 0)
