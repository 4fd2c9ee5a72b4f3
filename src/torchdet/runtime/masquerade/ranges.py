"""NVTX ranges where there is no NVTX: they nest and count as CUDA's do, and mark nothing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torchdet.runtime.redirect.mode import RedirectMode


class _Depth(threading.local):
    value = 0


_depth = _Depth()
_ids = itertools.count(1)


def range_push(mode: RedirectMode, msg: str) -> int:  # noqa: ARG001
    """Return the zero-based depth of the range that begins."""
    _depth.value += 1
    return _depth.value - 1


def range_pop(mode: RedirectMode) -> int:  # noqa: ARG001
    """Return the zero-based depth of the range that ends; -1 when none is open, as NVTX does."""
    if _depth.value == 0:
        return -1
    _depth.value -= 1
    return _depth.value


def range_start(mode: RedirectMode, msg: str) -> int:  # noqa: ARG001
    return next(_ids)


def nothing(mode: RedirectMode, *args: object, **kwargs: object) -> None:
    """For marks and starts that a tool of CUDA would see."""


class NoAnnotations:
    """``emit_nvtx()`` where there is no NVTX: operations run without ranges around them."""

    def __init__(
        self,
        mode: RedirectMode,  # noqa: ARG002 - the protocol's signature
        enabled: bool = True,
        record_shapes: bool = False,
    ) -> None:
        self.enabled = enabled
        self.record_shapes = record_shapes

    def __enter__(self) -> NoAnnotations | None:
        return self if self.enabled else None

    def __exit__(self, *error: object) -> None:
        pass


@contextmanager
def range_block(mode: RedirectMode, msg: str, *args: object, **kwargs: object) -> Iterator[None]:
    range_push(mode, msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop(mode)


@contextmanager
def range_of_profile(mode: RedirectMode, *args: object, **kwargs: object) -> Iterator[None]:  # noqa: ARG001
    """``with torch.mps.profiler.profile()``: a tool of Apple's would see the block."""
    yield
