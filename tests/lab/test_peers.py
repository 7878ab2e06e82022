"""The peers' page: what they are handed, how their answers count, and what the table says."""

import csv
import json
from pathlib import Path

import numpy as np
from lab.case import Case, Made, Truth
from lab.score.answer import Answer, Said
from lab.score.judge import judge
from lab.score.peers import ask, corpus, known, write_csv
from lab.score.peers_table import ours, page
from lab.store import Stored, stored, write

from descentry.record.roles import Role
from descentry.record.run import Curve, Run

RUN = """import json, sys
folder, labels, _, out, _, least = sys.argv[1:]
names = sorted(json.load(open(labels)))
says = {"a-x-none-0.csv": ["spike"], "b-x-none-0.csv": ["plateau"] if least == "info" else ["good"]}
answers = {name: says[name] for name in names}
json.dump({"fake": {"answers": answers, "errors": [], "median_cpu_ms": 3.2}}, open(out, "w"))
"""


def adapters(folder: Path) -> Path:
    folder.mkdir()
    (folder / "run.py").write_text(RUN)
    (folder / "peer_fake.py").write_text('MAP = {"jump": "spike", "stuck": "plateau"}')
    return folder


def two_runs(folder: Path) -> list[Stored]:
    for family, truth in (("a", Truth(frozenset({"spike", "nan"}))), ("b", Truth())):
        made = Made({"train_loss": (np.arange(3), np.array([3.0, np.nan, 2.0]))}, truth)
        write(
            folder,
            Case(family, "x", "healthy" if family == "b" else "fault", "none", 0, lambda m=made: m),
            made,
        )
    return stored(folder)


def test_a_run_is_handed_over_as_it_was_logged(tmp_path: Path) -> None:
    train = Curve("loss", Role.TRAIN_LOSS, np.array([1, 2, 3, 2, 3]), np.array([3.0, np.nan, 2.0, 2.5, 2.4]))
    val = Curve("val", Role.VAL_LOSS, np.array([2]), np.array([3.5]))
    write_csv(tmp_path / "x.csv", Run("x", "made", "", {"loss": train, "val": val}))
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["step", "train_loss", "val_loss"]
    assert rows[1:4] == [["1", "3.0", ""], ["2", "nan", "3.5"], ["3", "2.0", ""]]
    assert rows[4:] == [["2", "2.5", ""], ["3", "2.4", ""]]


def test_a_peer_knows_what_its_adapter_spells(tmp_path: Path) -> None:
    folder = adapters(tmp_path / "peers")
    patterns = frozenset({"spike", "plateau", "nan"})
    assert known(folder, "fake", patterns) == {"spike", "plateau"}
    assert known(folder, "fake_variant", patterns) == {"spike", "plateau"}
    assert known(folder, "other", patterns) == frozenset()


def test_peers_are_judged_as_we_are(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    (peer,) = ask(runs, adapters(tmp_path / "peers"), frozenset({"spike", "nan", "plateau"}))
    assert [(one.hits, one.misses, one.falses) for one in peer.judged] == [
        ({"spike"}, {"nan"}, set()),
        (set(), set(), {"plateau"}),
    ]
    assert not peer.loud[1].falses
    assert peer.knows == {"spike", "plateau"}


def test_the_page_holds_a_line_for_each(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    peers = ask(runs, adapters(tmp_path / "peers"), frozenset({"spike", "nan", "plateau"}))
    perfect = [
        judge(
            run, Answer(tuple(Said(name, 0, 0, (), 1.0, True, True) for name in run.truth.must), (), 0, 1, 0)
        )
        for run in runs
    ]
    text = "\n".join(page({"Two runs": [*peers, ours(perfect, [0.1, 0.2])]}, "Made today."))
    assert "| **Descentry** | 1.000 |" in text
    assert "| fake | 0.500 | - | 1 of 2 | 0.667 | - | 0 of 1 | 0 | 3 |" in text


def test_labels_of_real_logs_become_truths(tmp_path: Path) -> None:
    (tmp_path / "run-a").mkdir()
    told = {"must": ["healthy"], "may": ["spike", "healthy"]}
    (tmp_path / "LABELS.json").write_text(json.dumps({"run-a": told, "gone": told}))
    (one,) = corpus(tmp_path)
    assert (one.kind, one.truth.must, one.truth.may) == ("healthy", frozenset(), {"spike"})
