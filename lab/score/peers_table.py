"""The peers' page: what others and we say of the same runs."""

import math
from collections.abc import Iterator, Sequence

from lab.score.figures import PatternScore, alarms, by_pattern, macro_f1, micro_f1
from lab.score.judge import Judged
from lab.score.peers import Peer

OURS = "Descentry"
HEAD = """# Beside its peers

What other programs and published rules say of the same runs, scored in the same way. Remade by
`python -m lab peers`; this page holds figures only, the adapters live elsewhere.

A pattern that must be told and is not is a miss, one that is told and neither must nor may be is a false alarm, one
that may be told is free. *All* counts every pattern of these runs, those included that a program has no word for;
*known* counts only the patterns that the program can say, which is its own best case. Macro F1 is the mean over the
patterns that occur in at least three runs. Alarms are warnings on runs where nothing is wrong. Peers are handed step,
training and validation loss, learning rate and gradient norm as CSV and run with their defaults; what else a log
holds is seen by Descentry alone.

Read it with this in mind: the proving ground is ours, and the real logs lay at hand while Descentry was made. Both
favour it.
"""


def page(told: dict[str, list[Peer]], note: str) -> Iterator[str]:
    """The page, line by line: one table for each set of runs.  `note`: versions, date, what was left out."""
    yield from HEAD.splitlines()
    yield ""
    yield note
    for title, peers in told.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield (
            "| program | micro F1, all | macro F1, all | patterns known | micro F1, known | macro F1, known "
            "| alarmed healthy runs | gave up | CPU ms a run |"
        )
        yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        yield from (row(peer) for peer in sorted(peers, key=lambda one: -_macro(one)))


def row(peer: Peer) -> str:
    """One program's line of the table."""
    every = by_pattern(peer.judged)
    known = [one for one in every if peer.knows is None or one.pattern in peer.knows]
    n_known = sum(1 for one in every if one.tp + one.fn and one in known)
    healthy = alarms(peer.loud, "healthy")
    cells = (
        f"**{peer.name}**" if peer.name == OURS else peer.name,
        *_figures(every), f"{n_known} of {sum(1 for one in every if one.tp + one.fn)}", *_figures(known),
        f"{healthy.alarmed} of {healthy.runs}", peer.n_errors, f"{peer.cpu_ms:.0f}",
    )  # fmt: skip
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _figures(scores: Sequence[PatternScore]) -> tuple[str, str]:
    macro = macro_f1(scores)
    return f"{micro_f1(scores):.3f}", "-" if math.isnan(macro) else f"{macro:.3f}"


def _macro(peer: Peer) -> float:
    macro = macro_f1(by_pattern(peer.judged))
    return 0.0 if math.isnan(macro) else macro


def ours(judged: Sequence[Judged], seconds: Sequence[float]) -> Peer:
    """Descentry's own line."""
    errors = sum(bool(one.answer.error) for one in judged)
    middle = sorted(seconds)[len(seconds) // 2] if seconds else math.nan
    return Peer(OURS, tuple(judged), tuple(judged), None, errors, 1e3 * middle)
