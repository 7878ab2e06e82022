"""Counters that are printed in thousands or millions: `step 1.5k/10k` is step 1500 of 10000."""

import re

_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,6})?"
_UNIT = r"[kKMGB]"
_OF = rf"(?P<of>\s?/\s?)(?P<total>{_NUMBER})(?P<total_unit>{_UNIT}?)"
_AHEAD = re.compile(
    r"(?P<word>(?<![A-Za-z])(?i:step|iteration|iter|itr|it|update|num_update|batch|epoch)s?[\"']?[\s:=#\[(]{1,8})"
    rf"(?P<n>{_NUMBER})(?P<unit>{_UNIT}?)(?:{_OF})?(?![A-Za-z0-9_.%])"
)
_BEHIND = re.compile(
    rf"(?P<word>(?<![A-Za-z0-9_.]))(?P<n>{_NUMBER})(?P<unit>{_UNIT}?)(?:{_OF})?"
    r"(?=\s?(?:steps|iterations|iters|updates|batches)\b(?!\s?/))"
)
_WORTH = re.compile(rf"[0-9]{_UNIT}(?![A-Za-z0-9_])")
_SIZES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9}


def with_whole_counts(line: str) -> str:
    """The line with whole numbers for counters in thousands; as it is where there are none."""
    if _WORTH.search(line) is None:
        return line
    return _BEHIND.sub(_whole, _AHEAD.sub(_whole, line))


def _whole(found: re.Match[str]) -> str:
    if not (found["unit"] or found["total_unit"]):
        return found[0]
    of = f"{found['of']}{_times(found['total'], found['total_unit'])}" if found["total"] else ""
    return f"{found['word']}{_times(found['n'], found['unit'])}{of}"


def _times(spelling: str, unit: str) -> str:
    return spelling if not unit else str(round(float(spelling) * _SIZES[unit]))
