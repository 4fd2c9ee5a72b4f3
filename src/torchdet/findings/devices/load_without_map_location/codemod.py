"""Load onto the handle's device: ``torch.load(path)`` gets ``map_location=rt.device``.

Without it, tensors go back to where they were saved. Where the result goes straight into
``load_state_dict``, which copies it to the module's own device, that makes no difference; anywhere
else the change is unsafe, as tensors that were saved from the CPU would move too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import InsertAfter, NodeEdit, Replace
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.devices.load_without_map_location.rule import CheckpointLoad


def rewrite(
    findings: Sequence[Finding[CheckpointLoad]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        yield words.refused(finding) or _outcome(finding, words)


def _outcome(finding: Finding[CheckpointLoad], words: DeviceWords) -> Outcome:
    call, given = finding.subject.call, finding.subject.location

    def edits(device: str) -> tuple[NodeEdit, ...]:
        if given is not None:
            return (Replace(given.value, device),)
        return (InsertAfter(call.args[-1], f", map_location={device}"),)

    return words.current(finding, edits, risk=None if _fills_a_module(call, words) else _MOVES)


_MOVES = Grounds(
    "tensors that were saved from the CPU would move, too",
    "make the change with `--unsafe-fixes` if the device is where they are used, or write "
    '`map_location="cpu"`',
)


def _fills_a_module(call: cst.Call, words: DeviceWords) -> bool:
    """Whether the call is the argument of `load_state_dict`."""
    arg = words.facts.parent(call)
    outer = words.facts.parent(arg)
    return (
        isinstance(arg, cst.Arg)
        and isinstance(outer, cst.Call)
        and isinstance(outer.func, cst.Attribute)
        and outer.func.attr.value == "load_state_dict"
        and outer.args[0] is arg
    )


CODEMOD = Codemod(__name__, __doc__ or "", CheckpointLoad, rewrite)
