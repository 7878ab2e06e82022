"""Counters at a line's front that are spelt with a letter, or without a space: `E1 [50/100]`, `E: 1/3 B: 50/100`,
`epoch3 step50: `, `Step_100 `.

A letter alone counts only where a batch stands behind the epoch: `E1 loss 2.1` may be of an encoder.
Every expression is linear in the length of the line.
"""

import re

_OF = r"(?:\s?/\s?[0-9]{1,18})?"
_OPEN = r"(?P<open>[\s\[({<|*#-]{0,9}(?:(?i:train|training|val|valid|validation|eval|test)[\s:|-]{1,4}\[?)?)"
_GLOG = r"E[01][0-9][0-3][0-9]\s"
"""An error's month and day, as glog prints them."""
_PAIR = re.compile(
    rf"{_OPEN}(?!{_GLOG})(?P<word>(?i:epoch|ep|e))(?P<sign>\.?\s?[:=#_-]?\s?)(?P<epoch>[0-9]{{1,9}}{_OF})"
    r"(?P<between>[\s\])>,;|:/-]{0,6}[\[(<]?)"
    r"(?:(?P<fine>(?i:batch|minibatch|step|iter|iteration|it|mb|b|s|i))(?P<fine_sign>\.?\s?[:=#_-]?\s?)\[?)?"
    rf"(?P<n>[0-9]{{1,18}}{_OF})(?![0-9A-Za-z_.%])"
)
_LONE = re.compile(
    rf"{_OPEN}(?P<word>(?i:epoch|step|iter|iteration|batch))_?(?P<n>[0-9]{{1,18}}{_OF})(?=[\s:,;|\])>-])"
)
_FRONTS = frozenset("eEsSiIbBtTvV[({<|*#-")
"""What such a line can begin with: most others need no closer look."""
_LETTERS = ("e", "b", "s", "i", "mb")


def with_long_counters(line: str) -> str:
    """The line with words for its counters; as it is where they are words, or no counters."""
    if line[:1] not in _FRONTS:
        return line
    found = _PAIR.match(line)
    if found is not None:
        return _paired(line, found) if _is_short(found) else line
    found = _LONE.match(line)
    return line if found is None else f"{found['open']}{found['word']} {found['n']}{line[found.end() :]}"


def _is_short(found: re.Match[str]) -> bool:
    """Whether a counter is spelt short, and both are surely counters."""
    fine = found["fine"] or ""
    words = found["word"].lower(), fine.lower()
    is_glued = not found["sign"] or found["sign"] == "_" or (fine and found["fine_sign"] in ("", "_"))
    if not (is_glued or any(word in _LETTERS for word in words)):
        return False
    return bool(fine) or ("/" in found["n"] and bool(found["between"].strip(" /") or " " in found["between"]))


def _paired(line: str, found: re.Match[str]) -> str:
    kind = (
        "Step" if (found["fine"] or "").lower() in ("step", "s", "it", "iter", "iteration", "i") else "Batch"
    )
    return f"{found['open']}Epoch {found['epoch']}, {kind} {found['n']}{line[found.end() :]}"
