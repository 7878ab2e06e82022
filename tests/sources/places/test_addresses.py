"""Addresses of files here, and of kinds that nobody knows."""

from pathlib import Path

import pytest

from descentry.record.errors import UnreadableError
from descentry.sources.collect import collect
from descentry.sources.places.addresses import local
from descentry.sources.places.targets import all_logs

LOG = b"step,loss\n1,2.5\n2,2.25\n3,2\n4,1.75\n"


@pytest.mark.parametrize("spelled", ["file://{}", "file://localhost{}", "FILE://{}", "sqlite:///{}"])
def test_an_address_of_a_file_here_is_that_file(tmp_path: Path, spelled: str) -> None:
    (tmp_path / "my run.csv").write_bytes(LOG)
    path = str(tmp_path / "my run.csv").replace(" ", "%20")
    (log,) = all_logs(spelled.format(path))
    assert log.run == "my run"
    assert collect(log).curves["loss"].values.tolist() == [2.5, 2.25, 2.0, 1.75]
    assert [log.run for log in all_logs(spelled.format(tmp_path))] == ["my run"]


def test_a_path_from_here_is_taken_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_bytes(LOG)
    monkeypatch.chdir(tmp_path)
    assert [log.run for log in all_logs("sqlite:///a.csv")] == ["a"]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:///x.db", "x.db"),
        ("sqlite:////var/x.db", "/var/x.db"),
        ("sqlite+pysqlite:////var/x.db?mode=ro", "/var/x.db"),
        ("sqlite:///C:/x.db", "C:/x.db"),
        ("file:///C:/x.db", "C:/x.db"),
        ("file:///a%3Fb#c", "/a?b#c"),
        ("s3://bucket/a", None),
        ("x.db", None),
    ],
)
def test_what_an_address_stands_for(address: str, path: str | None) -> None:
    assert local(address) == path


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("foo://x", "is an address of an unknown kind (foo://); expected one of s3://, gs://"),
        ("gcs://x/y", "is an address of an unknown kind (gcs://); did you mean gs://?"),
        ("postgress://x/y", "did you mean postgres"),
        ("file://", "names no file; expected file:///path"),
        ("file://server/share/a.csv", "names a file of another machine (server)"),
        ("sqlite://", "names no file; expected sqlite:///path"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/x.db", "names a server (host)"),
    ],
)
def test_addresses_that_lead_nowhere_are_told_in_one_line(address: str, words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        all_logs(address)
    said = str(caught.value)
    assert said.startswith(f"{address}: ")
    assert words in said
    assert "\n" not in said
