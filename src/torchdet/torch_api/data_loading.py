"""PyTorch's classes and functions that load data."""

from __future__ import annotations

from functools import cache

from torchdet.torch_api.public_names import classes_of, qualified

DATA_LOADERS = ("torch.utils.data.DataLoader", "torch.utils.data.dataloader.DataLoader")
"""The data loader, in both public spellings."""

DISTRIBUTED_SAMPLERS = (
    "torch.utils.data.DistributedSampler",
    "torch.utils.data.distributed.DistributedSampler",
)
"""The sampler that gives each process a part, in another order after each `set_epoch`."""

RANDOM_SAMPLERS = {
    "torch.utils.data.RandomSampler": 3,
    "torch.utils.data.SubsetRandomSampler": 1,
    "torch.utils.data.WeightedRandomSampler": 3,
    "torch.utils.data.sampler.RandomSampler": 3,
    "torch.utils.data.sampler.SubsetRandomSampler": 1,
    "torch.utils.data.sampler.WeightedRandomSampler": 3,
}
"""Samplers that draw: the position of `generator`."""

RANDOM_SPLITS = {"torch.utils.data.random_split": 2, "torch.utils.data.dataset.random_split": 2}
"""Functions that split a data set at random: the position of `generator`."""

CPU_SAMPLERS = (*DATA_LOADERS, *RANDOM_SAMPLERS, *RANDOM_SPLITS)
"""What draws on the CPU with the generator that it is given."""


@cache
def datasets() -> frozenset[str]:
    """Base classes of data sets, those of torchvision included."""
    vision = qualified(
        "torchvision.datasets", "VisionDataset ImageFolder DatasetFolder CocoDetection"
    )
    return classes_of("data set") | vision
