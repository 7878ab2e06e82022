"""A file in an archive, as whoever takes it out sees it."""

from collections.abc import Callable
from typing import NamedTuple


class Member(NamedTuple):
    """A file in an archive: what reads it, or why it is left out."""

    name: str
    read: Callable[[int], bytes]
    left_out: str = ""


def nothing(_n: int) -> bytes:
    """What a member gives that is left out."""
    return b""
