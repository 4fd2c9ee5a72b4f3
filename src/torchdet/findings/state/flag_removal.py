"""Which writes of what the runtime sets can go, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torchdet.edit.node_edit import Delete
from torchdet.facts.expressions import literal_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.project_conditions import NoContraryWrite
from torchdet.findings.state.flag_writes import FlagStatement
from torchdet.reading.context import Context
from torchdet.reading.entry_points import applies_runtime
from torchdet.reading.module_role import ModuleRole, module_role


def remove_flag_statements(
    findings: Sequence[Finding[FlagStatement]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        yield _flag(finding, context)


def _flag(finding: Finding[FlagStatement], context: MigrationContext) -> Outcome:
    writes = finding.subject.writes
    statement = whole_statement(finding.node, context)
    if statement is None or any(write.scoped or write.passing for write in writes):
        return Refuse(finding, _PART)
    values = [None if each.decisive is None else literal_value(each.decisive) for each in writes]
    if None in values:
        return Refuse(finding, _UNKNOWN)
    wanted = [write.flag.good for write in writes]
    outcome = removal(finding, statement, context, agrees=values == wanted)
    if values != wanted or isinstance(outcome, Refuse) or context.config.unsafe:
        return outcome  # with unsafe changes, contrary writes go as well
    conditions = tuple(NoContraryWrite(write.flag.name, write.flag.good) for write in writes)
    return replace(outcome, conditions=conditions)


_PART = Grounds(
    "the flag is written within a statement that does more than that",
    "leave the flag to the runtime's policy, and take this write out by hand",
)
_LIBRARY = Grounds(
    "programs that import this module and never apply the runtime rely on the flag",
    "call `get_torch_handle()` in the programs that need it, then take this write out by hand",
)
_CONTRARY = Grounds(
    "the value contradicts what the runtime sets",
    "ask for the value in the runtime's policy, or remove the write with `--unsafe-fixes`",
)
_UNKNOWN = Grounds(
    "the value of the flag is known to the run only",
    "decide it in the runtime's policy, and take this write out by hand",
)


def _is_left_to_programs(context: Context) -> bool:
    """Whether a library, without applying the runtime itself, writes for those that import it."""
    in_library = module_role(context) is ModuleRole.LIBRARY
    return in_library and not applies_runtime(context.facts.source.text, context.place)


def removal(
    finding: Finding[object],
    statement: cst.BaseSmallStatement,
    context: MigrationContext,
    *,
    agrees: bool,
) -> Outcome:
    """The end of ``statement``, which writes what the runtime writes or contradicts it.

    One that contradicts the runtime is refused, unless unsafe changes are wanted. So is one in a
    library that leaves the runtime to the programs that import it.
    """
    code = " ".join(context.facts.code(statement).split())
    if agrees and not context.config.unsafe and _is_left_to_programs(context.rules):
        return Refuse(finding, _LIBRARY)
    if agrees:
        message = f"remove `{code}`: the runtime sets it"
        return Rewrite(finding, (Delete(statement),), message)
    if context.config.unsafe:
        message = f"remove `{code}`, which contradicts the runtime's policy"
        return Rewrite(finding, (Delete(statement),), message, risk=_CONTRARY)
    advice = f"remove `{code}` (`--unsafe-fixes` does), or ask for it in the runtime's policy"
    return Refuse(finding, Grounds(_CONTRARY.reason, advice))


def whole_statement(node: cst.CSTNode, context: MigrationContext) -> cst.BaseSmallStatement | None:
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
