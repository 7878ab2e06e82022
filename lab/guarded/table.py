"""The closed loop in figures."""

from collections.abc import Iterator, Sequence

from lab.guarded.play import Played, Unharmed
from lab.score.figures import wilson


def lines(played: Sequence[Played], unharmed: Sequence[Unharmed]) -> Iterator[str]:
    """A Markdown table by fault, the sums with their 95 % intervals, and the healthy runs."""
    yield "| fault | savable | saved | lost | stopped in time | actions a run |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for fault in dict.fromkeys(one.id.split("-")[0] for one in played):
        some = [one for one in played if one.id.split("-")[0] == fault]
        yield f"| {fault} | {_counts(some)} | {sum(one.n_deeds for one in some) / len(some):.1f} |"
    yield f"| **all** | {_counts(played)} | {sum(one.n_deeds for one in played) / max(1, len(played)):.1f} |"
    yield ""
    savable = [one for one in played if one.saved_by]
    n_well = sum(one.saved_by == "continue" for one in savable)
    yield f"of the savable, those that end near their twin without any action: {_share(n_well, len(savable))}"
    lost = [one for one in played if not one.saved_by]
    needy = [one for one in savable if one.saved_by != "continue"]
    for word, some in (
        ("saved of the savable", savable),
        ("saved of those that need an action", needy),
        ("stopped in time of the others", lost),
    ):
        yield f"{word}: {_share(sum(one.is_right for one in some), len(some))}"
    n_acted = sum(one.n_deeds > 0 for one in unharmed)
    n_same = sum(one.is_same for one in unharmed)
    yield f"healthy runs that were acted on: {_share(n_acted, len(unharmed))}"
    yield f"healthy runs whose weights are bit-identical to those without a guard: {n_same}/{len(unharmed)}"


def wrong(played: Sequence[Played]) -> Iterator[str]:
    """The cases that did not end as they should, with what was done."""
    for one in played:
        if not one.is_right:
            how = f"savable by {one.saved_by}" if one.saved_by else "lost"
            stop = f"stopped after {one.delay:.3f}: {one.reason[:80]}" if one.reason else "not stopped"
            yield f"{one.id}: {how}; ended at {one.loss:.3f}, twin {one.twin:.3f}; {stop}"
            yield f"    {one.deeds[:400]}"


def _counts(some: Sequence[Played]) -> str:
    savable = [one for one in some if one.saved_by]
    lost = [one for one in some if not one.saved_by]
    counts = [
        len(savable),
        sum(one.is_right for one in savable),
        len(lost),
        sum(one.is_right for one in lost),
    ]
    return " | ".join(map(str, counts))


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part}/{whole} = {part / max(1, whole):.3f} [{low:.3f}-{high:.3f}]"
