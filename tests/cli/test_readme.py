"""The README shows what the demo really prints.  Run this file to write it anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"(?<=```console\n\$ descentry demo\n).*?(?=```\n)", re.DOTALL)


def _demo() -> str:
    """What `descentry demo` prints into a pipe of 80 columns."""
    quiet = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "COLUMNS")}
    command = [sys.executable, "-m", "descentry", "demo"]
    environment = {**quiet, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, check=True, env=environment).stdout.decode("utf-8")


def test_the_readme_shows_real_output() -> None:
    shown = _BLOCK.search(README.read_text("utf-8"))
    assert shown is not None
    assert shown.group() == _demo()


def test_the_readme_says_how_to_run_and_to_test() -> None:
    text = README.read_text("utf-8")
    assert "python -m pip install . && descentry demo" in text
    assert "python -m pip install '.[test]' && python -m pytest -q" in text


if __name__ == "__main__":
    README.write_text(_BLOCK.sub(lambda _: _demo(), README.read_text("utf-8"), count=1), "utf-8")
