"""What docs/runtime/bits.md says: these change the bits, each repeats, and how to do without."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from torchdet.runtime import derive_seed


class Drawn(Dataset):
    """Eight samples, each its index and a draw of the worker that reads it."""

    def __init__(self, by_sample=False):
        self.by_sample = by_sample

    def __len__(self):
        return 8

    def __getitem__(self, index):
        generator = None
        if self.by_sample:
            generator = torch.Generator().manual_seed(derive_seed(7, salt=str(index)))
        return torch.cat([torch.tensor([float(index)]), torch.rand(1, generator=generator)])


def epochs(rt, count=1, by_sample=False, **options):
    chosen = {"batch_size": 2, "num_workers": 2, "shuffle": True, **options}
    loader = DataLoader(Drawn(by_sample), **rt.dataloader_options(3), **chosen)
    read = [torch.cat(list(loader)) for _ in range(count)]
    del loader
    return read


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_the_number_of_threads(torch_handle, threads):
    torch_handle.manual_seed(0)
    values, image = torch.randn(1_000_003), torch.randn(4, 16, 32, 32)
    weight = torch.randn(8, 16, 3, 3, requires_grad=True)

    def computed(count):
        threads(count)
        weight.grad = None
        torch.nn.functional.conv2d(image, weight).sum().backward()
        return torch.cat([values.sum()[None], values.mean()[None], weight.grad.flatten()])

    alone = computed(1)
    assert torch.equal(alone, computed(1))
    assert torch.equal(computed(4), computed(4))
    assert not torch.equal(alone, computed(4))
    torch.testing.assert_close(alone, computed(4), rtol=1e-3, atol=1e-2)


def test_the_number_of_workers_changes_the_draws_and_not_the_order(torch_handle):
    [two], [again], [one] = (epochs(torch_handle, num_workers=count) for count in (2, 2, 1))
    assert torch.equal(two, again)
    assert torch.equal(two[:, 0], one[:, 0])
    assert not torch.equal(two[:, 1], one[:, 1])


def test_workers_that_persist_go_on_drawing(torch_handle):
    anew, anew_again, on, on_again = (
        epochs(torch_handle, 2, persistent_workers=stays) for stays in (False, False, True, True)
    )
    assert torch.equal(torch.cat(anew), torch.cat(anew_again))
    assert torch.equal(torch.cat(on), torch.cat(on_again))
    assert torch.equal(anew[0], on[0])
    assert not torch.equal(anew[1][:, 0], on[1][:, 0])
    assert not torch.equal(anew[1][:, 1], on[1][:, 1])


def test_the_batch_size_and_accumulated_gradients(torch_handle):
    torch_handle.manual_seed(0)
    layer, values = torch.nn.Linear(512, 64), torch.randn(32, 512)

    def gradient(batches):
        layer.weight.grad = None
        for batch in values.chunk(batches):
            (layer(batch).square().sum() / values.numel()).backward()
        return layer.weight.grad

    whole = gradient(1)
    assert torch.equal(whole, gradient(1))
    assert not torch.equal(whole, gradient(2))
    torch.testing.assert_close(whole, gradient(2))
    [twos], [fours] = (epochs(torch_handle, batch_size=size) for size in (2, 4))
    assert torch.equal(twos[:, 0], fours[:, 0])
    assert not torch.equal(twos[:, 1], fours[:, 1])


def test_draws_by_sample_depend_on_none_of_them(torch_handle):
    [expected] = epochs(torch_handle, by_sample=True)
    for other in ({"num_workers": 0}, {"num_workers": 1}, {"batch_size": 4}):
        [read] = epochs(torch_handle, by_sample=True, **other)
        assert torch.equal(read, expected)
