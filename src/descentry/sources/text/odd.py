"""Odd spellings of numbers: those that mean one are respelt, those that mean none are found and told apart.

`1.#QNAN` and `-nan(ind)` are NaN as C prints it on Windows, `1_000` is 1000, `2,51` is 2.51 where the line
leaves no other reading.  `None`, `N/A`, `--`, `0x10` and a torn `1e` are no numbers: they keep their place in
the line's shape, so the numbers beside them are read as in the lines before.
Every expression is linear in the length of the line.
"""

import re

from descentry.sources.text.tokens import DIGITS, FREE, HOLE, NUMBER
from descentry.sources.text.vocabulary import BATCH_WORDS, EPOCH_WORDS, STEP_WORDS

_WINDOWS = re.compile(
    r"(?<![A-Za-z0-9_.])([-+]?)(?:1\.#(QNAN|SNAN|IND|INF|NAN)[0-9]{0,20}|(nan)\((?:s?nan|ind)\))(?![A-Za-z0-9_.])"
)
_GROUPED = re.compile(rf"{FREE}(?>[-+]?[0-9]{{1,3}}(?:_[0-9]{{3}}){{1,5}})(?![A-Za-z0-9_])")
_ABSENT = r"(?<![A-Za-z0-9_.@/-])(?:None|none|null|NULL|N/A|n/a|--)(?![A-Za-z0-9_/.-])"
_WRONG = rf"{FREE}(?>0[xX][0-9a-fA-F]++|[-+]?{DIGITS}[eE][-+]?)(?![A-Za-z0-9_.])"
_IS_WRONG = re.compile(_WRONG)
_ODD = re.compile(f"{_ABSENT}|{_WRONG}")
_PARTS = re.compile(f"({_ABSENT}|{_WRONG}|{NUMBER})")
_ABSENT_VALUE = re.compile(rf"([:=]\s?){_ABSENT}")

_COMMA = re.compile(
    r"(?P<key>[A-Za-z_@)]{1,40}[\"']?\s{0,3}[:=]\s{0,8}|(?<![A-Za-z_])(?i:loss|acc|accuracy|ppl|lr)\s{1,3})(?P<sign>[-+]?)(?P<whole>[0-9]{1,18}),(?P<part>[0-9]{1,18})"
    r"(?P<power>(?:[eE][-+]?[0-9]{1,3})?)(?P<unit>%?)(?=$|[ \t]+(?:$|[A-Za-z_|(\[])|[,;|][ \t]+[A-Za-z_])"
)
_POINT = re.compile(r"[0-9]\.[0-9]")
_COUNTERS = STEP_WORDS | BATCH_WORDS | EPOCH_WORDS


def respelt(line: str) -> str:
    """The line with the numbers that C on Windows and `f"{n:_}"` spell as others spell them."""
    if "#" in line or "(ind)" in line or "nan)" in line:
        line = _WINDOWS.sub(_as_word, line)
    if "_" in line:
        line = _GROUPED.sub(lambda found: found[0].replace("_", ""), line)
    return line


def _as_word(found: re.Match[str]) -> str:
    return f"{found[1]}inf" if found[2] == "INF" else "nan"


def is_odd(spelling: str) -> bool:
    """Whether the spelling stands for no number."""
    return _ODD.fullmatch(spelling) is not None


def has_odd(line: str) -> bool:
    """Whether something stands in the line that may be in a number's place and is none."""
    return _ODD.search(line) is not None


def has_wrong(line: str) -> bool:
    """Whether a part of it would be taken for a number that it is not: `0x10`, `1e`."""
    return _IS_WRONG.search(line) is not None


def split_odd(line: str) -> tuple[str, list[str]]:
    """As `tokens.split`, with a hole and a spelling for what is odd, too."""
    parts = _PARTS.split(line)
    return HOLE.join(parts[::2]), parts[1::2]


def without_absent(line: str) -> str:
    """The line with a dash for each `None` behind a sign, so that it becomes no part of the next name."""
    return _ABSENT_VALUE.sub(r"\1 - ", line)


def with_points(line: str, *, is_known: bool) -> str:
    """The line with points for its decimal commas; as it is where they may be something else.

    `is_known`: the log has decimal commas.  Else one that cannot part thousands must be in the line.
    """
    if _POINT.search(line):
        return line
    found = list(_COMMA.finditer(line))
    if not (is_known or any(map(_is_certain, found))):
        return line
    return _COMMA.sub(_pointed, line) if found else line


def _is_certain(found: re.Match[str]) -> bool:
    return not _is_counter(found) and (
        len(found["part"]) != 3 or found["whole"].startswith("0") or len(found["whole"]) > 3
    )


def _is_counter(found: re.Match[str]) -> bool:
    return found["key"].rstrip(" \t:=\"'").lower() in _COUNTERS


def _pointed(found: re.Match[str]) -> str:
    if _is_counter(found):
        return found[0]
    return f"{found['key']}{found['sign']}{found['whole']}.{found['part']}{found['power']}{found['unit']}"
