"""The face of the package: what it exports, what it costs, how a report shows itself."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.samples import EVIL, run_report

import descentry
from descentry.record.report import Report

ROWS = "".join(f'{{"step": {step}, "loss": {5 - step / 100}}}\n' for step in range(50))


def test_all_is_what_is_there() -> None:
    assert sorted(descentry.__all__) == descentry.__all__
    assert all(getattr(descentry, name) is not None for name in descentry.__all__)
    assert set(descentry.__all__) <= set(dir(descentry))
    assert set(descentry._HOMES) | {"__version__"} == set(descentry.__all__)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        descentry.nonsense  # noqa: B018


def test_import_loads_neither_numpy_nor_click() -> None:
    code = "import sys, descentry; print({'numpy', 'orjson', 'click'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_whole_face_needs_numpy_and_orjson_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import descentry\n"
        "for name in descentry.__all__: getattr(descentry, name)\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(name for name in tops - set(sys.stdlib_module_names) if name[0] != '_'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"descentry", "numpy", "orjson"}


def test_read_and_runs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(ROWS)
    run = descentry.read(tmp_path / "a.jsonl")
    assert isinstance(run, descentry.Run)
    assert len(run.curves["loss"]) == 50
    assert [run.run for run in descentry.runs(str(tmp_path))] == ["a", "b"]
    with pytest.raises(descentry.UsageError, match=r"2 runs \(a, b\).*descentry.runs"):
        descentry.read(tmp_path)


def test_where_a_log_goes_back_is_told_once_by_every_call(tmp_path: Path) -> None:
    steps = [*range(9), *range(5, 9), *range(2, 12)]
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n" + "".join(f"{step},{3 - step / 9}\n" for step in steps))
    read = descentry.read(path)
    (report,) = descentry.diagnose(path).runs
    (of_run,) = descentry.diagnose(read).runs
    for events in (read.events, *(run.events for run in descentry.runs(path)), report.events, of_run.events):
        (told,) = [event for event in events if event.kind == "resume"]
        assert (told.count, told.where) == (2, "step 5")


def test_roles_are_checked(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ROWS)
    with pytest.raises(descentry.UsageError, match="no role 'train'; expected one of train_loss"):
        descentry.read(tmp_path / "a.jsonl", roles={"loss": "train"})
    run = descentry.read(tmp_path / "a.jsonl", roles={"loss": "val_loss"})
    assert run.curves["loss"].role is descentry.Role.VAL_LOSS


@pytest.mark.parametrize("path", ["no/such", "nul\0", ""])
def test_bad_paths_are_input_errors(path: str) -> None:
    with pytest.raises(descentry.InputError):
        descentry.read(path)


def test_a_report_prints_itself() -> None:
    assert descentry.Report is Report
    assert str(Report((run_report(),))).startswith("CRITICAL: ")
    assert str(Report(())) == "no runs"


def test_a_report_is_safe_html() -> None:
    run = replace(run_report(EVIL), summary="<script>alert(1)</script>")
    html = Report((run,))._repr_html_()  # type: ignore[attr-defined]
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_diagnose_takes_a_path_or_a_run(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ROWS)
    by_path = descentry.diagnose(tmp_path / "a.jsonl", vocab_size=100)
    by_run = descentry.diagnose(descentry.read(tmp_path / "a.jsonl"), vocab_size=100)
    assert by_path.verdict == by_run.verdict
    assert by_path.version == descentry.__version__


def test_diagnose_takes_a_rate_of_false_alarms_and_tells_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ROWS)
    (report,) = descentry.diagnose(tmp_path / "a.jsonl", alarm_rate=0.01).runs
    assert any("0.01 false alarms per healthy run" in note for note in report.notes)
    with pytest.raises(descentry.UsageError, match=r"no alarm rate 2; expected 1e-09 to 0\.5"):
        descentry.diagnose(tmp_path / "a.jsonl", alarm_rate=2.0)
