"""The override mode: every torch call of a thread passes through it while redirection is on."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._device import DeviceContext

from torchdet.runtime.devices import ConcreteDevice, Machine, RedirectionRow
from torchdet.runtime.redirect.answer_mode import AnswerMode
from torchdet.runtime.redirect.call_site import Caller, caller, is_traced_graph
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
_FRAMES_OF_ONE_CALL = 6  # ours, and those of modes that the program has entered inside
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

    def __init__(self, machine: Machine, answers: AnswerMode) -> None:
        self.machine = machine
        self.answers = answers
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
        # A machine that has CUDA answers for itself.
        masquerades = scope.answers is AnswerMode.MASQUERADE
        self.is_masquerade = masquerades and not scope.machine.count("cuda")
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
        self, spec: object, func: object, who: Caller | None = None
    ) -> torch.device | None:
        """Return the device that replaces ``spec``, or None where torch gets it as it is.

        ``who`` is who asked, for requests that torch makes later on the program's behalf;
        otherwise it is found out, and what torch means itself is left alone.
        """
        target = self.target_of(spec)
        if target is None:
            return None
        if torch.compiler.is_compiling():
            return target.device  # a trace has no frames to look at, and no call site to report
        who = who or caller()
        row = target.redirected.row
        if who.entry is not None:
            # A device that is not there is refused by torch whoever asks for it.
            is_missing = row is RedirectionRow.ACCELERATOR and not who.is_compiler
            if not is_missing and not who.asked_for(spec):
                return None
        placed = func is torch.device or isinstance(spec, torch.device)
        if placed and row is RedirectionRow.CPU and is_traced_graph(who.line):
            return None
        return self._granted(target, func, who)

    def implicit(self, func: object) -> torch.device | None:
        """Return the device for a call that names none, or None where torch may decide."""
        bottom = _default_device_context()
        # If the program chose a default device, what it chose is an explicit request.
        target = self._implicit if bottom is None else self.target_of(bottom.device)
        if target is None:
            return None
        if torch.compiler.is_compiling():
            return target.device
        who = caller()
        is_missing = target.redirected.row is RedirectionRow.ACCELERATOR
        if not is_missing and not who.computes_for_the_program:
            return None
        return self._granted(target, func, who)

    def presented(self, device: torch.device) -> torch.device:
        """Return the device that the program is told of where a tensor lies on ``device``."""
        if not self.is_masquerade or device.type != self.home.type:
            return device
        return torch_device(ConcreteDevice("cuda", device.index or 0))

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

    def _granted(self, target: Target, func: object, who: Caller) -> torch.device | None:
        if self.stays_on_host and target.redirected.row in _TO_THE_ACCELERATOR:
            return None
        if target.toggles:
            self.cpu_override = not self.cpu_override
        else:
            SITES.redirected(who.line, func, target.redirected)
        return target.device


def torch_device(device: ConcreteDevice) -> torch.device:
    """Return the torch object of a device, as it is and not as the table would have it."""
    if device.index is None:
        return torch.device(device.type)
    return torch.device(device.type, device.index)


def is_made_here() -> bool:
    """Say whether the ``torch.device(...)`` that is being handled is redirection's own.

    It is read off the stack: a state that says so would stay behind when an interrupt hits.
    """
    frame = sys._getframe(1).f_back
    for _ in range(_FRAMES_OF_ONE_CALL):
        if frame is None:
            return False
        if frame.f_code is torch_device.__code__:
            return True
        frame = frame.f_back
    return False


def _default_device_context() -> DeviceContext | None:
    # set_default_device and `with torch.device(...)` keep one mode at the bottom of the stack.
    if torch._C._len_torch_function_stack() == 0:
        return None
    bottom = torch._C._get_function_stack_at(0)
    return bottom if isinstance(bottom, DeviceContext) else None
