"""Lines of a counter and a number without a name: `epoch 3: 2.5` and `Epoch 3/10 - 2.5` are `epoch 3: loss: 2.5`.

A number with a unit (`12.5s`, `98%`) or without a fraction is none of these.  The expression is linear in the
length of the line.
"""

import re

_LONE = re.compile(
    r"(?P<counter>[\[(<*#= -]{0,8}(?i:epoch|iteration|iter|step)"
    r"[\s:=#\[(]{0,4}[0-9]{1,12}(?:\s?/\s?[0-9]{1,12})?[\])>]?)"
    r"\s{0,4}(?:[:,|]|->|=>|[-–—]+(?=\s))\s{0,8}"
    r"(?P<value>[-+]?(?:[0-9]{1,20}\.[0-9]{0,20}(?:[eE][-+]?[0-9]{1,3})?|[0-9]{1,20}[eE]-[0-9]{1,3}|nan|NaN|inf))"
)
MAX_LINE = 100


def with_lone_named(line: str) -> str:
    """The line with the name `loss` for its number; as it is where more, or something else, stands there."""
    if len(line) > MAX_LINE:
        return line
    found = _LONE.fullmatch(line)
    return line if found is None else f"{found['counter']}: loss: {found['value']}"
