"""The JSON Schemas of what other programs may rely on; they stand in `schema/`."""

from importlib.resources import files
from typing import Any

import orjson

NAMES = ("report-1", "read-1", "event-1", "preflight-1", "policy-1", "plot-1")


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema called `name` (one of NAMES), as plain JSON types.

    Raises ValueError for any other name.
    """
    if name not in NAMES:
        raise ValueError(f"no schema {name!r}; expected one of {', '.join(NAMES)}")
    document: dict[str, Any] = orjson.loads(
        (files("descentry.report") / "schema" / f"{name}.json").read_bytes()
    )
    return document
