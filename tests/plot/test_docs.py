"""docs/plots.md shows what `descentry plot` really prints.  Run this file to write it anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/plots.md"
_COMMAND = ["plot", "src/descentry/assets/demo.jsonl", "--smooth", "ema:200"]
_BLOCK = re.compile(
    rf"(?<=```console\n\$ descentry {re.escape(' '.join(_COMMAND))}\n).*?(?=```\n)", re.DOTALL
)


def _printed() -> str:
    """What the command prints into a pipe of 80 columns."""
    quiet = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "COLUMNS")}
    environment = {**quiet, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "descentry", *_COMMAND]
    return subprocess.run(command, capture_output=True, check=True, env=environment, cwd=ROOT).stdout.decode(
        "utf-8"
    )


def test_the_page_shows_real_output() -> None:
    pytest.importorskip("plotext")
    shown = _BLOCK.search(PAGE.read_text("utf-8"))
    assert shown is not None
    assert shown.group() == _printed()


if __name__ == "__main__":
    PAGE.write_text(_BLOCK.sub(lambda _: _printed(), PAGE.read_text("utf-8"), count=1), "utf-8")
