"""Batches: a position that was kept is gone back to exactly, across epochs and ways of shuffling."""

import sys

import pytest

torch = pytest.importorskip("torch")

from tests.integrations.pytorch.small import loader  # noqa: E402

from descentry.integrations.pytorch import Batches  # noqa: E402


def drawn(batches: Batches, n: int) -> list[float]:
    return [float(next(batches)[0].sum()) for _ in range(n)]


@pytest.mark.parametrize("at", [0, 1, 9, 10, 13, 25])
def test_the_same_batches_follow_as_did_then(at: int) -> None:
    torch.manual_seed(0)
    batches = Batches(loader())
    drawn(batches, at)
    state, random = batches.state_dict(), torch.get_rng_state()
    first = drawn(batches, 17)
    torch.set_rng_state(random)
    batches.load_state_dict(state)
    assert drawn(batches, 17) == first


def test_a_loader_with_its_own_generator() -> None:
    generator = torch.Generator().manual_seed(3)
    points = torch.utils.data.TensorDataset(torch.arange(12.0))
    batches = Batches(torch.utils.data.DataLoader(points, 2, shuffle=True, generator=generator), generator)
    drawn(batches, 8)
    state = batches.state_dict()
    first = drawn(batches, 9)
    batches.load_state_dict(state)
    assert drawn(batches, 9) == first


def test_going_back_leaves_the_random_state_alone() -> None:
    batches = Batches(loader())
    drawn(batches, 3)
    before = torch.get_rng_state()
    batches.load_state_dict(batches.state_dict())
    assert torch.equal(torch.get_rng_state(), before)


def test_skipping_is_drawing() -> None:
    torch.manual_seed(0)
    one = Batches(loader())
    rest = drawn(one, 12)[7:]
    torch.manual_seed(0)
    other = Batches(loader())
    other.skip(7)
    assert drawn(other, 5) == rest


def test_an_iterator_of_epochs_is_what_a_plain_loop_draws() -> None:
    torch.manual_seed(0)
    of = loader()
    plain = [float(batch[0].sum()) for _ in range(3) for batch in of]
    torch.manual_seed(0)
    assert drawn(Batches(loader()), 30) == plain


def test_no_batches_end_it() -> None:
    with pytest.raises(StopIteration):
        next(Batches([]))


def test_a_sampler_that_wants_the_epoch_is_told() -> None:
    class Sampled(list[tuple[torch.Tensor]]):
        epochs: list[int] = []  # noqa: RUF012

        def set_epoch(self, epoch: int) -> None:
            self.epochs.append(epoch)

    drawn(Batches(Sampled([(torch.zeros(1),)])), 3)
    assert Sampled.epochs == [0, 1, 2]


def test_a_loader_with_processes_of_its_own() -> None:
    if "jax" in sys.modules:
        pytest.skip("JAX's threads do not live through a fork")
    data = torch.utils.data.TensorDataset(torch.arange(40.0))
    torch.manual_seed(0)
    batches = Batches(torch.utils.data.DataLoader(data, 4, shuffle=True, num_workers=2))
    drawn(batches, 13)
    state, random = batches.state_dict(), torch.get_rng_state()
    first = drawn(batches, 12)
    torch.set_rng_state(random)
    batches.load_state_dict(state)
    assert drawn(batches, 12) == first
