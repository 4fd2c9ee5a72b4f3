"""How a call that sets a default of the process comes onto the handle, or why it does not."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.edit.node_edit import Enclose, NodeEdit, Replace
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.module_role import runs_once_at_start, starts_program
from torchdet.reading.state.default_writes import DefaultSetter

_RISK = Grounds(
    "what the block calls may rely on the default after the block has ended",
    "make the change with `--unsafe-fixes` if nothing after the block needs the default, or pass "
    "the dtype and the device where tensors are made",
)


def rewritten_default(finding: Finding[DefaultSetter], context: MigrationContext) -> Outcome:
    """The call through the handle, a block in which the default holds, or a refusal."""
    setter, call = finding.subject.name, finding.subject.call
    if call is None:
        advice = f"call `{context.handle}.{setter}(...)` once, where the program starts"
        return Refuse(finding, Grounds("it is not called in a statement of its own", advice))
    if not starts_program(context.rules):
        return Refuse(finding, _LIBRARY)
    if runs_once_at_start(call, context.facts):
        return _through_handle(finding, call, setter, context)
    return _enclosed(finding, call, setter.removeprefix("set_"), context)


_LIBRARY = Grounds(
    "a module of a library must not set a default of the whole program",
    "pass `dtype=` and `device=` where tensors are made, or let the program decide",
)


def _through_handle(
    finding: Finding[object], call: cst.Call, setter: str, context: MigrationContext
) -> Outcome:
    written = f"{context.handle}.{setter}"
    edits: tuple[NodeEdit, ...] = (Replace(call.func, written), *_argument(call, setter, context))
    return Rewrite(finding, edits, f"set the default through `{written}`")


def _enclosed(
    finding: Finding[object], call: cst.Call, helper: str, context: MigrationContext
) -> Outcome:
    """The rest of the block below ``with rt.default_dtype(...):``."""
    facts = context.facts
    statement = facts.parent(call)
    row = facts.parent(statement)
    block = facts.parent(row)
    if not isinstance(row, cst.SimpleStatementLine) or not isinstance(block, cst.IndentedBlock):
        advice = f"put what needs the default below `with {context.handle}.{helper}(...):`"
        return Refuse(finding, Grounds("the statement shares its row with others", advice))
    last = block.body[-1]
    if last is row:
        advice = f"put the code that relies on it below `with {context.handle}.{helper}(...):`"
        return Refuse(finding, Grounds("the default outlives the function that sets it", advice))
    value = _device(call, context) if helper == "default_device" else None
    written = f"{context.handle}.{helper}({value or facts.code(call.args[0].value)})"
    edit = Enclose(statement, last, f"with {written}:")
    return Rewrite(finding, (edit,), f"give the default an end: `with {written}:`", risk=_RISK)


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
