"""Scalars of the real array libraries are logged as the numbers that they are, and arrays cost no row."""

from pathlib import Path

import pytest
from tests.log.written import rows, telling

import descentry

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_jax_scalars(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax", reason="needs the extra `real`")
    jnp = pytest.importorskip("jax.numpy")
    told: list[descentry.Log] = []

    def traced(x: object) -> object:
        told[0].write(9, loss=x)
        return x

    with telling("expected a number"), descentry.Log(tmp_path) as log:
        told.append(log)
        log.write(jnp.int32(3), loss=jnp.float32(0.1), half=jnp.bfloat16(0.5), nan=jnp.float32("nan"))
        log.write(4, loss=jnp.zeros(3), lr=0.5)
        jax.jit(traced)(1.0)
    first, second = rows(tmp_path)
    assert repr(first) == repr((3, {"loss": 0.10000000149011612, "half": 0.5, "nan": float("nan")}))
    assert second == (4, {"lr": 0.5})


def test_torch_scalars(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    loss = torch.tensor(0.1, requires_grad=True)
    with telling("expected a number"), descentry.Log(tmp_path) as log:
        log.write(
            torch.tensor(3), loss=loss, half=torch.tensor([0.5], dtype=torch.bfloat16), yes=torch.tensor(True)
        )
        log.write(4, loss=torch.zeros(3), lr=0.5)
        log.write(5, loss=torch.empty((), device="meta"), lr=0.5)
    assert rows(tmp_path) == [
        (3, {"loss": 0.10000000149011612, "half": 0.5, "yes": 1.0}),
        (4, {"lr": 0.5}),
        (5, {"lr": 0.5}),
    ]
