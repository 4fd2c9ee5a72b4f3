"""The fix that calls a deterministic version of the runtime in the place of torch's operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.edit.imports import import_name
from torchdet.edit.node_edit import InsertArgument, InsertBefore, NodeEdit, NodeFix, Replace
from torchdet.facts.lazy import cst
from torchdet.model.config import Policy
from torchdet.model.fix import Applicability
from torchdet.torch_api.stand_ins import NAME, PACKAGE, is_method, stand_in

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context


def stand_in_fix(call: cst.Call, spelling: str, context: Context) -> NodeFix | None:
    """The fix, in a project that has the runtime; it changes results within rounding."""
    facts = context.facts
    name = stand_in(spelling)
    if name is None or context.config.policy is not Policy.HANDLE:
        return None
    bound = [each for each in facts.index.bindings() if each.name == NAME]
    is_imported = bool(bound) and all(_is_import(each.node, facts) for each in bound)
    if bound and not is_imported:
        return None
    edits: list[NodeEdit] = [Replace(call.func, f"{NAME}.{name}")]
    if is_method(spelling):
        if not isinstance(call.func, cst.Attribute):
            return None
        tensor = facts.code(call.func.value)
        if call.args:
            edits.append(InsertBefore(call.args[0], f"{tensor}, "))
        else:
            edits.append(InsertArgument(call, tensor))
    if not is_imported:
        before = len(facts.module.body)
        edits += import_name(facts, PACKAGE, NAME, before=before, beside="torch")
    message = f"Use the deterministic `{PACKAGE}.{NAME}.{name}`"
    return NodeFix(message, Applicability.UNSAFE, tuple(edits))


def _is_import(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a binding of the package's name is an import of the package."""
    statement = facts.parent(node)
    return isinstance(statement, cst.ImportFrom) and facts.code(statement).startswith(
        f"from {PACKAGE} import "
    )
