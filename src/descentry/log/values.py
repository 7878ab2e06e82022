"""Whatever a training loop gives, as a number: floats, ints, and the scalars of any array library.

No array library is imported: `.item()` is what numpy, torch, jax, cupy and others have for a single value.
Reading a value from a device waits for the device; that is the price of logging it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from descentry.log.wall import outcome

MAX_NAME = 400
MAX_TEXT = 200
MAX_DEPTH = 6
MAX_WHOLE = 1 << 63


def number(value: object) -> float | int:
    """The number that a value is: exact for floats and for ints of 64 bits, 0 or 1 for a truth value.

    Raises what the value raises, TypeError and ValueError for what is none (text, None, many values, complex).
    """
    item = getattr(value, "item", None)
    if callable(item):
        value = item()
    if isinstance(value, int):
        return int(value) if -MAX_WHOLE <= value < MAX_WHOLE else float(value)
    if isinstance(value, str | bytes):
        return _of_text(value)
    return float(value)  # type: ignore[arg-type]


def _of_text(value: str | bytes) -> float:
    """The number that a text spells as other programs spell it: Python's 1_000 is none."""
    if len(value) > MAX_TEXT or (b"_" if isinstance(value, bytes) else "_") in value:  # type: ignore[operator]
        raise ValueError("no number")
    return float(value)


def flat(values: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The values with their names, nested ones joined by "/"."""
    for key, value in values.items():
        name = clean(prefix + (key if isinstance(key, str) else shown(key)), MAX_NAME)
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            yield from flat(value, name + "/", depth + 1)
        else:
            yield name, value


def shown(value: object) -> str:
    """What a value looks like, in at most `MAX_TEXT` characters; the name of its type where it cannot tell."""
    if isinstance(value, str | bytes):
        value = value[:MAX_TEXT]
    kind = type(value).__name__
    if isinstance(value, int) and not -MAX_WHOLE <= value < MAX_WHOLE:
        return f"{kind} of {value.bit_length()} bits"
    size = outcome(lambda: len(value))  # type: ignore[arg-type]
    if isinstance(size, int) and size > MAX_TEXT:
        return f"{kind} of {size} items"
    text = outcome(lambda: repr(value))
    return clean(text, MAX_TEXT) if isinstance(text, str) else kind


def clean(text: str, n: int) -> str:
    """At most n characters that UTF-8 can spell."""
    return str(text)[:n].encode("utf-8", "replace").decode("utf-8")
