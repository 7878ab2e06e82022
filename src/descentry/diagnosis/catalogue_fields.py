"""One table of a catalogue file, read field by field, with errors that name the entry."""

import math
from collections.abc import Mapping

from descentry.record.errors import DamagedError

MEND = "mend the entry or install the package anew"


class Fields:
    """The fields of one entry.  `where` names it in errors (`causes/loop.toml [lr_zero]`).

    Each reader returns the field's value in its type, or raises DamagedError when the field is missing
    (unless it has a default) or of another type.  `close` refuses fields that nobody asked for.
    """

    def __init__(self, where: str, id_: str, table: object) -> None:
        self.where = where
        self.id = id_
        if not isinstance(table, dict):
            raise self.error(f"is {table!r}, expected a table")
        self._table: dict[str, object] = table
        self._asked: set[str] = set()

    def error(self, problem: str) -> DamagedError:
        return DamagedError(self.where, problem, MEND)

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"`{name}` is {value!r}, expected a sentence")
        return value

    def number(self, name: str) -> float:
        return self._finite(name, self._take(name))

    def rank(self, name: str) -> int | None:
        value = self._take(name, None)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self.error(f"`{name}` is {value!r}, expected a whole number")

    def flag(self, name: str) -> bool:
        value = self._take(name, False)
        if not isinstance(value, bool):
            raise self.error(f"`{name}` is {value!r}, expected true or false")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """A list of ids without doubles; empty where the field is missing."""
        return self._words(name, self._take(name, ()))

    def weights(self, name: str) -> dict[str, float]:
        return {key: self._finite(f"{name}.{key}", value) for key, value in self._mapping(name).items()}

    def word_lists(self, name: str) -> dict[str, tuple[str, ...]]:
        return {key: self._words(f"{name}.{key}", value) for key, value in self._mapping(name).items()}

    def tables(self, name: str) -> list["Fields"]:
        value = self._take(name, ())
        if not isinstance(value, list | tuple):
            raise self.error(f"`{name}` is {value!r}, expected tables")
        return [Fields(f"{self.where} {name}[{i}]", self.id, table) for i, table in enumerate(value)]

    def triples(self, name: str) -> list[tuple[str, str, float]]:
        value = self._take(name)
        if not isinstance(value, list) or not value:
            raise self.error(f"`{name}` is {value!r}, expected a list of [fact, operator, number]")
        return [self._triple(name, item) for item in value]

    def close(self) -> None:
        extra = sorted(self._table.keys() - self._asked)
        if extra:
            raise self.error(f"has fields that nothing reads: {', '.join(extra)}")

    def _take(self, name: str, *default: object) -> object:
        self._asked.add(name)
        if name in self._table:
            return self._table[name]
        if default:
            return default[0]
        raise self.error(f"`{name}` is missing")

    def _mapping(self, name: str) -> Mapping[str, object]:
        value = self._take(name, {})
        if not isinstance(value, dict):
            raise self.error(f"`{name}` is {value!r}, expected a table")
        return value

    def _words(self, name: str, value: object) -> tuple[str, ...]:
        items = tuple(value) if isinstance(value, list | tuple) else (None,)
        words = tuple(item for item in items if isinstance(item, str))
        if len(words) != len(items) or len(set(words)) != len(words):
            raise self.error(f"`{name}` is {value!r}, expected a list of ids without doubles")
        return words

    def _triple(self, name: str, item: object) -> tuple[str, str, float]:
        match item:
            case [str(fact), str(operator), value]:
                return fact, operator, self._finite(name, value)
        raise self.error(f"`{name}` holds {item!r}, expected [fact, operator, number]")

    def _finite(self, name: str, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        raise self.error(f"`{name}` is {value!r}, expected a finite number")
