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

from collections.abc import Iterator, Sequence

from torchdet.edit.node_edit import Delete
from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.origins import literal_value
from torchdet.findings.codemod import (
    Codemod,
    Finding,
    MigrationContext,
    Outcome,
    Refuse,
    Rewrite,
)
from torchdet.findings.environment_writes import EnvironmentWrite
from torchdet.findings.state.flag_writes import FlagStatement, FlagWrite
from torchdet.torch_api.environment_variables import VARIABLES


def rewrite(findings: Sequence[Finding], context: MigrationContext) -> Iterator[Outcome]:
    for finding in findings:
        match finding.draft.subject:
            case EnvironmentWrite() as write:
                yield _variable(finding, write, context)
            case FlagStatement(writes):
                yield _flag(finding, writes, context)


def _flag(finding: Finding, writes: tuple[FlagWrite, ...], context: MigrationContext) -> Outcome:
    statement = _whole_statement(finding.draft.node, context)
    if statement is None or any(write.scoped for write in writes):
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
    wanted = [write.flag.good for write in writes]
    return _removal(finding, statement, context, agrees=values == wanted)


def _variable(finding: Finding, write: EnvironmentWrite, context: MigrationContext) -> Outcome:
    """``os.environ["..."] = "..."`` and ``os.environ.setdefault("...", "...")``."""
    name = write.name
    value = None if write.value is None else string_value(write.value)
    if name in _READ_EARLIER:
        return Refuse(
            finding,
            "the variable is read before this statement runs, or by then decides nothing",
            "set it where the process is started",
        )
    call = context.facts.parent(write.node) if isinstance(write.node, cst.Arg) else None
    alone = not isinstance(call, cst.Call) or len(call.args) == 1
    statement = _whole_statement(write.node, context) if alone else None
    accepted = _SET_BY_RUNTIME.get(name, ())
    if statement is None or value is None or not accepted:
        return Refuse(
            finding,
            "the variable is not given a literal by a statement of its own",
            "leave the variable to the runtime, and take this write out by hand",
        )
    return _removal(finding, statement, context, agrees=value in accepted)


_SET_BY_RUNTIME = {each.name: each.good for each in VARIABLES if each.good}
_READ_EARLIER = frozenset({"PYTHONHASHSEED", "NVIDIA_TF32_OVERRIDE", "ATEN_CPU_CAPABILITY"})


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
