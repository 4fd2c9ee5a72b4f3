"""Write a dtype and a device instead of a tensor type of CUDA, as the rule's own fix does.

``torch.cuda.FloatTensor([0.5])`` becomes ``torch.tensor([0.5], dtype=torch.float32, device=...)``;
that is unsafe, as the rule says. What the rule does not fix is refused: whether such a constructor
copies a value or allocates a size depends on its argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Rewrite
from torchdet.findings.devices.device_words import DeviceWords, Wording

_AMBIGUOUS = Wording(
    "what a legacy tensor type makes depends on its arguments, or the type itself is kept",
    "write the dtype and the device as two arguments, of `torch.tensor` or `torch.empty`",
)


def rewrite(findings: Sequence[Finding], context: MigrationContext) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        fix = finding.draft.fix
        if (refused := words.refused(finding)) is not None:
            yield refused
        elif fix is None:
            yield _AMBIGUOUS.of(finding)
        else:
            yield Rewrite(finding, fix.edits, fix.message, needs_handle=False, unsafe=True)


CODEMOD = Codemod(("DET305",), __name__, __doc__ or "", rewrite)
