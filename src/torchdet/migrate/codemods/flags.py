"""Flags that the runtime sets: writes that agree with it go, those that do not are refused.

Answers for DET204 (determinism flags), DET205 (reduced precision) and DET206 (variables that
decide determinism). A statement that only writes what the runtime writes anyway is removed:
`torch.use_deterministic_algorithms(True)`, `torch.backends.cudnn.benchmark = False`,
`os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"`. The runtime sets all of them when the handle
is made, and reads each one back.

A write of another value is refused, because somebody must decide: the runtime's policy is where
a project says once that it wants TF32 or warnings only. With unsafe changes allowed, literal
values that contradict the runtime's defaults are removed as well, so that the policy holds. A
value that only the run knows is always left, and so is a write whose statement does more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import Delete
from torchdet.engine.references import references
from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.origins import literal_value
from torchdet.findings.state.flag_writes import FlagWrite, checks_of_writes
from torchdet.migrate.codemod import (
    Codemod,
    Finding,
    MigrationContext,
    Outcome,
    Refuse,
    Rewrite,
)
from torchdet.reading.context import Context
from torchdet.torch_api.switches import DETERMINISM_SWITCHES, PRECISION_SWITCHES

_Writes = tuple[FlagWrite, ...]


def rewrite(findings: Sequence[Finding], context: MigrationContext) -> Iterator[Outcome]:
    writes = _writes_by_node(context.rules)
    for finding in findings:
        if finding.rule.code == _ENVIRONMENT:
            yield _variable(finding, context)
        else:
            yield _flag(finding, writes.get(finding.draft.node, ()), context)


_ENVIRONMENT = "DET206"


def _writes_by_node(context: Context) -> dict[cst.CSTNode, _Writes]:
    """Every write of a flag in the file, with the others of its statement."""
    names = frozenset(_WRITES)
    return {
        write.node: writes
        for reference in references(names, context.facts)
        for writes in _WRITES[reference.name](reference, context)
        for write in writes
    }


def _as_they_are(writes: _Writes, _context: Context) -> Iterator[_Writes]:
    yield writes


_WRITES = checks_of_writes((*DETERMINISM_SWITCHES, *PRECISION_SWITCHES), _as_they_are)


def _flag(finding: Finding, writes: _Writes, context: MigrationContext) -> Outcome:
    statement = _whole_statement(finding.draft.node, context)
    if statement is None or not writes or any(write.scoped for write in writes):
        return Refuse(
            finding,
            "the flag is written within a statement that does more than that",
            "leave the flag to the runtime's policy, and take this write out by hand",
        )
    values = [None if each.decisive is None else literal_value(each.decisive) for each in writes]
    if None in values:
        return Refuse(
            finding,
            "the value of the flag is known to the run only",
            "decide it in the runtime's policy, and take this write out by hand",
        )
    wanted = [ast.literal_eval(write.flag.good) for write in writes]
    return _removal(finding, statement, context, agrees=values == wanted)


def _variable(finding: Finding, context: MigrationContext) -> Outcome:
    """``os.environ["..."] = "..."`` and ``os.environ.setdefault("...", "...")``."""
    node = finding.draft.node
    name, value = _written_variable(node, context)
    if name in _READ_EARLIER:
        return Refuse(
            finding,
            "the variable is read before this statement runs, or by then decides nothing",
            "set it where the process is started",
        )
    statement = _whole_statement(node, context)
    accepted = _SET_BY_RUNTIME.get(name or "", frozenset())
    if statement is None or value is None or not accepted:
        return Refuse(
            finding,
            "the variable is not given a literal by a statement of its own",
            "leave the variable to the runtime, and take this write out by hand",
        )
    return _removal(finding, statement, context, agrees=value in accepted)


_SET_BY_RUNTIME = {
    "CUBLAS_WORKSPACE_CONFIG": frozenset({":4096:8", ":16:8"}),
    "TORCHINDUCTOR_DETERMINISTIC": frozenset({"1"}),
}
_READ_EARLIER = frozenset({"PYTHONHASHSEED", "NVIDIA_TF32_OVERRIDE", "ATEN_CPU_CAPABILITY"})


def _written_variable(
    node: cst.CSTNode, context: MigrationContext
) -> tuple[str | None, str | None]:
    """The name and the literal value that are written at ``node``, as far as they stand there."""
    if isinstance(node, cst.Subscript) and len(node.slice) == 1:
        key = node.slice[0].slice
        name = string_value(key.value) if isinstance(key, cst.Index) else None
        target = context.facts.parent(node)
        assign = context.facts.parent(target) if isinstance(target, cst.AssignTarget) else None
        return name, string_value(assign.value) if isinstance(assign, cst.Assign) else None
    if isinstance(node, cst.Call) and node.args:
        name = string_value(node.args[0].value)
        sets = isinstance(node.func, cst.Attribute) and node.func.attr.value == "setdefault"
        return name, string_value(node.args[1].value) if sets and len(node.args) == 2 else None
    return None, None


def _removal(
    finding: Finding,
    statement: cst.BaseSmallStatement,
    context: MigrationContext,
    *,
    agrees: bool,
) -> Outcome:
    code = " ".join(context.facts.code(statement).split())
    if agrees:
        message = f"remove `{code}`: the runtime sets it"
        return Rewrite(finding, (Delete(statement),), message)
    if context.config.unsafe:
        message = f"remove `{code}`, which contradicts the runtime's policy"
        return Rewrite(finding, (Delete(statement),), message, unsafe=True)
    return Refuse(
        finding,
        "the value contradicts what the runtime sets",
        f"decide: remove `{code}` (`--unsafe-fixes` does), or ask for it in the runtime's policy",
    )


def _whole_statement(node: cst.CSTNode, context: MigrationContext) -> cst.BaseSmallStatement | None:
    """The statement that is nothing but the write at ``node``; None where it does more."""
    facts = context.facts
    if isinstance(node, (cst.Assign, cst.AnnAssign)):
        alone = not isinstance(node, cst.Assign) or len(node.targets) == 1
        return node if alone else None
    if isinstance(node, cst.Arg):
        node = facts.parent(node)
    parent = facts.parent(node)
    if isinstance(node, cst.Call):
        return parent if isinstance(parent, cst.Expr) else None
    if isinstance(parent, cst.AssignTarget):
        assign = facts.parent(parent)
        if isinstance(assign, cst.Assign) and len(assign.targets) == 1:
            return assign
    return None


CODEMOD = Codemod(
    codes=("DET204", "DET205", "DET206"),
    module=__name__,
    documentation=__doc__ or "",
    rewrite=rewrite,
)
