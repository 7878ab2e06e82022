"""What all detectors together say of a made curve."""

from descentry.patterns.registry import detectors
from descentry.record.chunk import Chunk
from descentry.record.finding import Finding
from descentry.testing.verdicts import said

ALL = detectors()


def leading(chunk: Chunk) -> dict[str, Finding]:
    """The findings that accuse, by pattern: those that no other finding explains."""
    return {one.pattern: one for one in said(ALL, [chunk]) if one.explained_by is None}


def only(chunk: Chunk, pattern: str) -> Finding:
    """The one finding that leads; fails when there are others."""
    found = leading(chunk)
    assert list(found) == [pattern]
    return found[pattern]


def alone(chunk: Chunk, pattern: str) -> list[Finding]:
    """What the detector of that pattern says when it is asked by itself, and the stalls that it may read."""
    chosen = [one for one in ALL if one.id in (pattern, "flat", "plateau")]
    return [one for one in said(chosen, [chunk]) if one.pattern == pattern]
