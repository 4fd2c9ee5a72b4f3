"""Save the generators beside the model, and bring them back where the checkpoint is loaded.

The dictionary gets an entry `"rng": rt.state_dict()`, which holds the generators of Python, NumPy,
torch and every device, and below each statement of the file that loads the optimizer's state from
such a dictionary comes `rt.load_state_dict(checkpoint["rng"])`. It is an unsafe change: checkpoints
that were written before lack the entry. Refused where nothing in the file loads what it saves: the
state would be saved and never used.

With a data loader in the middle of its epoch more is needed, see `rt.save_checkpoint`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import InsertAfter, ReplaceStatement
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import (
    Codemod,
    Finding,
    MigrationContext,
    Outcome,
    Refuse,
    Rewrite,
)
from torchdet.findings.randomness.checkpoint_without_rng.rule import CheckpointStates

_KEY = '"rng"'
_LOADED_ELSEWHERE = Grounds(
    "what is saved has to be restored where the checkpoint is loaded, which this file does not do",
    "save `rt.state_dict()` beside the model, and give it to `rt.load_state_dict` when you load",
)


def rewrite(
    findings: Sequence[Finding[CheckpointStates]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        if finding.subject.loads:
            yield _rewritten(finding, context)
        else:
            yield Refuse(finding, _LOADED_ELSEWHERE)


_RISK = Grounds(
    "a checkpoint that was saved before has no state of the generators, and loading it would fail",
    "make the change with `--unsafe-fixes` if old checkpoints need not be loaded, or read the "
    "state with `.get(...)`",
)


def _rewritten(finding: Finding[CheckpointStates], context: MigrationContext) -> Rewrite:
    facts, handle = context.facts, context.handle
    entry = InsertAfter(
        finding.subject.dictionary.elements[-1].value, f", {_KEY}: {handle}.state_dict()"
    )
    loads = (
        ReplaceStatement(
            each.statement,
            (
                facts.code(each.statement),
                f"{handle}.load_state_dict({facts.code(each.checkpoint)}[{_KEY}])",
            ),
        )
        for each in finding.subject.loads
    )
    message = f"save the generators with `{handle}.state_dict()`, and load them"
    return Rewrite(finding, (entry, *loads), message, risk=_RISK)


CODEMOD = Codemod(__name__, __doc__ or "", CheckpointStates, rewrite)
