"""Onto what a project is migrated: the runtime's handle, plain PyTorch, or its own helper.

Codemods write what they mean by the names of the handle's operations. A target says which object
has them in a project, and by which names: for plain PyTorch it is an object that the migration
writes into the package, for a project's own helper the configuration's table tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from torchdet.edit.node_edit import (
    Enclose,
    InsertAfter,
    InsertArgument,
    InsertBefore,
    NodeEdit,
    Replace,
    ReplaceStatement,
    StatementsAfter,
    StatementsBefore,
)
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.model.fix import Applicability

_WRITING = (Replace, InsertBefore, InsertAfter, InsertArgument)
_ROWS = (ReplaceStatement, StatementsBefore, StatementsAfter)


@dataclass(frozen=True, slots=True)
class Target:
    """An object that has the handle's operations, by its ``operations``' names.

    ``module`` is the last part of the module that a package gets for it, or the whole name of one
    that the project has (``own``), and ``name`` what it exports. ``text`` is what a new module
    holds.
    """

    module: str
    name: str
    operations: Mapping[str, str] = field(hash=False)
    text: str = ""
    own: bool = False

    def answer(self, finding: Finding[object], outcome: Outcome, handle: str) -> Outcome:
        """``outcome`` in the words of this target; ``handle`` is the object's name in the file.

        What the object lacks is written as ``torchdet fix`` does, where that is safe.
        """
        answer = outcome if isinstance(outcome, Refuse) else self._rewritten(outcome, handle)
        plain = finding.fix
        if isinstance(answer, Rewrite):
            return answer
        if plain is not None and plain.applicability is Applicability.SAFE:
            return Rewrite(finding, plain.edits, plain.message, needs_handle=False)
        grounds = answer.grounds
        return Refuse(finding, replace(grounds, advice=self._spelled(grounds.advice, "rt")))

    def _rewritten(self, rewrite: Rewrite, handle: str) -> Outcome:
        texts = [text for edit in rewrite.edits for text in _texts(edit)]
        used = {name for text in texts for name in _operations(handle).findall(text)}
        missing = sorted(used - self.operations.keys())
        if missing:
            return Refuse(
                rewrite.finding,
                Grounds(
                    f"`{self.name}` has nothing for `{missing[0]}`",
                    "write it for the devices that the code must run on, behind a test of the type",
                ),
            )
        edits = tuple(self._edit(edit, handle) for edit in rewrite.edits)
        otherwise = rewrite.otherwise
        answer = None if otherwise is None else self._rewritten(otherwise, handle)
        return replace(
            rewrite,
            edits=edits,
            message=self._spelled(rewrite.message, handle),
            otherwise=answer if isinstance(answer, Rewrite) else None,
        )

    def _edit(self, edit: NodeEdit, handle: str) -> NodeEdit:
        if isinstance(edit, _WRITING):
            return replace(edit, text=self._spelled(edit.text, handle))
        if isinstance(edit, _ROWS):
            return replace(edit, rows=tuple(self._spelled(row, handle) for row in edit.rows))
        if isinstance(edit, Enclose):
            return replace(edit, header=self._spelled(edit.header, handle))
        return edit

    def _spelled(self, text: str, handle: str) -> str:
        def written(match: re.Match[str]) -> str:
            return f"{handle}.{self.operations.get(match[1], match[1])}"

        return _operations(handle).sub(written, text)


def _operations(handle: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(handle)}\.(\w+)")


def _texts(edit: NodeEdit) -> tuple[str, ...]:
    if isinstance(edit, _WRITING):
        return (edit.text,)
    if isinstance(edit, _ROWS):
        return edit.rows
    return (edit.header,) if isinstance(edit, Enclose) else ()


_ACCELERATOR = '''\
"""The accelerator of this machine, whoever made it, and the CPU where there is none."""

from __future__ import annotations

import contextlib
import time
from typing import Any, NamedTuple

import torch


class Memory(NamedTuple):
    """Bytes of a device that tensors take, now and at most; 0 where PyTorch does not count them."""

    allocated: int
    peak: int


class HostEvent:
    """An event of the CPU, where all work before it has finished: the time of its record."""

    recorded = 0.0

    def record(self, stream: Any = None) -> None:
        self.recorded = time.perf_counter()

    def wait(self, stream: Any = None) -> None: ...

    def synchronize(self) -> None: ...

    def query(self) -> bool:
        return True

    def elapsed_time(self, end_event: HostEvent) -> float:
        return 1000 * (end_event.recorded - self.recorded)


class Accelerator:
    """What code says of devices without naming one."""

    @property
    def device(self) -> torch.device:
        """The device to compute on."""
        if not torch.accelerator.is_available():
            return torch.device("cpu")
        found = torch.accelerator.current_accelerator()
        return torch.device("cpu") if found is None else found

    def device_for(self, spec: torch.device | str | int | None = None) -> torch.device:
        """The device that a name, an index or None means here.

        An accelerator of another make is the one of this machine.
        """
        if spec is None or spec == "auto":
            return self.device
        here = self.device
        if isinstance(spec, int) or (isinstance(spec, str) and spec.isdecimal()):
            return here if here.type == "cpu" else torch.device(here.type, int(spec))
        asked = torch.device(spec)
        if asked.type in ("cpu", "meta", here.type):
            return asked
        return here if here.type == "cpu" else torch.device(here.type, asked.index or 0)

    @property
    def distributed_backend(self) -> str:
        """The backend of `torch.distributed` for the device."""
        return str(torch.distributed.get_default_backend_for_device(self.device))

    def synchronize(self, device: torch.device | str | int | None = None) -> None:
        """Wait until a device has finished; on the CPU there is nothing to wait for."""
        if self.device_for(device).type != "cpu":
            torch.accelerator.synchronize(self.device_for(device))

    def stream(self, device: torch.device | str | int | None = None, *, priority: int = 0) -> Any:
        """A new stream of a device."""
        module = torch.get_device_module(self.device_for(device))
        return module.Stream(priority=priority) if priority else module.Stream()

    def current_stream(self, device: torch.device | str | int | None = None) -> Any:
        """The stream that work on a device goes to."""
        return torch.get_device_module(self.device_for(device)).current_stream()

    def use_stream(self, stream: Any) -> contextlib.AbstractContextManager[Any]:
        """Send work to a stream within a block."""
        context: contextlib.AbstractContextManager[Any] = torch.get_device_module(
            self.device
        ).stream(stream)
        return context

    def event(self, enable_timing: bool = False) -> Any:
        """A new event of the device."""
        if self.device.type == "cpu":
            return HostEvent()
        return torch.get_device_module(self.device).Event(enable_timing=enable_timing)

    def set_device(self, device: torch.device | str | int) -> None:
        """Make a device the current one; on the CPU there is but one."""
        index = self.device_for(device).index
        if index is not None and self.device.type != "cpu":
            torch.accelerator.set_device_index(index)

    def memory(self, device: torch.device | str | int | None = None) -> Memory:
        """The memory of a device."""
        here = self.device_for(device)
        module = torch.get_device_module(here)
        if hasattr(module, "max_memory_allocated"):
            return Memory(module.memory_allocated(here), module.max_memory_allocated(here))
        now = module.current_allocated_memory() if here.type == "mps" else 0
        return Memory(now, now)

    def reset_peak_memory(self, device: torch.device | str | int | None = None) -> None:
        """Count the peak of a device's memory from here on."""
        here = self.device_for(device)
        reset = getattr(torch.get_device_module(here), "reset_peak_memory_stats", None)
        if reset is not None:
            reset(here)

    def empty_cache(self) -> None:
        """Give cached, unused memory back."""
        release = getattr(torch.get_device_module(self.device), "empty_cache", None)
        if release is not None:
            release()


accelerator = Accelerator()
'''
_OFFERED = (
    "device",
    "device_for",
    "distributed_backend",
    "synchronize",
    "stream",
    "current_stream",
    "use_stream",
    "event",
    "set_device",
    "memory",
    "reset_peak_memory",
    "empty_cache",
)
ACCELERATOR = Target("_accelerator", "accelerator", {name: name for name in _OFFERED}, _ACCELERATOR)
"""Plain PyTorch, with one small helper in the package."""

_HELPER = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*)")


def target_of(spelled: str, operations: Mapping[str, str]) -> Target | None:
    """The target that is ``spelled`` on the command line; None for the runtime's handle.

    Raises ``ValueError`` for what is none, and for a helper without ``operations``.

    >>> target_of("kit.platform:current", {"device": "device()"}).name
    'current'
    """
    if spelled == "handle":
        return None
    if spelled == "accelerator":
        return ACCELERATOR
    match = _HELPER.fullmatch(spelled)
    if match is None:
        raise ValueError(f"{spelled!r} is neither handle nor accelerator nor package.module:name")
    if not operations:
        raise ValueError(
            f"{spelled}: the table `helper-operations` of the configuration says which of the "
            'operations that torchdet knows the helper has, such as `device = "device"`'
        )
    return Target(match["module"], match["name"], dict(operations), own=True)


def answered(target: Target | None, outcome: Outcome, context: MigrationContext) -> Outcome:
    """``outcome`` in the words of ``target``."""
    return outcome if target is None else target.answer(outcome.finding, outcome, context.handle)
