"""Real console logs: the counts that the corpus states, and values found by other means."""

import csv
import math
import re
from pathlib import Path

import numpy as np
import pytest
from tests.sources.text.test_lines import decoded

from descentry.formats.blocks import blocks
from descentry.record.chunk import Chunk
from descentry.record.roles import Role
from descentry.sources.roles import resolve
from descentry.sources.rows import joined
from descentry.sources.text import reader as lines

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
FORMATS = (
    "build-nanogpt-log",
    "nanogpt-stdout",
    "llmc-stdout",
    "gluon-text",
    "deepspeed-chat-stdout",
    "epoch-stdout",
)

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")


def _rows() -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "MANIFEST.csv").open(newline="") as table:
        return [row for row in csv.DictReader(table) if row["format"] in FORMATS]


def log_of(slug: str) -> Path:
    return next(path for path in (CORPUS / slug).iterdir() if path.is_file())


def whole(slug: str) -> Chunk:
    return joined(lines.read(log_of(slug)))


def ends_of(slug: str, first: int = 6000, last: int = 1000) -> list[bytes]:
    """The first and the last lines of a log: the long way takes seconds for all of the longest."""
    every = b"".join(blocks(log_of(slug))).splitlines(keepends=True)
    return every if len(every) <= first + last else [*every[:first], *every[-last:]]


def count(chunk: Chunk, role: Role) -> int:
    return max(
        (len(chunk.columns[n].rows) for n, r in resolve(list(chunk.columns)).items() if r is role), default=0
    )


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["slug"])
def test_the_corpus_is_read_with_the_counts_it_states(row: dict[str, str]) -> None:
    path = log_of(row["slug"])
    with path.open("rb") as log:
        assert lines.matches(path, log.read(1 << 16))
    chunk = whole(row["slug"])
    train = max(count(chunk, Role.TRAIN_LOSS), count(chunk, Role.LOSS_PART))
    val = max(count(chunk, Role.VAL_LOSS), count(chunk, Role.VAL_PERPLEXITY))
    signals = row["signals"].split(";")
    assert (train if "train_loss" in signals else val) == int(row["points"])
    assert count(chunk, Role.LEARNING_RATE) > 0 or "lr" not in signals
    assert count(chunk, Role.GRAD_NORM) > 0 or "grad_norm" not in signals
    assert val > 0 or "val_loss" not in signals


@pytest.mark.parametrize(
    ("slug", "name", "pattern"),
    [
        ("gluon-standard_lstm_lm_200_wikitext-2", "current loss", r"current loss ([^,]*),"),
        ("gluon-standard_lstm_lm_200_wikitext-2", "valid loss", r"\d\] time cost .*valid loss ([^,]*),"),
        ("gluon-deeplab_resnest269_ade", "training loss", r"training loss (\S+)"),
        ("gluon-bert_base_pretrain", "mlm_loss", r"mlm_loss=(\S+)"),
        ("gluon-log_exam_yahoo", "train_loss", r"train_loss:', '([^']*)'"),
        ("gluon-i3d_resnet50_v1_ucf101", "validation loss", r"validation: .*loss=(\S+)"),
        ("gluon-i3d_resnet50_v1_ucf101", "loss", r"Batch .*loss=(\S+)"),
        ("gluon-yolo3_darknet53_voc", "ObjLoss", r"Batch .*ObjLoss=([^,]*)"),
        ("gluon-transformer_en_de_u512", "valid Loss", r"\d\] valid Loss=([^,]*)"),
        ("gluon-trec_static", "dev avg loss", r"dev avg loss ([^,]*)"),
        ("gluon-xuzhe_charcnn_bilstm_crf_logs", "valid_loss", r"valid_loss ([^,]*)"),
        ("dschat-ppo", "act_loss", r"act_loss: ([^|]*)"),
        ("dschat-ppo", "average reward score", r"^average reward score: (.*)"),
        ("dschat-sft", "validation ppl", r"^ppl: (.*)"),
        ("dschat-sft", "loss_scale", r"reducing to (\d+)"),
        ("slm-classic", "Valid Loss", r"^Valid Loss: (\S+)"),
        ("llmc-11685414", "val loss", r"^val loss (\S+)"),
        ("llmc-11685414", "HellaSwag", r"HellaSwag: \d+/\d+ = (\S+)"),
    ],
)
def test_values_are_those_that_a_plain_search_finds(slug: str, name: str, pattern: str) -> None:
    text = log_of(slug).read_text(errors="replace")
    expected = [float(found) for found in re.findall(pattern, text, re.MULTILINE)]
    np.testing.assert_array_equal(whole(slug).columns[name].values, expected)


@pytest.mark.parametrize("slug", ["linear_lr", "no_warmup", "bigger"])
def test_the_console_of_a_run_says_what_its_log_file_says(slug: str) -> None:
    stdout = next(
        path.name for path in CORPUS.glob("buildnanogpt-out-*") if slug.replace("_", "")[:6] in path.name
    )
    console, log = whole(stdout), whole(f"buildnanogpt-{slug}")
    for mine, theirs in (
        ("validation loss", "val loss"),
        ("loss", "train loss"),
        ("HellaSwag accuracy", "hella accuracy"),
    ):
        a, b = console.columns[mine], log.columns[theirs]
        np.testing.assert_array_equal(console.steps[a.rows], log.steps[b.rows])
        np.testing.assert_array_equal(a.values, b.values)


def test_actor_and_critic_keep_apart() -> None:
    chunk = whole("dschat-ppo")
    assert len(chunk.columns["lr"].rows) == len(chunk.columns["lr (2)"].rows) == 47
    assert chunk.columns["lr"].values[0] == 5.79e-07
    assert chunk.columns["lr (2)"].values[0] == 3.5000000000000004e-07
    assert (np.diff(chunk.steps) >= 0).all()


def test_the_steps_of_batches_are_those_of_the_labels() -> None:
    icnet = whole("gluon-icnet_resnet50_mhpv1")
    column = icnet.columns["training loss"]
    first_nan = icnet.steps[column.rows][np.isnan(column.values)][0]
    assert first_nan == 11 * 187 + 120
    esim = whole("gluon-esim_snli")
    assert 5 * 17173 + 15000 in esim.steps[esim.columns["valid loss"].rows]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["slug"])
def test_the_quick_way_reads_what_the_long_way_reads(
    row: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"".join(ends_of(row["slug"]))
    quick = decoded(text)
    monkeypatch.setattr("descentry.sources.text.quick.Quick.run", lambda *_: 0)
    slow = decoded(text)
    np.testing.assert_array_equal(quick.steps, slow.steps)
    assert quick.columns.keys() == slow.columns.keys()
    for name, column in quick.columns.items():
        np.testing.assert_array_equal(column.rows, slow.columns[name].rows)
        np.testing.assert_array_equal(column.values, slow.columns[name].values)


def test_engine_lines_of_deepspeed_go_on_in_steps() -> None:
    chunk = whole("dschat-sft")
    assert (np.diff(chunk.steps) >= 0).all()
    assert chunk.steps[chunk.columns["validation ppl"].rows].tolist() == [460 * epoch for epoch in range(17)]


def test_nan_runs_are_nan() -> None:
    chunk = whole("llmc-11679031")
    assert all(map(math.isnan, chunk.columns["loss"].values))
    assert np.isfinite(chunk.columns["lr"].values).all()
