"""Lines that say the name before the counter: `Cost after iteration 100: 0.64` is `iteration 100: Cost: 0.64`.

So print Keras's guides (`Training loss (for 1 batch) at step 200: 71.2`) and many courses.  The expression is
linear in the length of the line.
"""

import re

_WORDS_BEFORE = (" at ", " after ", " in ", " for ", " on ")
_LINE = re.compile(
    r"(?P<name>(?:[A-Za-z_][A-Za-z_/-]{0,30} ){0,4}[A-Za-z_/-]{0,30}(?i:loss|cost|error|acc|accuracy|ppl|perplexity))"
    r"(?: \([^()]{1,40}\))? (?:at|after|in|for|on) (?:the )?"
    r"(?P<word>(?i:global step|step|epoch|iteration|iter|batch)) ?#?(?P<n>[0-9]{1,18})"
    r"\s{0,4}(?:[:=]|,|is\b|->)\s{0,4}(?=[-+]?(?:[0-9.]|nan|inf|NaN|Inf))"
)


def with_counter_first(line: str) -> str:
    """The line with its counter in front; as it is where the counter does not stand behind a metric's name."""
    if not any(word in line for word in _WORDS_BEFORE):
        return line
    found = _LINE.match(line)
    if found is None:
        return line
    return f"{found['word'].replace(' ', '_')} {found['n']}: {found['name']}: {line[found.end() :]}"
