"""What loggers put before a message: where in the source it stands, the thread, the level.

loguru `module:function:42 - `, absl and glog `I0101 12:00:00.000000 140 train.py:42] `, logging's
`train.py:42` and `name:42` beside a level, OLMo's `host:0 <tab> module:42 <tab> INFO`, rich's date.  Their
numbers are no values.  Every expression is linear in the length of the line.
"""

import re

from descentry.sources.text.vocabulary import BATCH_WORDS, EPOCH_WORDS, STEP_WORDS, is_metric, tokens

WITHIN = 300
"""Characters at the front of a line in which a prefix stands."""

_LEVEL = r"(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|NOTICE|TRACE|SUCCESS|debug|info|warning|error)"
_SOURCE = re.compile(r"\[?[\w./]{1,120}\.(?:py|cc|cpp|cu|h|rs|go|jl):[0-9]{1,7}(?::[\w<>]{0,80})?\]?")
_RANKS = re.compile(r"\[[A-Z]{4,8}(?:\|[\w.=-]{1,64}){1,8}\]")
"""A level with the ranks of the process, as nanotron prints it: `[INFO|DP=0|TP=0]`."""
_LOGURU = re.compile(r"\|\s{0,9}[\w.<>]{1,120}:[\w.<>]{1,120}:[0-9]{1,7}\s{0,9}(?:[-|]\s|$)")
_AFTER_LEVEL = re.compile(
    rf"\b{_LEVEL}\b\s{{0,9}}[\]|:-]?\s{{0,9}}\[?(?P<name>[\w.<>]{{1,120}}):[0-9]{{1,7}}"
    r"(?:\s{0,9}\]|\s{0,9}[-|]\s|:(?![0-9]))"
)
_BEFORE_LEVEL = re.compile(
    rf"(?:(?<![\w.-])\(?[\w.-]{{1,120}}:[0-9]{{1,7}}\)?[\s|-]{{1,9}}){{1,3}}\[?{_LEVEL}\b\]?"
)
_GLOG = re.compile(r"^[IWEFD][0-9]{4,8}\s{1,9}[0-9]{1,20}\s{1,9}(?=[\w./-]{1,120}:[0-9]{1,7}\])")
_DATE = re.compile(
    r"(?<![\w/])(?:[0-9]{1,2}/[0-9]{1,2}(?:/[0-9]{2,4})?|[A-Z][a-z]{2} [ 0-9][0-9](?:,? [0-9]{4})?"
    r"|[0-9]{1,2}[ -][A-Z][a-z]{2}[ -][0-9]{2,4}),?[ T]?$"
)
_ENDS = (".py:", ".h:", ".c", ".rs:", ".go:", ".jl:")
_COUNTERS = STEP_WORDS | BATCH_WORDS | EPOCH_WORDS


def without_date(before: str) -> str:
    """What stands before a clock, less a date whose order of day and month nobody knows."""
    return _DATE.sub("", before) if before[-1:] in (" ", "T", ",") or before[-1:].isdigit() else before


def without_prefix(line: str) -> str:
    """The line, its time cut out before, without what a logger says of the message's source."""
    if any(end in line for end in _ENDS):
        line = _GLOG.sub("", line)
        line = _SOURCE.sub(" ", line[:WITHIN], count=2) + line[WITHIN:]
    if "[INFO|" in line:
        line = _RANKS.sub(" ", line[:WITHIN], count=1) + line[WITHIN:]
    if ":" in line and _may_have_level(line[:WITHIN]):
        line = _without_level(line[:WITHIN]) + line[WITHIN:]
    return line


def _may_have_level(start: str) -> bool:
    return any(
        level in start for level in ("INFO", "WARN", "DEBUG", "ERROR", "info", "CRIT", "TRACE", "SUCC")
    )


def _without_level(start: str) -> str:
    """The start of a line without a level and the place in the source beside it."""
    cut = _LOGURU.sub("|  ", start, count=1)
    if cut == start:
        cut = _BEFORE_LEVEL.sub(" ", start, count=1)
    found = _AFTER_LEVEL.search(cut)
    if found is not None and not _is_value(found["name"]):
        cut = f"{cut[: found.start()]} {cut[found.end() :]}"
    return cut


def _is_value(name: str) -> bool:
    """Whether `name:5` is a counter or a value, and no place in a source."""
    words = tokens(name)
    return bool(words) and (words[-1] in _COUNTERS or is_metric(name))
