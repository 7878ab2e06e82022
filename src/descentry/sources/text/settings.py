"""Settings that a console log shows before it trains: argument dumps, tables, dicts."""

import re

MAX_SETTINGS = 200
_PAIR = re.compile(r"(\w{1,60})=('[^']{0,100}'|\"[^\"]{0,100}\"|[-+\w.]{1,40})")
_DICT_PAIR = re.compile(r"'(\w{1,60})': ('[^']{0,100}'|[-+\w.]{1,40})")
_ROW = re.compile(r"^\|\s*+((?=\S)[\w ()%-]{1,60}?)\s*\|\s*+((?=\S)[^|]{1,100}?)\s*\|\s*$")
_WORTH = re.compile(
    r"(?:batch|epoch|step|iter|warm|lr$|learning|rate|decay|drop|clip|momentum|seed|vocab|block|seq|layer|head|hidd|"
    r"emb|channel|param|optim|sched|dtype|prec|scale|accum|loss|alpha|beta|eps|bptt|mode|interval|max_|len)",
    re.IGNORECASE,
)
MAX_ROW = 300
MIN_DICT = 6
"""Pairs of a printed dict that make it a dump of settings and not a logged row."""


def settings_of(line: str) -> dict[str, object]:
    """The settings that a line shows; empty when it is none of the shapes."""
    row = _ROW.match(line) if line.startswith("|") and len(line) <= MAX_ROW else None
    if row is not None and row[2] == "Value":
        return {}
    if row is not None:
        return _kept([(row[1], row[2])])
    if "Namespace(" in line or "Config(" in line:
        return _kept(_PAIR.findall(line[:20000]))
    if "{'" in line and "loss" not in line:
        pairs = _DICT_PAIR.findall(line[:20000])
        return _kept(pairs) if len(pairs) >= MIN_DICT else {}
    return {}


def _kept(pairs: list[tuple[str, str]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, spelling in pairs:
        value = _value(spelling)
        if value is not None and _WORTH.search(name) and len(found) < MAX_SETTINGS:
            found[_plain(name)] = value
    return found


def _plain(name: str) -> str:
    """`micro batch size B` and `learning rate (LR)` without their symbols, in snake case."""
    bare = re.sub(r"\s*\([^)]*\)$|\s+[A-Z][a-z]?[A-Z]?$", "", name)
    return re.sub(r"\W+", "_", bare.strip()).lower()


def _value(spelling: str) -> object:
    text = spelling.strip("'\"")
    if text in ("True", "False"):
        return text == "True"
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if (
        re.fullmatch(r"[-+]?[0-9.]{1,30}(?:[eE][-+]?[0-9]{1,4})?", text)
        and text.count(".") <= 1
        and text[-1:] != "."
    ):
        return float(text) if any(c.isdigit() for c in text) else None
    return text if re.fullmatch(r"[A-Za-z][\w ,-]{0,40}", text) and text != "None" else None
