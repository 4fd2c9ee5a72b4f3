"""Write a dtype and a device instead of a tensor type of CUDA, as the rule's own fix does.

``torch.cuda.FloatTensor([0.5])`` becomes ``torch.tensor([0.5], dtype=torch.float32, device=...)``;
that is unsafe, as the rule says. What the rule does not fix is refused: whether such a constructor
copies a value or allocates a size depends on its argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.devices.legacy_tensor_type.rule import TensorTypeName

_MOVES = Grounds(
    "a tensor on another device than the current one would move there",
    "make the change with `--unsafe-fixes` if one accelerator is all that is used, or write the "
    "dtype and the device",
)
_AMBIGUOUS = Grounds(
    "what a legacy tensor type makes depends on its arguments, or the type itself is kept",
    "write the dtype and the device as two arguments, of `torch.tensor` or `torch.empty`",
)


def rewrite(
    findings: Sequence[Finding[TensorTypeName]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        fix = finding.fix
        if (refused := words.refused(finding)) is not None:
            yield refused
        elif fix is None:
            yield Refuse(finding, _AMBIGUOUS)
        else:
            yield Rewrite(finding, fix.edits, fix.message, needs_handle=False, risk=_MOVES)


CODEMOD = Codemod(__name__, __doc__ or "", TensorTypeName, rewrite)
