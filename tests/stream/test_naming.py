"""Roles: a better name in the head takes over and all is read again; later only what is free is given."""

import numpy as np

from descentry.record.chunk import Chunk, Column
from descentry.record.roles import Role
from descentry.stream.drive import N_HEAD_ROWS, run
from descentry.stream.naming import Naming
from descentry.testing import curves
from descentry.testing.transforms import pieces


def renamed(name: str, late: str, late_row: int, n_rows: int = 600) -> Chunk:
    """A healthy loss called `name`, and the same under the name `late` from a row on."""
    values = curves.healthy(n_rows, seed=1).columns[curves.TRAIN].values
    rows = np.arange(n_rows, dtype=np.int64)
    return Chunk(rows + 1, {name: Column(rows, values), late: Column(rows[late_row:], values[late_row:])})


def test_a_better_name_in_the_head_takes_over() -> None:
    log = renamed("train/aux_loss", "train/loss", late_row=100)
    outcome = run(pieces(log, range(10, 600, 10)))
    assert outcome.names[Role.TRAIN_LOSS] == "train/loss"
    assert outcome.roles["train/aux_loss"] is Role.OTHER_LOSS


def test_a_late_name_gets_a_role_only_if_it_is_free() -> None:
    outcome = run([renamed("train/aux_loss", "train/loss", late_row=N_HEAD_ROWS + 10)])
    assert outcome.names[Role.TRAIN_LOSS] == "train/aux_loss"
    assert outcome.roles["train/loss"] is None


def test_a_late_name_with_a_free_role_gets_it() -> None:
    outcome = run([renamed("train/loss", "val/loss", late_row=N_HEAD_ROWS + 10)])
    assert outcome.names[Role.VAL_LOSS] == "val/loss"
    assert outcome.shapes["val/loss"].n_points == 600 - N_HEAD_ROWS - 10


def test_a_replay_counts_every_point_once() -> None:
    outcome = run(pieces(renamed("train/aux_loss", "train/loss", late_row=100), range(1, 600)))
    assert [one.n_points for one in outcome.curves] == [600, 500]


def test_overrides_win() -> None:
    outcome = run([renamed("mystery", "train/loss", late_row=0)], {"mystery": Role.TRAIN_LOSS})
    assert outcome.names[Role.TRAIN_LOSS] == "mystery"


def test_settling_tells_whether_a_known_role_moved() -> None:
    naming = Naming()
    assert naming.settle(["train/aux_loss"]) is False
    assert naming.settle(["lr"]) is False
    assert naming.settle(["train/loss"]) is True


def test_a_derived_role_is_held() -> None:
    naming = Naming()
    naming.settle(["lr"])
    naming.join("loss", frozenset({Role.TRAIN_LOSS}))
    assert naming.roles["loss"] is None
