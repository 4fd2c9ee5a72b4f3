"""The override mode: every torch call of a thread passes through it while redirection is on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._device import DeviceContext

from torchdet.runtime.devices import ConcreteDevice, Machine, RedirectionRow
from torchdet.runtime.redirect.call_site import is_traced_graph, program_frame
from torchdet.runtime.redirect.placement import Placement, implicit_placement, place
from torchdet.runtime.redirect.report import SITES, Redirected

Arguments = tuple[object, ...]
Keywords = Mapping[str, object]
TorchFunction = Callable[..., object]
Rule = Callable[["RedirectMode", TorchFunction, Arguments, Keywords], object]

REAL_CPU = torch.device("cpu")
"""The object that ``"cpu:-1"`` becomes. It is recognised by identity, because a torch.device
cannot say by its value that the CPU is meant for once."""

_CACHE_SIZE = 1024
_TO_THE_ACCELERATOR = (RedirectionRow.IMPLICIT, RedirectionRow.CPU)


@dataclass(frozen=True, slots=True)
class Target:
    """An answer of the table: its torch device, and what is reported about it."""

    device: torch.device
    toggles: bool
    redirected: Redirected


def _target(placement: Placement | None) -> Target | None:
    if placement is None:
        return None
    device = REAL_CPU if placement.toggles else torch_device(placement.device)
    redirected = Redirected(placement.asked, str(placement.device), placement.row)
    return Target(device, placement.toggles, redirected)


class Scope:
    """One use of redirection: the machine that it sees, and the modes of its threads.

    Threads outlive the block that started them; closing the scope turns their modes off.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._modes: set[RedirectMode] = set()
        self._lock = threading.Lock()
        self.is_open = True

    def enlist(self, mode: RedirectMode) -> None:
        """Take a mode in; it stays off when the scope is closed already."""
        with self._lock:
            mode.enabled = self.is_open
            self._modes.add(mode)

    def retire(self, mode: RedirectMode) -> None:
        """Turn a mode off whose thread or block has come to its end."""
        with self._lock:
            mode.enabled = False
            self._modes.discard(mode)

    def renew_lock(self) -> None:
        """Replace a lock that another thread may have held when this process was forked."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Turn every mode of the scope off, for good."""
        with self._lock:
            self.is_open = False
            for mode in self._modes:
                mode.enabled = False


class RedirectMode(TorchFunctionMode):
    """Rewrites the devices in torch calls by TorchDevice's table, for one thread.

    The CPU override belongs to the mode and so to the thread: two threads that each write
    ``"cpu:-1"`` do not cancel each other.
    """

    def __init__(
        self,
        scope: Scope,
        rules: Mapping[TorchFunction, Rule],
        *,
        override: bool,
        outer: RedirectMode | None,
    ) -> None:
        super().__init__()
        self.scope = scope
        self.machine = scope.machine
        self.rules = rules
        self.outer = outer
        self.cpu_override = override
        self.enabled = False
        # A forked child can use no accelerator that its parent has initialised.
        self.stays_on_host = False
        self.home = torch_device(scope.machine.home)
        self._implicit = _target(implicit_placement(scope.machine))
        # By the state of the override: what was asked before, and its answer.
        self._known: tuple[dict[object, Target | None], dict[object, Target | None]] = ({}, {})
        scope.enlist(self)

    def __torch_function__(
        self,
        func: TorchFunction,
        types: object,
        args: Arguments = (),
        kwargs: Keywords | None = None,
    ) -> object:
        if not self.enabled:
            return func(*args, **kwargs) if kwargs else func(*args)
        rule = self.rules.get(func)
        if rule is not None:
            return rule(self, func, args, kwargs or {})
        if not kwargs:
            return func(*args)
        if kwargs.get("device") is not None:
            target = self.explicit(kwargs["device"], func)
            if target is not None:
                kwargs = {**kwargs, "device": target}
        return func(*args, **kwargs)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leave this thread's calls alone for a block."""
        self.enabled = False
        try:
            yield
        finally:
            self.scope.enlist(self)

    @contextlib.contextmanager
    def resumed(self) -> Iterator[None]:
        """Redirect again for a block inside a pause: the program's own code runs there."""
        self.scope.enlist(self)
        try:
            yield
        finally:
            self.enabled = False

    def explicit(
        self, spec: object, func: object, frame: FrameType | None = None
    ) -> torch.device | None:
        """Return the device that replaces ``spec``, or None where torch gets it as it is.

        ``frame`` is the program's, for requests that torch makes later on its behalf; otherwise
        it is found, and torch's own bookkeeping is left alone.
        """
        target = self.target_of(spec)
        if target is None:
            return None
        placed = func is torch.device or isinstance(spec, torch.device)
        return self._granted(target, func, frame, maybe_placed=placed)

    def implicit(self, func: object) -> torch.device | None:
        """Return the device for a call that names none, or None where torch may decide."""
        bottom = _default_device_context()
        if bottom is not None:
            # The program chose a default device; what it chose is an explicit request.
            return self.explicit(bottom.device, func)
        return None if self._implicit is None else self._granted(self._implicit, func)

    def target_of(self, spec: object) -> Target | None:
        """Return the table's answer, or None where it leaves the request to torch."""
        if spec is REAL_CPU or isinstance(spec, bool):
            return None
        if not isinstance(spec, (str, int, torch.device)):
            return None
        known = self._known[self.cpu_override]
        if spec in known:
            return known[spec]
        if len(known) >= _CACHE_SIZE:
            known.clear()
        target = _target(place(spec, self.machine, cpu_override=self.cpu_override))
        known[spec] = target
        return target

    def _granted(
        self,
        target: Target,
        func: object,
        frame: FrameType | None = None,
        *,
        maybe_placed: bool = False,
    ) -> torch.device | None:
        if torch.compiler.is_compiling():
            return target.device  # a trace has no frames to look at, and no call site to report
        if self.stays_on_host and target.redirected.row in _TO_THE_ACCELERATOR:
            return None
        frame = frame or program_frame()
        if frame is None:
            return None
        is_cpu = maybe_placed and target.redirected.row is RedirectionRow.CPU
        if is_cpu and is_traced_graph(frame):
            return None
        if target.toggles:
            self.cpu_override = not self.cpu_override
        else:
            SITES.redirected(frame, func, target.redirected)
        return target.device


def torch_device(device: ConcreteDevice) -> torch.device:
    """Return the torch object of a device."""
    if device.index is None:
        return torch.device(device.type)
    return torch.device(device.type, device.index)


def _default_device_context() -> DeviceContext | None:
    # set_default_device and `with torch.device(...)` keep one mode at the bottom of the stack.
    if torch._C._len_torch_function_stack() == 0:
        return None
    bottom = torch._C._get_function_stack_at(0)
    return bottom if isinstance(bottom, DeviceContext) else None
