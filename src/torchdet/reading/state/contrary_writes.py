"""Whether a file writes another value to one of torch's switches than the runtime does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import literal_value
from torchdet.facts.lazy import cst
from torchdet.torch_api.switches import DEBUG_MODE, DETERMINISTIC_MODE

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_OTHER_WAYS = {DETERMINISTIC_MODE: {DEBUG_MODE: frozenset({"error", 2})}}
"""Functions that write a switch of another name, with the values that mean the good one."""


def names_of_writes(switch: str) -> frozenset[str]:
    """The qualified names by which code writes ``switch``."""
    return frozenset({switch, *_OTHER_WAYS.get(switch, ())})


def writes_otherwise(
    node: cst.CSTNode, name: str, switch: str, good: object, facts: FileFacts
) -> bool:
    """Whether ``node``, which means ``name``, writes to ``switch`` what need not be ``good``."""
    value = _written(node, facts)
    if value is None:
        return False
    fine = _OTHER_WAYS.get(switch, {}).get(name, frozenset({good}))
    literal = literal_value(value) if isinstance(value, cst.BaseExpression) else None
    return literal is None or not any(literal is each or literal == each for each in fine)


def _written(node: cst.CSTNode, facts: FileFacts) -> cst.CSTNode | None:
    """What is written at ``node``: an expression, or the statement that computes it."""
    parent = facts.parent(node)
    if isinstance(parent, cst.AssignTarget):
        statement = facts.parent(parent)
        return statement.value if isinstance(statement, cst.Assign) else statement
    if isinstance(parent, cst.AnnAssign):
        return parent.value if parent.target is node else None
    if isinstance(parent, cst.AugAssign):
        return parent if parent.target is node else None
    if isinstance(parent, cst.Call) and parent.func is node:
        return parent.args[0].value if parent.args else parent
    return None
