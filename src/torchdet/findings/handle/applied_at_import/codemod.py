"""A runtime that a library applies when it is imported becomes a deferred handle.

Only where no policy is given: that is the program's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.imports import import_name, imported_as
from torchdet.edit.node_edit import Replace
from torchdet.facts.handle_names import DEFERRED_HANDLE
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite

_POLICY = Grounds(
    "a policy is given, which a deferred handle does not take",
    "apply the policy in the program's entry point, and hold `deferred_handle()` here",
)


def rewrite(findings: Sequence[Finding[cst.Call]], context: MigrationContext) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    facts = context.facts
    module, _, name = DEFERRED_HANDLE.rpartition(".")
    for finding in findings:
        call = finding.subject
        if call.args:
            yield Refuse(finding, _POLICY)
            continue
        known = imported_as(facts, module, name)
        added = () if known else import_name(facts, module, name, before=len(facts.module.body))
        edits = (Replace(call.func, known or name), *added)
        yield Rewrite(finding, edits, f"`{known or name}()`", needs_handle=False)


CODEMOD = Codemod(__name__, __doc__ or "", cst.Call, rewrite)
