"""Move tensors and modules to the handle's device: ``x.cuda()`` becomes ``x.to(rt.device)``.

``x.cuda(i)`` becomes ``x.to(rt.device_for(i))``, which takes an index, a name, a device and None;
``non_blocking`` and ``memory_format`` are kept. A method that is called through its class, one
with unpacked arguments, and those of accelerators that the handle does not manage are refused.
Where a class of the project has a ``cuda`` method of its own, so are the calls on objects that
are not certainly tensors or modules of torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torchdet.edit.node_edit import (
    InsertAfter,
    InsertArgument,
    InsertBefore,
    NodeEdit,
    Replace,
)
from torchdet.facts.expressions import argument, is_constant
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.devices.cuda_method.rule import MoveCall
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.project_conditions import NoOwnMethod
from torchdet.torch_api.device_types import MANAGED_TYPES

_UNMANAGED = Grounds(
    "the handle does not manage this kind of accelerator",
    "move to a device that is chosen in one place",
)
_UNPACKED = Grounds(
    "its arguments are unpacked, so that a device may be among them",
    "write `.to(...)` with a device and the other arguments",
)
_THROUGH_CLASS = Grounds(
    "the method is called through its class",
    "call `.to(rt.device)` on the object",
)
_OWN_METHOD = Grounds(
    "a class of this file has a method of this name, which may be meant",
    "give that class a method `to(device)` and call it instead",
)


def rewrite(findings: Sequence[Finding[MoveCall]], context: MigrationContext) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        yield words.refused(finding) or _moved(finding, words)


def _moved(finding: Finding[MoveCall], words: DeviceWords) -> Outcome:
    """What becomes of a call of `.cuda(...)`, whose method name the finding underlines."""
    facts = words.facts
    call, method = finding.subject.call, finding.subject.method
    if method.attr.value not in MANAGED_TYPES:
        return Refuse(finding, _UNMANAGED)
    if facts.resolve(method.value).names:
        return Refuse(finding, _THROUGH_CLASS)
    if any(arg.star for arg in call.args):
        return Refuse(finding, _UNPACKED)
    if finding.subject.owned:
        return Refuse(finding, _OWN_METHOD)
    given = argument(call, "device", 0)
    rename: NodeEdit = Replace(method.attr, "to")
    if given is None or is_constant(given.value, "None"):
        change = words.current(finding, lambda to: (rename, *_to(to, call, given)))
    else:
        edits = (
            rename,
            InsertBefore(given.value, f"{words.handle}.device_for("),
            InsertAfter(given.value, ")"),
            *_named(call),
        )
        change = words.rewrite(finding, edits, f".to({words.looked_up('...')})")
    return (
        change
        if finding.subject.of_torch
        else _unless_defined(change, NoOwnMethod(method.attr.value))
    )


def _to(device: str, call: cst.Call, given: cst.Arg | None) -> tuple[NodeEdit, ...]:
    """The edits of the arguments that put ``device`` first, for the ``None`` if there is one."""
    if given is not None:
        return (Replace(given.value, device), *_named(call))
    if call.args:
        return (InsertBefore(call.args[0], f"{device}, "),)
    return (InsertArgument(call, device),)


def _named(call: cst.Call) -> tuple[NodeEdit, ...]:
    """The edit that names what `.to` takes at another position than `.cuda`."""
    later = [arg for arg in call.args[1:] if arg.keyword is None]
    return tuple(InsertBefore(arg, "non_blocking=") for arg in later[:1])


def _unless_defined(change: Rewrite, condition: NoOwnMethod) -> Rewrite:
    otherwise = change.otherwise and _unless_defined(change.otherwise, condition)
    return replace(change, conditions=(*change.conditions, condition), otherwise=otherwise)


CODEMOD = Codemod(__name__, __doc__ or "", MoveCall, rewrite)
