"""Remove writes of environment variables that the runtime sets in time.

`os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"` goes where the value is one that the runtime
accepts. Another literal is removed with unsafe changes allowed and refused otherwise. A variable
that is read before this statement runs is refused: it belongs where the process is started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse
from torchdet.findings.environment_writes import EnvironmentWrite
from torchdet.findings.state.flag_removal import removal, whole_statement
from torchdet.torch_api.environment_variables import VARIABLES

_SET_BY_RUNTIME = {each.name: each.good for each in VARIABLES if each.good}
_READ_EARLIER = frozenset({"PYTHONHASHSEED", "NVIDIA_TF32_OVERRIDE", "ATEN_CPU_CAPABILITY"})

_TOO_LATE = Grounds(
    "the variable is read before this statement runs, or by then decides nothing",
    "set it where the process is started",
)
_PART = Grounds(
    "the variable is not given a literal by a statement of its own",
    "leave the variable to the runtime, and take this write out by hand",
)


def rewrite(
    findings: Sequence[Finding[EnvironmentWrite]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        yield _outcome(finding, context)


def _outcome(finding: Finding[EnvironmentWrite], context: MigrationContext) -> Outcome:
    write = finding.subject
    if write.name in _READ_EARLIER:
        return Refuse(finding, _TOO_LATE)
    value = None if write.value is None else string_value(write.value)
    call = context.facts.parent(write.node) if isinstance(write.node, cst.Arg) else None
    alone = not isinstance(call, cst.Call) or len(call.args) == 1
    statement = whole_statement(write.node, context) if alone else None
    accepted = _SET_BY_RUNTIME.get(write.name, ())
    if statement is None or value is None or not accepted:
        return Refuse(finding, _PART)
    return removal(finding, statement, context, agrees=value in accepted)


CODEMOD = Codemod(__name__, __doc__ or "", EnvironmentWrite, rewrite)
