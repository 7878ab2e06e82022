"""`descentry plot`: what it draws where, and what it says when it cannot."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from descentry.cli import plot_options
from descentry.cli.main import run
from descentry.plot import settings
from descentry.report.schemas import schema


def _log(path: Path, n: int = 400, spike: float = 6.0) -> Path:
    loss = 2 + 8 * np.exp(-np.arange(n) / 60) + np.random.default_rng(0).normal(0, 0.02, n)
    loss[n // 2 + 50] += spike
    path.write_text("".join(f'{{"step": {i}, "loss": {v:.5f}, "lr": 0.001}}\n' for i, v in enumerate(loss)))
    return path


def test_the_words_of_the_options_are_those_of_the_settings() -> None:
    assert plot_options.UNITS == settings.UNITS
    assert plot_options.SCALES == settings.SCALES


def test_the_terminal_shows_the_curve_with_its_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("plotext")
    assert run(["plot", str(_log(tmp_path / "a.jsonl"))]) == 0
    out, err = capsys.readouterr()
    assert "⣿ loss, ema 0.9" in out
    assert "▲1" in out.split("└")[1]
    assert "ema:0.9 hides ▲1 spike at step 250 (0.6 of its 6 is left); --smooth ema:0.6 shows it" in err


def test_json_tells_what_is_drawn_without_any_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    monkeypatch.setattr(plot_options, "find_spec", lambda _: None)
    assert run(["plot", str(_log(tmp_path / "a.jsonl", n=30_000)), "--json", "--y", "log-log"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("plot-1"), cls=jsonschema.Draft202012Validator)
    (main, rate) = document["panels"]
    assert [line["kind"] for line in main["lines"]] == ["raw", "smoothed"]
    assert max(main["lines"][0]["high"]) > 7
    assert rate["lines"][0]["name"] == "lr"
    assert document["findings"][0]["label"] == "▲1"


@pytest.mark.parametrize(("name", "head"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")])
def test_a_file_is_what_its_name_says(
    tmp_path: Path, name: str, head: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / name
    log = str(_log(tmp_path / "a.jsonl"))
    assert (
        run(["plot", log, "--out", str(out), "--dark", "--dpi", "50", "--y", "auto", "--smooth", "lowess"])
        == 0
    )
    assert out.read_bytes().startswith(head)
    assert capsys.readouterr().out == ""


def test_several_logs_are_drawn_over_each_other_and_a_bad_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("plotext")
    logs = [str(_log(tmp_path / f"{name}.jsonl")) for name in "ab"]
    assert run(["plot", *logs, str(tmp_path / "none.jsonl"), "--no-findings"]) == 3
    out, err = capsys.readouterr()
    assert "A a\nB b\n" in out
    assert "▲" not in out
    assert "none.jsonl: no such file" in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "x.gif"], "--out x.gif: '.gif' is no picture; expected one of .png, .svg, .pdf"),
        (["--out", "x"], "--out x: no extension; expected one of"),
        (["--out", "no/such/x.png"], "no folder no/such; make it first"),
        (["--smooth", "gauss"], "no smoothing 'gauss'; expected METHOD:AMOUNT"),
        (["--smooth", "mean:1"], "mean takes a whole number of points, 2 or more"),
        (["--width", "9"], "--width 9: expected 40 to 1000 columns"),
        (["--height", "nan"], "--height nan: expected 6 to 500 rows"),
        (["--out", "x.png", "--width", "900"], "--width 900: expected 2 to 60 inches"),
        (["--dpi", "0", "--out", "x.png"], "--dpi 0: expected 20 to"),
        (["--params", "many"], "'many' is no number above 0; write it like 524288, 0.5M or 7B"),
        (["--x", "furlongs"], "'furlongs' is not one of"),
        (["--series", "nope"], "no series 'nope' with a point in it; series: loss, lr"),
        (["--x", "flops", "--tokens-per-step", "8"], "give --params N, or --x step"),
        (["--role", "val_loss=nope"], "no series 'nope' in the log"),
    ],
)
def test_bad_usage_is_one_line(
    tmp_path: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("plotext")
    pytest.importorskip("matplotlib")
    assert run(["plot", str(_log(tmp_path / "a.jsonl")), "--no-findings", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("options", "library"), [([], "plotext"), (["--out", "x.png"], "matplotlib")])
def test_without_the_extra_it_says_which(
    options: list[str], library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(plot_options, "find_spec", lambda name: None if name == library else find(name))
    assert run(["plot", "any.jsonl", *options]) == 2
    assert f"needs {library}: pip install 'descentry[plot]'" in capsys.readouterr().err


def test_counts_are_read_with_their_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotext")
    log = str(_log(tmp_path / "a.jsonl"))
    flops = ["--x", "flops", "--tokens-per-step", "0.5M", "--params", "1.5B"]
    assert run(["plot", log, "--no-findings", *flops]) == 0
    assert "training compute (FLOPs" in capsys.readouterr().out


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "a.png").mkdir()
    log = str(_log(tmp_path / "a.jsonl"))
    assert run(["plot", log, "--no-findings", "--out", str(tmp_path / "a.png")]) == 2
    assert "is a directory" in capsys.readouterr().err.lower()
