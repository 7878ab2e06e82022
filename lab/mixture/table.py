"""The comparison as a table, and its place in a page."""

import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.mixture.reached import MOST, Reached

BAR = 0.9
BEGIN, END = "<!-- mixture: made by `python -m lab mixture` -->", "<!-- /mixture -->"
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""Student's t at 97.5 % by the number of seeds."""


def interval(ratios: Sequence[float | None]) -> tuple[float, float, float]:
    """Mean of the ratios and its 95 % interval by Student's t; one that was not reached counts as `MOST`."""
    known = [MOST if ratio is None else ratio for ratio in ratios]
    mean = statistics.fmean(known)
    if len(known) < 2:
        return mean, math.nan, math.nan
    half = STUDENT.get(len(known), 1.96) * statistics.stdev(known) / math.sqrt(len(known))
    return mean, mean - half, mean + half


def lines(found: Sequence[Reached]) -> Iterator[str]:
    """Markdown: a row for each set and method, a column for each seed; the mean weights below."""
    seeds = sorted({one.seed for one in found})
    yield f"| set | method | {' | '.join(f'seed {seed}' for seed in seeds)} | mean (95 %) | at most {BAR} |"
    yield "| --- | --- |" + " ---: |" * (len(seeds) + 1) + " --- |"
    for name, method in dict.fromkeys((one.domains, one.method) for one in found):
        rows = {one.seed: one for one in found if (one.domains, one.method) == (name, method)}
        ratios = [rows[seed].ratio for seed in seeds if seed in rows]
        mean, low, high = interval(ratios)
        least = "≥ " if None in ratios else ""
        cells = [_cell(rows[seed].ratio) if seed in rows else "" for seed in seeds]
        held = "yes" if mean <= BAR and None not in ratios else "no"
        yield f"| {name} | {method} | {' | '.join(cells)} | {least}{mean:.2f} ({low:.2f} to {high:.2f}) | {held} |"
    yield ""
    for name, method in dict.fromkeys((one.domains, one.method) for one in found):
        some = [one.weights for one in found if (one.domains, one.method) == (name, method)]
        means = {domain: statistics.fmean(weights[domain] for weights in some) for domain in some[0]}
        told = ", ".join(f"{domain} {100 * share:.0f} %" for domain, share in means.items())
        yield f"- {name}, {method}: {told}"


def put(page: Path, rows: Sequence[str]) -> None:
    """Replaces what stands between the marks of the page."""
    text = page.read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n" + "".join(row + "\n" for row in rows) + END + after, "utf-8")


def _cell(ratio: float | None) -> str:
    return f"> {MOST}" if ratio is None else f"{ratio:.2f}"
