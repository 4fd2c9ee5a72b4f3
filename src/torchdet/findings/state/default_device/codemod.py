"""Defaults of the process: set through the handle where a program may set them.

Answers for DET201 (`torch.set_default_device`), DET202 (`torch.set_default_dtype`) and DET203
(`torch.set_default_tensor_type`). At the top level of an entry point (a file with
`if __name__ == "__main__":`, or one outside of packages) the call becomes the handle's:
`rt.set_default_dtype(torch.float64)`, which checks the value and reads it back. In a function of
such a file the default is to have an end: the rest of the block goes below
`with rt.default_dtype(torch.float64):`, which is an unsafe change, because what the function calls
and returns may have relied on the default.

A module of a library is refused: a default belongs to the program, and an import must not set it.
`set_default_tensor_type` is refused everywhere, because it sets two defaults at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import Enclose, NodeEdit, Replace
from torchdet.facts.lazy import cst
from torchdet.findings.codemod import (
    Codemod,
    Finding,
    MigrationContext,
    Outcome,
    Refuse,
    Rewrite,
)
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.module_role import runs_once_at_start, starts_program


def rewrite(findings: Sequence[Finding], context: MigrationContext) -> Iterator[Outcome]:
    for finding in findings:
        yield _default(finding, context)


_SETTERS = {"DET201": "set_default_device", "DET202": "set_default_dtype"}


def _default(finding: Finding, context: MigrationContext) -> Outcome:
    setter = _SETTERS.get(finding.rule.code)
    if setter is None:
        return Refuse(
            finding,
            "it sets the default dtype and the default device at once",
            "pass `dtype=` and `device=` where tensors are made",
        )
    call = _whole_call(finding.draft.node, context)
    if call is None:
        return Refuse(
            finding,
            "it is not called in a statement of its own",
            f"call `{context.handle}.{setter}(...)` once, where the program starts",
        )
    if not starts_program(context.rules):
        return Refuse(
            finding,
            "a module of a library must not set a default of the whole program",
            "pass `dtype=` and `device=` where tensors are made, or let the program decide",
        )
    if runs_once_at_start(call, context.facts):
        return _through_handle(finding, call, setter, context)
    return _enclosed(finding, call, setter.removeprefix("set_"), context)


def _whole_call(node: cst.CSTNode, context: MigrationContext) -> cst.Call | None:
    """The call of ``node`` with one argument, if it is a statement by itself."""
    call = context.facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node or len(call.args) != 1:
        return None
    alone = isinstance(context.facts.parent(call), cst.Expr) and not call.args[0].star
    return call if alone else None


def _through_handle(
    finding: Finding, call: cst.Call, setter: str, context: MigrationContext
) -> Outcome:
    written = f"{context.handle}.{setter}"
    edits: tuple[NodeEdit, ...] = (Replace(call.func, written), *_argument(call, setter, context))
    return Rewrite(finding, edits, f"set the default through `{written}`")


def _enclosed(finding: Finding, call: cst.Call, helper: str, context: MigrationContext) -> Outcome:
    """The rest of the block below ``with rt.default_dtype(...):``."""
    facts = context.facts
    statement = facts.parent(call)
    row = facts.parent(statement)
    block = facts.parent(row)
    if not isinstance(row, cst.SimpleStatementLine) or not isinstance(block, cst.IndentedBlock):
        return Refuse(
            finding,
            "the statement shares its row with others",
            f"put what needs the default below `with {context.handle}.{helper}(...):`",
        )
    last = block.body[-1]
    if last is row:
        return Refuse(
            finding,
            "the default outlives the function that sets it",
            f"put the code that relies on it below `with {context.handle}.{helper}(...):`",
        )
    value = _device(call, context) if helper == "default_device" else None
    written = f"{context.handle}.{helper}({value or facts.code(call.args[0].value)})"
    edit = Enclose(statement, last, f"with {written}:")
    return Rewrite(finding, (edit,), f"give the default an end: `with {written}:`", unsafe=True)


def _argument(call: cst.Call, setter: str, context: MigrationContext) -> Iterator[NodeEdit]:
    value = _device(call, context) if setter == "set_default_device" else None
    if value is not None:
        yield Replace(call.args[0].value, value)


def _device(call: cst.Call, context: MigrationContext) -> str | None:
    """What to write for a literal that names the accelerator; None for everything else."""
    text = device_text(call.args[0].value)
    if text is None or not text.is_accelerator or text.indexed:
        return None
    return f"{context.handle}.device"


CODEMOD = Codemod(
    codes=("DET201", "DET202", "DET203"),
    module=__name__,
    documentation=__doc__ or "",
    rewrite=rewrite,
)
