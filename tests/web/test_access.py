"""Tokens, their file, and the addresses that a server may be bound to."""

import stat
from pathlib import Path

import pytest

from descentry.record.errors import UnreadableError, UsageError
from descentry.web.access import Access, check_bind, fresh_token, hosts_of, token_in


def test_a_fresh_token_has_256_bits_and_is_another_each_time() -> None:
    assert len({fresh_token() for _ in range(50)}) == 50
    assert all(len(fresh_token()) == 43 for _ in range(5))


def test_the_cookie_does_not_give_the_token_away() -> None:
    access = Access(fresh_token(), frozenset())
    assert access.token not in access.cookie_value + access.cookie_name
    assert access.is_cookie(access.cookie_value)
    assert not access.is_cookie(access.token)
    assert not access.is_token("\udc80")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_is_free(host: str) -> None:
    check_bind(host, is_remote_allowed=False, has_token_file=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.4", "example.org", ""])
def test_another_address_needs_the_option_and_a_token_of_ones_own(host: str) -> None:
    check_bind(host, is_remote_allowed=True, has_token_file=True)
    for allowed, file in ((False, False), (True, False), (False, True)):
        with pytest.raises(UsageError, match="--allow-remote"):
            check_bind(host, is_remote_allowed=allowed, has_token_file=file)


def test_hosts_are_the_loopback_and_what_is_added() -> None:
    assert hosts_of("127.0.0.1", ("Train.Example",)) == {"localhost", "127.0.0.1", "::1", "train.example"}


def test_a_token_file_is_made_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = token_in(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_in(path) == token
    assert len(token) == 43


def test_a_token_file_that_others_may_read_or_that_is_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("x" * 43)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        token_in(path)
    path.chmod(0o600)
    for text in ("short", "x" * 30 + "\r\nset-cookie: a", "x" * 600):
        path.write_text(text)
        with pytest.raises(UsageError, match="expected 22 to 512"):
            token_in(path)
    with pytest.raises(UnreadableError):
        token_in(tmp_path / "missing" / "token")
