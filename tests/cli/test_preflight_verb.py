"""`descentry preflight`: exit codes, what is refused, what is printed."""

import json
from pathlib import Path

import pytest

from descentry.cli.main import run

SETUP = """
import torch
from torch import nn

def setup(rate=0.1):
    print("loading data")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    batch = torch.randn(16, 4), torch.arange(16) % 3
    return {"model": model, "optimizer": torch.optim.SGD(model.parameters(), rate), "batch": batch,
            "loss_fn": nn.CrossEntropyLoss(), "overfit_steps": 400}

def still():
    return setup(rate=0.0)

def fails():
    raise ValueError("no data\\nhere")

def nothing():
    return {"model": nn.Linear(1, 1)}

def odd():
    return setup() | {"speed": 3}

number = 3
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "my_training.py"
    path.write_text(SETUP)
    return path


def test_a_fault_exits_with_one(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert run(["preflight", f"{module}:still"]) == 1
    assert "the learning rate of 1 of 1 groups is 0" in " ".join(capsys.readouterr().out.split())


def test_json_goes_to_stdout_alone(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    code = run(["preflight", "--json", "--vocab-size", "3", f"{module}:setup"])
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert "loading data" in err
    assert document["schema"] == "descentry/preflight/1"
    assert code == 0 if document["ok"] else 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fails", "fails() raised ValueError: no data here"),
        ("nothing", "has no optimizer, batch"),
        ("odd", "no option 'speed'"),
        ("number", "number is nothing that can be called"),
        ("missing", "missing is not in it"),
    ],
)
def test_a_bad_function_is_one_line(
    module: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    assert run(["preflight", f"{module}:{name}"]) == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if one != "loading data"]
    assert message in line


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("train", "expected module:function"),
        (":setup", "expected module:function"),
        ("no_such_module_here:setup", "importing no_such_module_here raised ModuleNotFoundError"),
        ("no/such.py:setup", "no file no/such.py"),
    ],
)
def test_a_bad_spec_is_one_line(spec: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preflight", spec]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
