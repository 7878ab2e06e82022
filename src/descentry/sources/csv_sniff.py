"""Whether a file is a table of numbers, told from its first lines."""

from descentry.formats.lines import plain_head
from descentry.sources.csv_layout import cells, delimiter_of, is_header
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.numbers import number

N_SNIFFED = 20


def is_csv(name: str, head: bytes) -> bool:
    """True when the first lines have the same number of cells, and numbers in them."""
    if b"\0" in head[:4] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    text = plain_head(head).decode("utf-8", "replace")
    whole = text if len(head) < 4096 else text[: text.rfind("\n") + 1]
    lines = [line for line in whole.split("\n", N_SNIFFED + 1)[:N_SNIFFED] if line.strip()]
    if not lines or "\0" in whole or lines[0].lstrip()[:1] in "{[<":
        return False
    delimiter = delimiter_of(lines[0])
    is_named = name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))
    if delimiter not in lines[0] and not is_named:
        return False
    return _is_table([cells(line, delimiter) for line in lines], is_named)


def _is_table(rows: list[list[str]], is_named: bool) -> bool:
    """Whether rows hang together as a table of numbers.

    A file that is not named as one must be regular, and name a step or a loss or hold nothing but numbers.
    """
    has_header = is_header(rows[0])
    body = rows[1:] if has_header else rows
    n_regular = sum(len(row) == len(rows[0]) for row in body)
    n_numeric = sum(any(number(cell) is not None for cell in row) for row in body)
    if is_named:
        return not body or (n_regular >= 0.3 * len(body) and n_numeric >= 0.5 * len(body))
    if has_header:
        is_known = best_step(rows[0]) is not None or any(map(loss_name, rows[0]))
        return is_known and len(body) > 0 and min(n_regular, n_numeric) >= 0.7 * len(body)
    n_bare = sum(all(number(cell) is not None for cell in row) for row in body)
    return len(body) > 1 and n_regular == n_bare == len(body)
