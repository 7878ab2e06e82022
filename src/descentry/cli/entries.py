"""Entries of the catalogue as text, for `descentry explain`."""

from collections.abc import Iterable

from descentry.diagnosis.catalogue import Catalogue
from descentry.report.text import clipped, wrapped


def listing(catalogue: Catalogue, width: int) -> list[str]:
    """Every pattern and every cause, one line each."""
    patterns = [(entry.id, f"{entry.severity}: {entry.title}") for entry in catalogue.patterns.values()]
    causes = [(entry.id, entry.title) for entry in catalogue.causes.values()]
    return ["Patterns", *_rows(patterns, width), "", "Causes", *_rows(causes, width)]


def _rows(pairs: Iterable[tuple[str, str]], width: int) -> list[str]:
    return [clipped(f"  {id_:<28} {title}", width) for id_, title in pairs]


def pattern(catalogue: Catalogue, id_: str, width: int) -> list[str]:
    """A pattern: definition, how it reads, causes with the likeliest first, source."""
    entry = catalogue.patterns[id_]
    causes = [(cause.id, cause.title) for cause in catalogue.causes_of(id_)]
    return [
        clipped(f"{entry.id} ({entry.severity}): {entry.title}", width),
        *_block(entry.definition, width),
        *_block(f"Looks like: {entry.looks_like}", width),
        *_block(entry.reading, width),
        *(["", "Causes, the likeliest first", *_rows(causes, width)] if causes else []),
        *_block(f"Source: {entry.source}", width),
    ]


def cause(catalogue: Catalogue, id_: str, width: int) -> list[str]:
    """A cause: what it is, how to check, how to tell it from its neighbours, what to do, source."""
    entry = catalogue.causes[id_]
    actions = [catalogue.remedies[remedy].action for remedy in entry.remedies]
    return [
        clipped(f"{entry.id}{' (benign)' if entry.benign else ''}: {entry.title}", width),
        *_block(entry.text, width),
        *_block(f"Check: {entry.check}", width),
        *_block(f"To tell: {entry.next_test}", width),
        *(_block(f"Looks alike: {', '.join(entry.look_alikes)}", width) if entry.look_alikes else []),
        *_block(f"Explains: {', '.join(entry.explains)}", width),
        *(["", "What to do", *_numbered(actions, width)] if actions else []),
        *_block(f"Source: {entry.source}", width),
    ]


def remedy(catalogue: Catalogue, id_: str, width: int) -> list[str]:
    """A remedy: what to do, why, for which causes, source."""
    entry = catalogue.remedies[id_]
    causes = [cause.id for cause in catalogue.causes.values() if id_ in cause.remedies]
    return [
        *wrapped(f"{entry.id}: {entry.action}", width),
        *_block(entry.why, width),
        *(_block(f"Against: {', '.join(causes)}", width) if causes else []),
        *_block(f"Source: {entry.source}", width),
    ]


def _block(text: str, width: int) -> list[str]:
    return ["", *wrapped(text, width)] if text else []


def _numbered(actions: Iterable[str], width: int) -> list[str]:
    lines = []
    for rank, action in enumerate(actions, 1):
        first, *rest = wrapped(action, width - 5)
        lines += [f"  {rank}. {first}", *(f"     {line}" for line in rest)]
    return lines
