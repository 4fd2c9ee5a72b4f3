"""``torch.cuda``'s streams and events, as those of the device that CUDA requests go to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch

from torchdet.runtime import streams
from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.masquerade.home import home_module
from torchdet.runtime.masquerade.stand_in import function_stand_in
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.streams import Event, HostEvent, HostStream, MpsStream, Stream


class _Current(threading.local):
    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}


_current = _Current()
_defaults: dict[str, Stream] = {}
_defaults_lock = threading.Lock()


def is_stream(value: object) -> bool:
    return isinstance(value, (HostStream, MpsStream, torch.Stream))


class QueueEvent:
    """An event of a device with one queue, under CUDA's signatures: any stream is that queue."""

    def __init__(self, event: Event) -> None:
        self._event = event

    def record(self, stream: Stream | None = None) -> None:  # noqa: ARG002
        self._event.record()

    def wait(self, stream: Stream | None = None) -> None:  # noqa: ARG002
        self._event.wait()

    def query(self) -> bool:
        return self._event.query()

    def synchronize(self) -> None:
        self._event.synchronize()

    def elapsed_time(self, end_event: Event, /) -> float:
        """Return the milliseconds from this event to ``end_event``."""
        end = end_event._event if isinstance(end_event, QueueEvent) else end_event
        return self._event.elapsed_time(end)


def is_event(value: object) -> bool:
    return isinstance(value, (HostEvent, QueueEvent, torch.Event))


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
    event = streams.make_event(torch, mode.home, enable_timing)
    return QueueEvent(event) if mode.home.type == "mps" else event


def default_stream(mode: RedirectMode, device: object = None) -> Stream:  # noqa: ARG001
    """The stream of work that was sent to none; where torch keeps streams, the first one seen."""
    key = str(mode.home)
    with _defaults_lock:
        if key not in _defaults:
            keeps = home_module(mode) is not None
            make = streams.current_stream if keeps else _new_stream
            _defaults[key] = make(torch, mode.home)
        return _defaults[key]


def _new_stream(module: ModuleType, device: torch.device) -> Stream:
    return streams.make_stream(module, device, 0)


def current_stream(mode: RedirectMode, device: object = None) -> Stream:
    if home_module(mode) is not None:
        return streams.current_stream(torch, mode.home)
    return _current.streams.get(str(mode.home)) or default_stream(mode, device)


def set_stream(mode: RedirectMode, stream: Stream | None) -> None:
    if stream is None:
        return
    module = home_module(mode)
    if module is not None:
        module.set_stream(stream)
    else:
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
    if not is_stream(value):
        raise TypeError(f"expected a stream, got {type(stream).__name__}")
    return stream


def record_stream(original: object) -> object:
    """Make the stand-in of ``Tensor.record_stream``, which means nothing without streams."""
    return function_stand_in(lambda mode, tensor, stream: None, _has_no_streams)(original)  # noqa: ARG005


def _has_no_streams(mode: RedirectMode) -> bool:
    return not mode.machine.count("cuda") and home_module(mode) is None
