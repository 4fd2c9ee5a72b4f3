"""``torch.cuda``'s streams and events, as those of the device that CUDA requests go to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from torchdet.runtime import streams
from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.masquerade.stand_in import function_stand_in, no_cuda
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.streams import Event, HostEvent, HostStream, MpsStream, Stream


class _Current(threading.local):
    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}


_current = _Current()
_defaults: dict[str, Stream] = {}
_defaults_lock = threading.Lock()


def is_stream(value: object) -> bool:
    return isinstance(value, (HostStream, MpsStream))


def is_event(value: object) -> bool:
    return isinstance(value, HostEvent) or type(value).__module__ == "torch.mps.event"


def make_stream(
    mode: RedirectMode, device: object = None, priority: int = 0, **kwargs: object
) -> Stream:
    if kwargs:
        raise UnsupportedOnDeviceError(f"a stream of {mode.home} cannot be made from {kwargs}")
    if device is not None:
        mode.explicit(device, torch.cuda.Stream)
    return streams.make_stream(torch, mode.home, priority)


def make_event(
    mode: RedirectMode,
    enable_timing: bool = False,
    blocking: bool = False,  # noqa: ARG001 - waiting here is always blocking
    interprocess: bool = False,
    external: bool = False,
) -> Event:
    if interprocess or external:
        raise UnsupportedOnDeviceError("events that other processes or graphs share need CUDA")
    return streams.make_event(torch, mode.home, enable_timing)


def default_stream(mode: RedirectMode, device: object = None) -> Stream:  # noqa: ARG001
    key = str(mode.home)
    with _defaults_lock:
        if key not in _defaults:
            _defaults[key] = streams.make_stream(torch, mode.home, 0)
        return _defaults[key]


def current_stream(mode: RedirectMode, device: object = None) -> Stream:
    return _current.streams.get(str(mode.home)) or default_stream(mode, device)


def set_stream(mode: RedirectMode, stream: Stream | None) -> None:
    if stream is not None:
        _current.streams[str(mode.home)] = _checked(stream)


@contextmanager
def stream_block(mode: RedirectMode, stream: Stream | None) -> Iterator[None]:
    """``with torch.cuda.stream(s)``; None changes nothing."""
    before = current_stream(mode)
    set_stream(mode, stream)
    try:
        yield
    finally:
        set_stream(mode, before)


def _checked(stream: Stream) -> Stream:
    value: object = stream
    if not is_stream(value) and not isinstance(value, torch.Stream):
        raise TypeError(f"expected a stream, got {type(stream).__name__}")
    return stream


def record_stream(original: object) -> object:
    """Make the stand-in of ``Tensor.record_stream``: only CUDA's allocator reuses by stream."""
    return function_stand_in(lambda mode, tensor, stream: None, no_cuda)(original)  # noqa: ARG005
