"""Deterministic versions of operations for which torch has none on some device.

They take the arguments of torch's functions of the same names and give equal results within
rounding, forwards and backwards, by operations that repeat their bits under the runtime's settings.
`python bench/deterministic.py` shows what each costs beside torch's own.

    from torchdet.runtime import deterministic

    upsampled = deterministic.interpolate(x, scale_factor=2, mode="bicubic")

Importing this package imports torch.
"""

from __future__ import annotations

from torchdet.runtime.deterministic.counting import bincount, histc
from torchdet.runtime.deterministic.losses import cross_entropy, ctc_loss, nll_loss
from torchdet.runtime.deterministic.placing import pad, put, put_, scatter_reduce
from torchdet.runtime.deterministic.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from torchdet.runtime.deterministic.sampling import grid_sample, interpolate
from torchdet.runtime.deterministic.selecting import median

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "bincount",
    "cross_entropy",
    "ctc_loss",
    "grid_sample",
    "histc",
    "interpolate",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "median",
    "nll_loss",
    "pad",
    "put",
    "put_",
    "scatter_reduce",
]
