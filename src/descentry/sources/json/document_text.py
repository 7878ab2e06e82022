"""The text of a document of columns or rows: whether it is one, and what it holds."""

import re
from typing import Any, NamedTuple

from descentry.formats.lines import plain_head
from descentry.record.errors import DamagedError
from descentry.record.roles import Role
from descentry.sources.json.frames import column_names
from descentry.sources.json.nested import has_lists, is_download
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.naming import best_step
from descentry.sources.roles import resolve

_NUMBER = rb"(?:-?[0-9]|NaN|-?Infinity|null|\"(?:nan|NaN)\")"
_COLUMN = re.compile(rb'"([^"\n]{1,200})"\s*:\s*\[\s*' + _NUMBER)
_CELL = re.compile(rb'"([^"\n]{1,200})"\s*:\s*' + _NUMBER)
_EVALS = re.compile(
    rb'\{\s*"(?:train(?:ing)?|val(?:id(?:ation)?)?|eval|dev|test|learn)(?:_[0-9]{1,3})?"\s*:\s*\{\s*'
    rb'"[^"\n]{1,200}"\s*:\s*\[\s*' + _NUMBER
)
_ROWS = re.compile(rb"\[\s*\{\s*\"")
_LISTS = re.compile(rb'\{\s*(?:"(?:runs|experiments)"\s*:\s*\{\s*)?"[^"\n]{1,200}"\s*:\s*\[\s*\{\s*"')
_PLAIN = rb"(?:-?[0-9.eE+-]{1,40}|NaN|-?Infinity)\s*"
_LIST = re.compile(rb"\[\s*" + _PLAIN + rb"(?:,\s*" + _PLAIN + rb"){2}[,\]]")
_NEXT_OBJECT = re.compile(rb'\}[ \t\r]*\n\s*\{\s*(?:"|\Z)')
_NEXT_LINE = re.compile(rb"^\{[^\n]*\}\s*\n\s*\{")


def is_document(head: bytes) -> bool:
    """True for an object with lists of numbers, a list of objects, or a frame, with a name as logs have them."""
    text = plain_head(head[:65536]).lstrip()
    if text.startswith(b"["):
        if _LIST.match(text) or is_download(text):
            return True
        return _ROWS.match(text) is not None and _is_known(_CELL.findall(text) + _COLUMN.findall(text))
    if not text.startswith(b"{") or _NEXT_LINE.match(text):
        return False
    if _NEXT_OBJECT.search(text):
        return _is_known(_CELL.findall(text))
    frame = column_names(text)
    if frame:
        return _is_known(frame)
    if (has_lists(text) or _LISTS.match(text)) and _is_known(_CELL.findall(text)):
        return True
    names = _COLUMN.findall(text)
    return (_is_known(names) or bool(names and _EVALS.match(text))) and not _is_a_row(text)


def _is_known(names: list[bytes]) -> bool:
    """Whether one of the names is a step, a loss, or another series that runs log."""
    series = sorted({name.decode("utf-8", "replace") for name in names[:1000]})
    return best_step(series) is not None or not set(resolve(series).values()) <= {Role.METRIC}


def _is_a_row(text: bytes) -> bool:
    """Whether a single line is rather one row of JSON lines: numbers stand beside the lists."""
    try:
        row = parsed(text)
    except BadJson:
        return False
    return isinstance(row, dict) and best_step(row) is not None and not isinstance(row[best_step(row)], list)


class Document(NamedTuple):
    """What a text spells.  `is_torn`: its last object is cut off, and left out."""

    value: Any
    is_torn: bool = False


def document_of(content: bytes, name: str) -> Document:
    """What the text spells; of objects one after another, each over several lines, a list.  Raises DamagedError."""
    try:
        return Document(parsed(content))
    except BadJson as error:
        found = _objects(content)
        if found is None:
            raise DamagedError(name, f"is damaged ({error})", "write it again") from error
        return found


def _objects(content: bytes) -> Document | None:
    starts = [found.start() for found in _NEXT_OBJECT.finditer(content)]
    for is_torn, text in enumerate((content, content[: starts[-1]] + b"}") if starts else ()):
        try:
            return Document(parsed(b"[%b]" % _NEXT_OBJECT.sub(b'},{"', text)), bool(is_torn))
        except BadJson:
            continue
    return None
