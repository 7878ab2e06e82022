"""What packed batches of Arrow claim to hold, against what pyarrow unpacks."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.formats.arrow_claims import claims
from descentry.record.errors import DamagedError
from descentry.sources.places.find import find

pa = pytest.importorskip("pyarrow")
pytestmark = pytest.mark.slow

N = 1000
FLAT = np.zeros(N)


def written(kind: str, packed: str | None, n_batches: int = 2) -> bytes:
    table = pa.table({"step": np.arange(N), "loss": FLAT, "tag": pa.array(["a"] * N).dictionary_encode()})
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=packed)
    with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(
        sink, table.schema, options=options
    ) as writer:
        for batch in table.to_batches() * n_batches:
            writer.write_batch(batch)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["file", "stream"])
@pytest.mark.parametrize("packed", ["zstd", "lz4"])
def test_a_claim_is_what_is_unpacked(kind: str, packed: str) -> None:
    found = list(claims(io.BytesIO(written(kind, packed))))
    n_bytes = N * (8 + 8 + 4)
    assert [claim for claim in found if claim > n_bytes / 2] == [n_bytes] * 2


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_what_is_not_packed_claims_nothing(kind: str) -> None:
    assert not any(claims(io.BytesIO(written(kind, None))))


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_a_claim_that_no_file_of_the_size_fills_is_refused(tmp_path: Path, kind: str) -> None:
    data = written(kind, "zstd")
    claim = struct.pack("<q", 8 * N)
    assert claim in data
    path = tmp_path / "a.arrow"
    path.write_bytes(data.replace(claim, struct.pack("<q", 2 << 30)))
    with pytest.raises(DamagedError, match="claims to hold"):
        find(path)


WHOLE = {(kind, packed): written(kind, packed) for kind in ("file", "stream") for packed in ("zstd", "lz4")}


@settings(deadline=None, max_examples=300)
@given(
    which=st.sampled_from(sorted(WHOLE)),
    edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), max_size=3),
    cut=st.integers(0, 1 << 16),
)
def test_no_bytes_raise(which: tuple[str, str], edits: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(WHOLE[which])
    for at, new in edits:
        data[at % len(data) : at % len(data) + len(new)] = new
    for part in (bytes(data), bytes(data[: cut % len(data)])):
        assert all(claim >= 0 for claim in claims(io.BytesIO(part)))
