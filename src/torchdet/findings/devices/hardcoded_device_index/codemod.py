"""Look an index up through the handle: ``x.to(0)`` becomes ``x.to(rt.device_for(0))``.

``rt.device_for(i)`` is the i-th accelerator of the machine, whoever made it. Choosing a current
device (``torch.cuda.set_device(0)``) and the lists of ``DataParallel`` and
``DistributedDataParallel`` are refused: which card a process gets is a decision of the launcher.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import InsertAfter, InsertBefore, Replace
from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.devices.hardcoded_device_index.rule import LiteralIndex
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.device_uses import takes_device
from torchdet.reading.module_role import runs_at_import
from torchdet.torch_api.device_types import MANAGED_TYPES

_CHOSEN = Grounds(
    "it chooses the device for all that follows, and which one is meant is for a person to say",
    "remove it where the handle's device is meant: the launcher's local rank decides that",
)
_LIST = Grounds(
    "the devices of a parallel module are the decision of whoever starts the processes",
    "pass `[rt.device]` on an accelerator and `None` on the CPU, or start one process a device",
)
_EAGER = Grounds(
    "looking this device up raises where it is missing, and an import would do so",
    "look it up where it is used",
)
_TESTED = Grounds(
    "a test may give this device and expect it back, without having it",
    "use `rt.device_for(...)`, if the test computes on it",
)
_LIBRARY = Grounds(
    "a library around PyTorch takes the device in its own form",
    "write what the finding's message names",
)
_OTHER_KIND = Grounds(
    "the handle does not manage this kind of accelerator",
    "take the device from the caller, or choose it in one place",
)


def rewrite(
    findings: Sequence[Finding[LiteralIndex]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        yield words.refused(finding) or _outcome(finding, words)


def _outcome(finding: Finding[LiteralIndex], words: DeviceWords) -> Outcome:
    facts = words.facts
    index, call = finding.subject.node, finding.subject.call
    if finding.subject.by_library:
        return Refuse(finding, _LIBRARY)
    arg = facts.parent(index)
    if not isinstance(index, cst.Integer):
        return Refuse(finding, _LIST)
    written = words.looked_up(facts.code(index))
    if facts.means(call.func, "torch.device"):
        return _made_device(finding, index, call, words)
    around = (InsertBefore(index, f"{words.handle}.device_for("), InsertAfter(index, ")"))
    method = _method(call, words)
    if method is not None and method.attr.value == "to":
        return words.rewrite(finding, around, f".to({written})")
    if method is not None and method.attr.value in MANAGED_TYPES and len(call.args) == 1:
        return words.rewrite(finding, (Replace(method.attr, "to"), *around), f".to({written})")
    if isinstance(arg, cst.Arg) and _is_device_of_tensor(arg, call, words):
        return words.rewrite(finding, around, f"device={written}")
    return Refuse(finding, _LIST) if _is_parallel(call) else Refuse(finding, _CHOSEN)


def _made_device(
    finding: Finding[object], index: cst.Integer, call: cst.Call, words: DeviceWords
) -> Outcome:
    """``torch.device(0)`` and ``torch.device("cuda", 0)``."""
    if runs_at_import(call, words.facts):
        return Refuse(finding, _EAGER)
    if words.in_test and not takes_device(call, words.facts):
        return Refuse(finding, _TESTED)
    kind = argument(call, "type", 0)
    text = device_text(kind.value) if kind is not None and kind.value is not index else None
    if text is not None and text.type != "cuda":
        return Refuse(finding, _OTHER_KIND)
    written = words.looked_up(words.facts.code(index))
    return words.rewrite(finding, (Replace(call, written),), written)


def _method(call: cst.Call, words: DeviceWords) -> cst.Attribute | None:
    """The method of an object that is called, which is no function of a module."""
    func = call.func
    called = isinstance(func, cst.Attribute) and not words.facts.resolve(func).names
    return func if called and isinstance(func, cst.Attribute) else None


def _is_device_of_tensor(arg: cst.Arg, call: cst.Call, words: DeviceWords) -> bool:
    """Whether ``arg`` is the ``device=`` of a function of torch that makes a tensor."""
    if arg.keyword is None or arg.keyword.value != "device":
        return False
    names = words.facts.resolve(call.func).names
    return bool(names) and all(n.startswith("torch.") and ".cuda." not in n for n in names)


def _is_parallel(call: cst.Call) -> bool:
    return argument(call, "device_ids") is not None or argument(call, "output_device") is not None


CODEMOD = Codemod(__name__, __doc__ or "", LiteralIndex, rewrite)
