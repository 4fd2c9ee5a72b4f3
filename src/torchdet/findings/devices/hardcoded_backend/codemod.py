"""Ask the handle for the backend of `torch.distributed`: ``"nccl"`` becomes a property.

``rt.distributed_backend`` is ``"nccl"`` where the handle's device is one of CUDA and ``"gloo"`` on
the CPU, and stays text; a choice between the two by whether there is CUDA goes. It raises where
torch was built without the backend, so that defaults of parameters and what an import runs are
refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import Replace
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.devices.hardcoded_backend.rule import BackendName
from torchdet.reading.module_role import runs_at_import

_EAGER = Grounds(
    "asking for the backend raises where torch has none, and an import would ask",
    "default to `None` and ask for `rt.distributed_backend` where the process group is made",
)


def rewrite(
    findings: Sequence[Finding[BackendName]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    backend = f"{words.handle}.distributed_backend"
    for finding in findings:
        node = finding.subject.node
        if words.refused(finding) is None and _is_evaluated_early(node, words):
            yield Refuse(finding, _EAGER)
        else:
            replaced = finding.subject.choice or node
            yield words.refused(finding) or words.rewrite(
                finding, (Replace(replaced, backend),), backend
            )


def _is_evaluated_early(node: cst.CSTNode, words: DeviceWords) -> bool:
    return runs_at_import(node, words.facts) or isinstance(words.facts.parent(node), cst.Param)


CODEMOD = Codemod(__name__, __doc__ or "", BackendName, rewrite)
