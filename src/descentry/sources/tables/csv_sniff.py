"""Whether a file is a table of numbers, told from its first lines."""

import re

from descentry.formats.lines import plain_head
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.numbers import number
from descentry.sources.tables.csv_layout import delimiter_of, is_comment, is_good_header, is_header, row_cells
from descentry.sources.tables.csv_nuls import without_nul_lines
from descentry.sources.tables.csv_start import N_GUESSED

N_SNIFFED = 20
_MARKDOWN = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?)?\s*")
"""The rule below the header of a Markdown table, which the reader of console text knows."""


def is_csv(name: str, head: bytes) -> bool:
    """True when the first lines have the same number of cells, and numbers in them."""
    if b"\0" in head[:4] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    text = plain_head(head, splits_at_cr=True)
    whole = without_nul_lines(text if len(head) < 4096 else text[: text.rfind(b"\n") + 1]).decode(
        "utf-8", "replace"
    )
    lines = [line for line in whole.split("\n", N_SNIFFED + 1)[:N_SNIFFED] if line.strip()]
    lines = _table_of(lines)
    if not lines or "\0" in whole or lines[0].lstrip()[:1] in "{[<":
        return False
    if any(map(_MARKDOWN.fullmatch, lines[1:2])):
        return False
    delimiter = delimiter_of(lines[0])
    is_named = name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))
    if delimiter not in lines[0] and not is_named:
        return False
    return _is_table([row_cells(line, delimiter) for line in lines], is_named)


def _table_of(lines: list[str]) -> list[str]:
    """The lines without comments and without what stands above a header that names a step or a loss."""
    plain = [line for line in lines if not is_comment(line)]
    for i, line in enumerate(plain[:N_GUESSED]):
        row = row_cells(line, delimiter_of(line))
        if is_good_header(row):
            return plain[i:]
    return plain


def _is_table(rows: list[list[str]], is_named: bool) -> bool:
    """Whether rows hang together as a table of numbers.

    A file that is not named as one must be regular, and name a step or a loss or hold nothing but numbers.
    """
    has_header = is_header(rows[0])
    body = rows[1:] if has_header else rows
    body = [_trimmed(row, len(rows[0])) for row in body]
    n_regular = sum(len(row) == len(rows[0]) for row in body)
    n_readable = sum(len(row) >= len(rows[0]) for row in body)
    n_numeric = sum(any(number(cell) is not None for cell in row) for row in body)
    if is_named:
        return not body or (n_readable >= 0.3 * len(body) and n_numeric >= 0.5 * len(body))
    if has_header:
        is_known = best_step(rows[0]) is not None or any(map(loss_name, rows[0]))
        return is_known and len(body) > 0 and min(n_regular, n_numeric) >= 0.7 * len(body)
    n_bare = sum(all(number(cell) is not None for cell in row) for row in body)
    return len(body) > 1 and n_regular == n_bare == len(body)


def _trimmed(row: list[str], n: int) -> list[str]:
    """The row without the empty cell that a delimiter at its end makes."""
    return row[:-1] if len(row) == n + 1 and not row[-1] else row
