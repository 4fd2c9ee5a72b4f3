"""Imports of torch become bindings of what the handle holds.

A module of a package imports torch and the handle from the package's runtime module, and binds
other names below its imports: `nn = torch.nn`. Other files bind the handle and torch themselves.
The names that a module bound stay bound to the same objects, below its leading block of imports
where nothing there needs them earlier. Imports in functions, and under a condition, are replaced
at their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import ReplaceStatement
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.handle.facade_first import facade_first
from torchdet.findings.handle.import_refusals import LAZY, refusal
from torchdet.findings.handle.raw_import.module_imports import ModuleImports
from torchdet.findings.handle.raw_import.package_imports import PackageImports
from torchdet.findings.handle.star_import.rule import STAYS as STAR_STAYS
from torchdet.findings.handle.torch_imports import TorchImport, torch_imports
from torchdet.reading.imports import ModuleImport, is_lazy_import, is_plain_import


def rewrite(
    findings: Sequence[Finding[ModuleImport]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    imports = torch_imports(context.facts)
    answers = {each: _import_or_grounds(each, imports, context) for each in findings}
    moved = frozenset(each for each in answers.values() if isinstance(each, TorchImport))
    file = (
        PackageImports(context, imports, moved)
        if context.access.exported
        else ModuleImports(context, imports)
    )
    for finding, answer in answers.items():
        if isinstance(answer, Grounds):
            yield Refuse(finding, answer)
        elif isinstance(answer, Rewrite):
            yield answer
        else:
            yield file.rewrite(finding, answer)


def _import_or_grounds(
    finding: Finding[ModuleImport], imports: tuple[TorchImport, ...], context: MigrationContext
) -> TorchImport | Rewrite | Grounds:
    """The import that ``finding`` is about, what becomes of a lazy one, or why it stays."""
    facts = context.facts
    statement = facts.parent(finding.node)
    if is_lazy_import(statement):
        return _lazily(finding, statement, context)
    around = {finding.node, *facts.ancestors(finding.node)}
    item = next((each for each in imports if each.statement in around), None)
    if item is None:
        return STAR_STAYS
    paired = context.config.keep_types and not context.access.exported
    return refusal(item, facts, keep_types=paired) or item


def _lazily(
    finding: Finding[ModuleImport], statement: cst.CSTNode, context: MigrationContext
) -> Rewrite | Grounds:
    """A lazy import of torch itself, from the package's runtime module; what is lazy stays so."""
    alone = is_plain_import(statement) and len(statement.names) == 1
    if not (alone and context.access.exported and finding.subject.module == "torch"):
        return LAZY
    bound = finding.subject.bound
    name = "torch" if bound == "torch" else f"torch as {bound}"
    row = f"lazy from {context.access.module} import {name}"
    return Rewrite(finding, (ReplaceStatement(statement, (row,)),), f"`{row}`", needs_handle=False)


def rewrite_to_facade(
    findings: Sequence[Finding[ModuleImport]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        yield facade_first(finding, context)


CODEMOD = Codemod(__name__, __doc__ or "", ModuleImport, rewrite, to_facade=rewrite_to_facade)
