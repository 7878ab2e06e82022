"""The factor on the learning rate: for good, and for so many steps."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _Spell:
    """A factor until a step, that one excluded."""

    until: int
    factor: float


@dataclass
class Rates:
    """What the guard asked the learning rate to be multiplied by.  `step`: the one that is trained now."""

    lasting: float = 1.0
    step: int = 0
    _spells: list[_Spell] = field(default_factory=list)

    def scale(self, factor: float, for_steps: int | None, after: int = 0) -> None:
        """From the update of this step on, or of one `after` it, for so many steps; None: for good."""
        if for_steps is None:
            self.lasting *= factor
        else:
            self._spells.append(_Spell(self.step + after + for_steps, factor))

    def begin(self, step: int) -> None:
        """Another step begins."""
        self.step = step
        self._spells = [spell for spell in self._spells if spell.until > step]

    @property
    def factor(self) -> float:
        """All of them together."""
        factor = self.lasting
        for spell in self._spells:
            factor *= spell.factor
        return factor
