"""``torch.cuda``'s streams and events, as those of the device that CUDA requests go to."""

from __future__ import annotations

import itertools
import threading
from typing import NoReturn

import torch

from torchdet.runtime import streams
from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.masquerade.cuda_only import CudaOnlyError
from torchdet.runtime.masquerade.home import home_module
from torchdet.runtime.masquerade.stand_in import function_stand_in
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.streams import Event, HostEvent, HostStream, MpsStream, Stream

_HIGHEST_PRIORITY = -5  # what CUDA's devices of the simulated capability have


class _Current(threading.local):
    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}


_current = _Current()
_defaults: dict[str, Stream] = {}
_defaults_lock = threading.Lock()
_ids = itertools.count()


class QueueStream:
    """A stream of a device with one queue, under CUDA's attributes: it is always that queue.

    As with CUDA's, ``with stream:`` makes it the current one. Numbers that point into CUDA's
    library are the stream's own.
    """

    def __init__(self, mode: RedirectMode, priority: int = 0) -> None:
        self._mode = mode
        self._stream = streams.make_stream(torch, mode.home, priority)
        self._outer: list[Stream] = []
        self.device = mode.presented(mode.home)
        self.device_index = self.device.index or 0
        self.priority = min(max(priority, _HIGHEST_PRIORITY), 0)
        self.stream_id = self.cuda_stream = next(_ids)

    @staticmethod
    def priority_range() -> tuple[int, int]:
        """Return the least and the greatest priority; a lower number is more urgent."""
        return 0, _HIGHEST_PRIORITY

    def __enter__(self) -> QueueStream:
        self._outer.append(current_stream(self._mode))
        set_stream(self._mode, self)
        return self

    def __exit__(self, *error: object) -> None:
        set_stream(self._mode, self._outer.pop())

    def synchronize(self) -> None:
        self._stream.synchronize()

    def query(self) -> bool:
        return self._stream.query()

    def record_event(self, event: Event | None = None) -> Event:
        recorded = make_event(self._mode) if event is None else event
        recorded.record()
        return recorded

    def wait_event(self, event: Event) -> None:
        event.wait()

    def wait_stream(self, stream: Stream) -> None:
        self._stream.wait_stream(stream._stream if isinstance(stream, QueueStream) else stream)


STATICS = {"Stream": {"priority_range": staticmethod(QueueStream.priority_range)}}
"""What programs ask of the classes themselves, by the name of the class."""


def is_stream(value: object) -> bool:
    return isinstance(value, (QueueStream, HostStream, MpsStream, torch._C.Stream))


class QueueEvent:
    """An event of a device with one queue, under CUDA's signatures: any stream is that queue."""

    def __init__(self, event: Event, device: torch.device | None = None) -> None:
        self._event = event
        self.device = device
        self.event_id = self.cuda_event = next(_ids)

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

    def ipc_handle(self) -> NoReturn:
        """Raise `CudaOnlyError`: no other process can wait for this event."""
        raise CudaOnlyError("events that other processes share need CUDA")


def is_event(value: object) -> bool:
    return isinstance(value, (QueueEvent, HostEvent, torch._C.Event))


def make_stream(
    mode: RedirectMode, device: object = None, priority: int = 0, **kwargs: object
) -> Stream:
    if kwargs:
        raise UnsupportedOnDeviceError(f"a stream of {mode.home} cannot be made from {kwargs}")
    if device is not None:
        mode.explicit(device, torch.cuda.Stream)
    if home_module(mode) is None:
        return QueueStream(mode, priority)
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
    has_one_queue = home_module(mode) is None
    return QueueEvent(event, mode.presented(mode.home)) if has_one_queue else event


def default_stream(mode: RedirectMode, device: object = None) -> Stream:  # noqa: ARG001
    """The stream of work that was sent to none; where torch keeps streams, the first one seen."""
    key = _key(mode)
    with _defaults_lock:
        if key not in _defaults:
            keeps = home_module(mode) is not None
            _defaults[key] = (
                streams.current_stream(torch, mode.home) if keeps else QueueStream(mode)
            )
        return _defaults[key]


def _key(mode: RedirectMode) -> str:
    return f"{mode.home} as {mode.presented(mode.home)}"


def current_stream(mode: RedirectMode, device: object = None) -> Stream:
    if home_module(mode) is not None:
        return streams.current_stream(torch, mode.home)
    return _current.streams.get(_key(mode)) or default_stream(mode, device)


def set_stream(mode: RedirectMode, stream: Stream | None) -> None:
    if stream is None:
        return
    module = home_module(mode)
    if module is not None:
        module.set_stream(stream)
    else:
        _current.streams[_key(mode)] = _checked(stream)


class StreamBlock:
    """``with torch.cuda.stream(s)``; None changes nothing."""

    def __init__(self, mode: RedirectMode, stream: Stream | None) -> None:
        self._mode = mode
        self.stream = stream
        self._before: list[Stream] = []

    def __enter__(self) -> None:
        self._before.append(current_stream(self._mode))
        set_stream(self._mode, self.stream)

    def __exit__(self, *error: object) -> None:
        set_stream(self._mode, self._before.pop())


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
