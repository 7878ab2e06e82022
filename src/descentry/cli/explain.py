"""`descentry explain [ID]`: what the catalogue knows about a pattern, a cause or a remedy."""

from typing import TYPE_CHECKING

import click

from descentry.cli.options import near
from descentry.cli.output import say, style, width
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.diagnosis.catalogue import Catalogue


def _ids(_context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """What a shell offers while an id is typed."""
    from descentry.diagnosis.catalogue import load

    catalogue = load()
    return sorted({id_ for id_ in (*catalogue.patterns, *catalogue.causes) if id_.startswith(start)})


@click.command(name="explain", short_help="Explain a pattern, a cause or a remedy; list all without one.")
@click.argument("id_", metavar="[PATTERN|CAUSE]", required=False, shell_complete=_ids)
def command(id_: str | None) -> int:
    """Explain a pattern (what the curve shows, its causes) or a cause (how to tell it, what to do).

    Without an id, list all of them.

    \b
    Examples:
      descentry explain
      descentry explain spike
      descentry explain corrupted_batch
    """
    from descentry.cli import entries
    from descentry.diagnosis.catalogue import load

    catalogue = load()
    columns = min(max(width(), 40), 120)
    page = entries.listing(catalogue, columns) if id_ is None else _page(catalogue, id_, columns)
    say("\n".join([style().paint(page[0], "strong"), *page[1:]]) + "\n")
    return 0


def _page(catalogue: "Catalogue", id_: str, width: int) -> list[str]:
    """All entries of that id: a pattern and a cause may share one."""
    from descentry.cli import entries

    word = id_.lower().replace("-", "_")
    kinds = (
        (catalogue.patterns, entries.pattern),
        (catalogue.causes, entries.cause),
        (catalogue.remedies, entries.remedy),
    )
    pages = [page(catalogue, word, width) for known, page in kinds if word in known]
    if not pages:
        ids = [id_ for known, _ in kinds for id_ in known]
        raise UsageError(f"nothing is called {id_!r}; {near(word, ids)}; `descentry explain` lists all")
    return pages[0] + [line for page in pages[1:] for line in ("", *page)]
