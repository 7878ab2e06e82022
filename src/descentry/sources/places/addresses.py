"""Addresses: which module reads what stands at one, and those that name a file of this machine."""

import re
from difflib import get_close_matches
from urllib.parse import unquote, urlsplit

from descentry.record.errors import UnreadableError

ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
SCHEMES = {
    "s3": "descentry.sources.places.objects",
    "s3a": "descentry.sources.places.objects",
    "gs": "descentry.sources.places.objects",
    "az": "descentry.sources.places.objects",
    "abfs": "descentry.sources.places.objects",
    "abfss": "descentry.sources.places.objects",
    "http": "descentry.sources.places.objects",
    "https": "descentry.sources.places.objects",
    "wandb": "descentry.sources.wandb.api",
    "comet": "descentry.sources.trackers.comet_api",
    "mlflow": "descentry.sources.mlflow.rest",
    "mlflow+http": "descentry.sources.mlflow.rest",
    "mlflow+https": "descentry.sources.mlflow.rest",
    "postgresql": "descentry.sources.mlflow.postgres",
    "postgres": "descentry.sources.mlflow.postgres",
}
"""Who reads what stands at an address: a module with `logs(address)`."""
_SHOWN = "s3://, gs://, az://, http(s)://, wandb://, mlflow://, postgresql://, comet://, file://, sqlite://"
_HERE = ("", "localhost", "127.0.0.1")
_DRIVE = re.compile(r"/[A-Za-z]:(/|$)")


def local(target: str) -> str | None:
    """The path that `file://…` or `sqlite://…`, as MLflow spells them, stands for; None for any other name.

    As in SQLAlchemy, `sqlite:///a.db` is a path from here and `sqlite:////a.db` one from the root.  Raises
    UnreadableError for an address without a path, or of another machine.
    """
    scheme = target.partition("://")[0].lower()
    if scheme == "file":
        return _of_file(target)
    if scheme == "sqlite" or scheme.startswith("sqlite+"):
        return _of_sqlite(target)
    return None


def _of_file(target: str) -> str:
    parts = urlsplit(target)
    if parts.netloc.lower() not in _HERE:
        advice = "expected file:///path, or copy the log here"
        raise UnreadableError(target, f"names a file of another machine ({parts.netloc})", advice)
    path = unquote(target.partition("://")[2][len(parts.netloc) :])
    if not path.strip("/"):
        raise UnreadableError(target, "names no file", "expected file:///path")
    return path[1:] if _DRIVE.match(path) else path


def _of_sqlite(target: str) -> str:
    host, _, path = target.partition("://")[2].partition("?")[0].partition("/")
    if host or path in ("", ":memory:"):
        problem = f"names a server ({host})" if host else "names no file"
        raise UnreadableError(target, problem, "expected sqlite:///path or sqlite:////path/from/the/root")
    return unquote(path)


def module_of(target: str, scheme: str) -> str:
    """The module that reads an address.  Raises UnreadableError for a scheme that is not known."""
    module = SCHEMES.get(scheme)
    if module is not None:
        return module
    alike = get_close_matches(scheme, SCHEMES, 1, 0.6)
    guess = f"did you mean {alike[0]}://? " if alike else ""
    problem = f"is an address of an unknown kind ({scheme[:40]}://)"
    raise UnreadableError(target, problem, f"{guess}expected one of {_SHOWN}; or copy the log here")
