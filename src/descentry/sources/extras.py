"""Libraries that come with an extra: imported when a log needs them, and asked for where they are missing."""

from importlib import import_module
from typing import Any

from descentry.record.errors import UnreadableError


def library(module: str, extra: str, where: str) -> Any:
    """The module, imported now.  Raises UnreadableError that names the extra where it cannot be."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise UnreadableError(
            where, f"needs {name}, which is not installed", f"pip install 'descentry[{extra}]'"
        ) from error
