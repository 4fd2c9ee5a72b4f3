"""Streams and events on every device.

CUDA and XPU have real ones, and those are handed out as they are. MPS has one queue and real
events. On the CPU every operation has finished when its call returns, so a stream there is an
order that always holds, and an event is the host's clock at the moment it was recorded: ordering
and timing are true, with nothing to wait for.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from torchdet.runtime.device_module import device_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import torch

_NANOSECONDS_PER_MILLISECOND = 1_000_000


class Event(Protocol):
    """What an event of any device can do; `elapsed_time` is in milliseconds."""

    def record(self) -> None: ...

    def wait(self) -> None: ...

    def query(self) -> bool: ...

    def synchronize(self) -> None: ...

    def elapsed_time(self, end_event: Event, /) -> float: ...


class Stream(Protocol):
    """What a stream of any device can do."""

    def synchronize(self) -> None: ...

    def query(self) -> bool: ...

    def record_event(self, event: Event | None = None) -> Event: ...

    def wait_event(self, event: Event) -> None: ...

    def wait_stream(self, stream: Stream) -> None: ...


class HostEvent:
    """An event of the CPU: the host's monotonic clock when it was recorded.

    As on CUDA, an event that was never recorded counts as finished, and timing needs
    `enable_timing`.
    """

    def __init__(self, enable_timing: bool = False) -> None:
        self.enable_timing = enable_timing
        self._recorded_at: int | None = None

    def record(self, stream: Stream | None = None) -> None:  # noqa: ARG002  # CUDA's signature
        """Take the time; all earlier work of this thread has finished."""
        self._recorded_at = time.perf_counter_ns()

    def wait(self, stream: Stream | None = None) -> None:
        """Return at once: what was recorded has finished."""

    def query(self) -> bool:
        """Tell whether the recorded work has finished, which on the CPU it always has."""
        return True

    def synchronize(self) -> None:
        """Return at once: what was recorded has finished."""

    def elapsed_time(self, end_event: Event, /) -> float:
        """Return the milliseconds from this event to `end_event`.

        Raises `RuntimeError` if either was made without timing or never recorded, as CUDA does,
        and `TypeError` for an event of another device.
        """
        if not isinstance(end_event, HostEvent):
            raise TypeError(f"expected an event of the CPU, got {type(end_event).__name__}")
        if not (self.enable_timing and end_event.enable_timing):
            raise RuntimeError("both events must be created with enable_timing=True")
        if self._recorded_at is None or end_event._recorded_at is None:
            raise RuntimeError("both events must be recorded before the time between them is asked")
        return (end_event._recorded_at - self._recorded_at) / _NANOSECONDS_PER_MILLISECOND


class HostStream:
    """A stream of the CPU: work runs when it is called, so order holds without waiting."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def synchronize(self) -> None:
        """Return at once: nothing is pending."""

    def query(self) -> bool:
        """Tell whether all work has finished, which on the CPU it always has."""
        return True

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event (a new one that takes no time, if none is given) and return it."""
        recorded = HostEvent() if event is None else event
        recorded.record()
        return recorded

    def wait_event(self, event: Event) -> None:
        """Wait for an event; one of an accelerator blocks the host until it has happened."""
        event.synchronize()

    def wait_stream(self, stream: Stream) -> None:
        """Wait for all work of another stream."""
        stream.synchronize()


class MpsStream:
    """The one queue of MPS, under the interface of a stream."""

    def __init__(self, torch: ModuleType, device: torch.device) -> None:
        self._mps: ModuleType = torch.mps
        self.device = device

    def synchronize(self) -> None:
        """Wait until the device has finished."""
        self._mps.synchronize()

    def query(self) -> bool:
        """Tell whether all work submitted so far has finished."""
        return self.record_event().query()

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event in the queue and return it."""
        recorded: Event = self._mps.event.Event() if event is None else event
        recorded.record()
        return recorded

    def wait_event(self, event: Event) -> None:
        """Let later work wait for the event."""
        event.wait()

    def wait_stream(self, stream: Stream) -> None:
        """Wait for another device's stream; another stream of MPS is the same queue."""
        if not isinstance(stream, MpsStream):
            stream.synchronize()


# The stream that is current in this thread, for devices where torch keeps none.
_current = threading.local()


# Device types whose streams are this module's, because torch has none of its own for them.
_WITHOUT_STREAMS = ("cpu", "mps")


def make_stream(torch: ModuleType, device: torch.device, priority: int) -> Stream:
    """Make a stream; a lower priority number is more urgent, where the device knows any."""
    if device.type == "cpu":
        return HostStream(device)
    if device.type == "mps":
        return MpsStream(torch, device)
    module = device_module(torch, device, "Stream", "streams")
    return cast("Stream", module.Stream(device=device, priority=priority))


def make_event(torch: ModuleType, device: torch.device, enable_timing: bool) -> Event:
    """Make an event; with `enable_timing` it can tell the time to another one."""
    if device.type == "cpu":
        return HostEvent(enable_timing)
    if device.type == "mps":
        return cast("Event", torch.mps.event.Event(enable_timing=enable_timing))
    module = device_module(torch, device, "Event", "events")
    return cast("Event", module.Event(enable_timing=enable_timing))


def current_stream(torch: ModuleType, device: torch.device) -> Stream:
    """Return the stream that work on the device goes to in this thread."""
    if device.type not in _WITHOUT_STREAMS:
        module = device_module(torch, device, "current_stream", "streams")
        return cast("Stream", module.current_stream(device))
    stack: list[Stream] = getattr(_current, "stack", [])
    for stream in reversed(stack):
        if getattr(stream, "device", None) == device:
            return stream
    return make_stream(torch, device, 0)


def use_stream(
    torch_module: ModuleType, stream: Stream | torch.Stream
) -> AbstractContextManager[object]:
    """Return a context in which work of this thread goes to the stream."""
    if isinstance(stream, (HostStream, MpsStream)):
        return _host_context(stream)
    if not hasattr(stream, "device"):
        raise TypeError(f"expected a stream, got {type(stream).__name__}")
    device = cast("torch.Stream", stream).device
    module = device_module(torch_module, device, "stream", "streams")
    return cast("AbstractContextManager[object]", module.stream(stream))


@contextmanager
def _host_context(stream: Stream) -> Iterator[Stream]:
    stack: list[Stream] = _current.__dict__.setdefault("stack", [])
    stack.append(stream)
    try:
        yield stream
    finally:
        stack.pop()


def synchronize(torch: ModuleType, device: torch.device) -> None:
    """Wait until the device has finished all work; on the CPU there is nothing to wait for."""
    if device.type == "cpu":
        return
    module = device_module(torch, device, "synchronize", "synchronisation")
    if device.type == "mps":
        module.synchronize()
    else:
        module.synchronize(device)
