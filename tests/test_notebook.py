"""What runs and reports show in a notebook, and their methods that draw."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.samples import EVIL, healthy, run_report

import descentry
from descentry.record.report import Report


def _log(path: Path) -> Path:
    path.write_text(
        "".join(f'{{"step": {i}, "loss": {5 - i / 100}, "val_loss": {6 - i / 100}}}\n' for i in range(90))
    )
    return path


def test_a_run_shows_its_curve_and_its_series(tmp_path: Path) -> None:
    html = descentry.read(_log(tmp_path / "<b>.jsonl"))._repr_html_()
    assert html.count("<svg") == 1
    assert "val_loss" in html
    assert "<b>" not in html
    assert len(html) < 30_000


def test_a_report_shows_its_curve_and_its_words() -> None:
    html = Report((run_report(EVIL),))._repr_html_()  # type: ignore[attr-defined]
    assert html.count("<svg") == 1
    assert "A batch of bad data" in html
    assert "⣿" not in html
    assert len(html) < 60_000


def test_a_report_of_many_runs_stays_small() -> None:
    html = Report((run_report(),) * 200)._repr_html_()  # type: ignore[attr-defined]
    assert html.count("<svg") == 10
    assert html.count("<pre") == 200


def test_what_cannot_be_drawn_is_told_in_words() -> None:
    assert "<svg" not in Report((healthy(),))._repr_html_()  # type: ignore[attr-defined]
    assert "no runs" in Report(())._repr_html_()  # type: ignore[attr-defined]
    run = descentry.Run("empty", "csv", "a.csv", {})
    assert "empty" in run._repr_html_()


def test_runs_and_reports_draw_themselves(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run = descentry.read(_log(tmp_path / "a.jsonl"))
    figure = run.plot(smooth="mean:5", y="log", series="loss", width=4, height=3, dpi=50, dark=True)
    assert [axes.get_yscale() for axes in figure.axes] == ["log"]
    assert figure.get_size_inches().tolist() == [4, 3]
    report = descentry.diagnose(run)
    assert len(report.plot().axes) == 1
    both = Report((run_report(), replace(run_report(), run="runs/b")))
    assert len(both.plot(findings=False).axes[0].lines) >= 4  # type: ignore[attr-defined]
    with pytest.raises(descentry.UsageError, match="0 runs"):
        Report(()).plot()  # type: ignore[attr-defined]
    with pytest.raises(descentry.UsageError, match="no smoothing 'x'"):
        run.plot(smooth="x")


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = descentry.read(_log(tmp_path / "a.jsonl"))
    for name in ("matplotlib", "pandas", "descentry.plot.picture"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        descentry.UsageError, match=r"a picture needs matplotlib: pip install 'descentry\[plot\]'"
    ):
        run.plot()
    with pytest.raises(descentry.UsageError, match="a table needs pandas"):
        run.to_pandas()
