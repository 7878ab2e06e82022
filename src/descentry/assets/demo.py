"""The bundled log of a run that goes wrong, for `descentry demo` and the documentation."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

NAME = "demo.jsonl"


@contextmanager
def demo_log() -> Iterator[Path]:
    """The path of the bundled log, valid inside the context (the package may be zipped)."""
    with as_file(files("descentry.assets") / NAME) as path:
        yield path
