"""Imports of torch by name, `importlib.import_module("torch.nn")`, ask the handle instead.

Only where the file has the handle whenever it is imported: elsewhere the name was given to delay
the import, or to do without torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.imports import is_import, without_names
from torchdet.edit.node_edit import NodeEdit, Replace
from torchdet.facts.expressions import argument, string_value
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.handle.binding_rows import Source
from torchdet.findings.handle.dynamic_import.rule import DynamicImport
from torchdet.findings.handle.facade_first import facade_first
from torchdet.findings.handle.handle_site import has_handle_outermost
from torchdet.findings.handle.torch_imports import torch_imports
from torchdet.reading.imports import is_torch
from torchdet.torch_api.torch_modules import LOADED_WITH_TORCH

_MODULES = Grounds(
    "`sys.modules` is asked for what is loaded, or changed; the handle does neither",
    "take torch from the handle where it is meant to be there, or keep this with `# noqa: DET103`",
)
_REPLACED = Grounds(
    "writing to `sys.modules` puts another torch in the place of the one that the facade set up",
    "keep this with `# noqa: DET103` where it is what a test needs",
)
_DELAYED = Grounds(
    "torch is imported only when this runs, and the handle of the module would import it at once",
    "call `get_torch_handle()` here and use its `torch` or `module(...)`",
)
_UNCLEAR = Grounds(
    "what is imported here is known only when it runs, or is another module than the one named",
    "write `module(...)` of the handle with the full name of the module",
)


def rewrite(
    findings: Sequence[Finding[DynamicImport]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    answers = [(finding, _answer(finding, context)) for finding in findings]
    rewritten = {finding.node for finding, answer in answers if isinstance(answer, Replace)}
    for finding, answer in answers:
        if isinstance(answer, Replace):
            gone = _without_import(finding.node, rewritten, context.facts)
            yield Rewrite(finding, (answer, *gone), f"`{answer.text}`")
        else:
            yield Refuse(finding, answer)


def rewrite_to_facade(
    findings: Sequence[Finding[DynamicImport]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        if finding.subject.importer is None:
            yield Refuse(finding, _REPLACED)
        else:
            yield facade_first(finding, context)


def _answer(finding: Finding[DynamicImport], context: MigrationContext) -> Replace | Grounds:
    """What stands in the place of what was found, or why nothing else can."""
    facts = context.facts
    call, importer = finding.subject.node, finding.subject.importer
    if not isinstance(call, cst.Call) or importer is None:
        return _MODULES
    if not has_handle_outermost(context.handle, facts, torch_imports(facts)):
        return _DELAYED
    by_name = importer.endswith("import_module")
    return (_module if by_name else _package)(call, context.handle) or _UNCLEAR


def _module(call: cst.Call, handle: str) -> Replace | None:
    """``import_module(name)``: the module of that name."""
    first = argument(call, "name", 0)
    if first is None:
        return None
    name = string_value(first.value)
    if len(call.args) == 1:
        if name is None or not is_torch(name):
            return Replace(call.func, f"{handle}.module") if first.keyword is None else None
        return Replace(call, Source(handle).module(name))
    package = argument(call, "package", 1)
    above = string_value(package.value) if package is not None else None
    if name is None or above is None or not name.startswith(".") or name.startswith(".."):
        return None
    return Replace(call, Source(handle).module(f"{above}{name}"))


def _package(call: cst.Call, handle: str) -> Replace | None:
    """``__import__(name)``: the package at the top, with the module loaded."""
    name = string_value(call.args[0].value) if len(call.args) == 1 else None
    return Replace(call, f"{handle}.torch") if name in LOADED_WITH_TORCH else None


def _without_import(
    call: cst.CSTNode, calls: set[cst.CSTNode], facts: FileFacts
) -> Iterator[NodeEdit]:
    """The end of the import of what ``call`` calls, where ``calls`` are all that it is for.

    The last of them takes it along.
    """
    assert isinstance(call, cst.Call)
    function = root = call.func
    while isinstance(root, cst.Attribute):
        root = root.value
    uses = facts.index.uses.get(root.value, ()) if isinstance(root, cst.Name) else ()
    if not uses or uses[-1].node is not function:
        return
    assert isinstance(root, cst.Name)
    if any(facts.parent(use.node) not in calls for use in uses):
        return
    for binding in facts.bindings(root):
        statement = facts.parent(binding.node)
        if (
            binding.kind is BindingKind.IMPORT
            and is_import(statement)
            and isinstance(binding.node, cst.ImportAlias)
        ):
            yield without_names(statement, (binding.node,), facts)


CODEMOD = Codemod(__name__, __doc__ or "", DynamicImport, rewrite, to_facade=rewrite_to_facade)
