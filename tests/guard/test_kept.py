"""States as bytes: exact, and nothing else is ever made from them."""

import base64
import pickle
import pickletools
import zlib
from typing import Any

import pytest

from descentry.guard.kept import dumps, loads, packed, unpacked
from descentry.guard.wall import Wall
from descentry.record.errors import UsageError


class _Calls:
    def __init__(self, call: Any, *args: Any) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.args


def _global(module: str, name: str) -> bytes:
    """A pickle that asks for `module.name` and calls it without arguments."""
    words = b"".join(b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name))
    return b"\x80\x04" + words + b"\x93)R."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("posix", "getpid"), ("numpy", "load"),
        ("descentry.guard.kept", "loads"), ("descentry.guard.kept", "pickle.Unpickler"),
        ("descentry.watch.sinks.command", "subprocess.Popen"), ("descentry.watch.sinks.command", "Command"),
        ("descentry.guard.reading", "Path"), ("descentry.guard.monitor", "Wall"),
        ("descentry.record.errors", "UsageError"),
        ("descentry.__main__", "main"), ("descentry", "Guard"), ("descentry.guard", "guard"),
        ("descentry.guard.none", "X"),
    ],
)  # fmt: skip
def test_strangers_are_refused(module: str, name: str) -> None:
    with pytest.raises(UsageError, match="state"):
        loads(_global(module, name))


def test_functions_are_not_called() -> None:
    with pytest.raises(UsageError, match="no part of one"):
        loads(pickle.dumps(_Calls(print, "evil")))


def test_its_own_types_come_back() -> None:
    wall = Wall("x", 3, ["a"])
    assert loads(dumps({"wall": wall, "n": {1, 2}})) == {"wall": wall, "n": {1, 2}}
    assert unpacked(packed(b"abc" * 1000)) == b"abc" * 1000


@pytest.mark.parametrize("cut", [0, 1, 5, 20, 60])
def test_torn_bytes_are_told(cut: int) -> None:
    whole = dumps(Wall("x", 3, ["a"]))
    with pytest.raises(UsageError):
        loads(whole[:cut])
    with pytest.raises(UsageError):
        unpacked(packed(whole)[:cut])


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("descentry.guard.kept.MAX_BYTES", 1000)
    bomb = base64.b64encode(zlib.compress(b"\0" * 100_000)).decode()
    with pytest.raises(UsageError, match="more than 1000 bytes"):
        unpacked(bomb)


def test_a_real_state_asks_for_plain_types_only() -> None:
    from tests.guard.made import at_once, driven, rows

    guard = at_once(act=True)
    driven(guard, rows(700, loss={500: 30.0, 501: 30.0}))
    told = guard._state(guard.monitor.dump())
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(dumps(told))}
    assert not opcodes & {"INST", "OBJ", "EXT1", "PERSID", "BINPERSID"}
    assert isinstance(loads(dumps(told)), dict)
    loads(guard.monitor.dump())
