"""The answers of a preflight: a table for people, JSON for programs."""

from collections.abc import Iterator
from dataclasses import dataclass

from descentry.preflight.answer import Answer, Verdict
from descentry.report.style import Style
from descentry.report.text import escaped, wrapped

SCHEMA = "descentry/preflight/1"
_MARKS = {
    Verdict.OK: ("ok", "faint"),
    Verdict.FAULT: ("FAULT", "critical"),
    Verdict.CANNOT_TELL: ("?", "warning"),
}
_LEFT = 32
"""Columns before the statement: the mark and the title."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One check, its answer and the seconds that it took."""

    id: str
    title: str
    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """All answers, in the order of the checks, and a few decoded examples of the batch."""

    checks: tuple[Checked, ...]
    examples: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no check found a fault; one that cannot tell is none."""
        return not self.faults

    @property
    def faults(self) -> tuple[Checked, ...]:
        """The checks that found a fault."""
        return tuple(one for one in self.checks if one.answer.verdict is Verdict.FAULT)

    def __getitem__(self, id_: str) -> Answer:
        """The answer of one check.  Raises KeyError for an id that was not run."""
        for one in self.checks:
            if one.id == id_:
                return one.answer
        raise KeyError(f"no check {id_!r}; run were {', '.join(one.id for one in self.checks)}")

    def to_json(self) -> str:
        """The document `descentry/preflight/1`, strict: non-finite numbers are strings."""
        from descentry.report.jsonable import dumps, strict_object

        document = {"schema": SCHEMA, "ok": self.ok, "checks": [_entry(one) for one in self.checks]}
        return dumps(strict_object({**document, "examples": list(self.examples)}), indent=True).decode()

    def __str__(self) -> str:
        return self.render()

    def render(self, width: int = 100, style: Style | None = None) -> str:
        """The table in lines of at most `width` columns; the fix stands below a fault."""
        paint = (style or Style()).paint
        lines = [*(paint(line, "strong") for line in wrapped(self._head(), width)), ""]
        for one in self.checks:
            word, tone = _MARKS[one.answer.verdict]
            text = wrapped(escaped(one.answer.statement), max(20, width - _LEFT))
            title = f"{one.title[: _LEFT - 8]:<{_LEFT - 7}}"
            lines.append(paint(f"{word:<6}", tone) + f" {title}{text[0]}")
            lines += [" " * _LEFT + line for line in (*text[1:], *_fix(one.answer, width - _LEFT))]
        return "\n".join([*lines, *self._shown(width)]) + "\n"

    def _head(self) -> str:
        n_open = sum(one.answer.verdict is Verdict.CANNOT_TELL for one in self.checks)
        n_ok = len(self.checks) - len(self.faults) - n_open
        word = (
            "no fault found" if self.ok else f"{len(self.faults)} of {len(self.checks)} checks found a fault"
        )
        return f"preflight: {word} ({n_ok} ok, {n_open} cannot tell)"

    def _shown(self, width: int) -> Iterator[str]:
        if self.examples:
            yield from ("", "Examples: is this what the model should read, and answer?")
        for line in self.examples:
            yield from (f"  {part}" for part in wrapped(escaped(line), width - 2, 2))


def _fix(answer: Answer, width: int) -> list[str]:
    if answer.fix is None:
        return []
    from descentry.diagnosis.catalogue import load

    width = max(20, width)
    see = wrapped(f"See: descentry explain {answer.cause}", width) if answer.cause in load().causes else []
    return [*wrapped(f"Fix: {answer.fix}", width), *see]


def _entry(one: Checked) -> dict[str, object]:
    answer = one.answer
    return {
        "check": one.id,
        "title": one.title,
        "verdict": str(answer.verdict),
        "statement": answer.statement,
        "measured": dict(answer.measured),
        "cause": answer.cause,
        "fix": answer.fix,
        "seconds": one.seconds,
    }
