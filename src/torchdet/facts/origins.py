"""What a value can be, as far as the file itself tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import Literal, is_constant, literal_value
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_MOST = 50


@dataclass(frozen=True, slots=True)
class Origins:
    """The expressions that a value comes from; ``complete`` when it can be nothing else."""

    expressions: tuple[cst.BaseExpression, ...]
    complete: bool

    @property
    def literals(self) -> frozenset[Literal]:
        """The literal values among them."""
        values = (literal_value(expression) for expression in self.expressions)
        return frozenset(value for value in values if value is not None)


def origins(node: cst.BaseExpression, facts: FileFacts) -> Origins:
    """Follow names, ``self.x`` and either side of ``a if b else c`` and ``a or b`` to their ends.

    A parameter leads to its default, and is never complete: callers may pass something else.
    """
    ends: list[cst.BaseExpression] = []
    pending = [node]
    seen: set[cst.BaseExpression] = set()
    complete = True
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        further, known = _sources(current, facts)
        complete = complete and known and len(seen) < _MOST
        if further is None or len(seen) >= _MOST:
            ends.append(current)
        else:
            pending.extend(reversed(further))
    return Origins(tuple(ends), complete)


def _sources(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[list[cst.BaseExpression] | None, bool]:
    """Where ``node`` takes its value from (None: from itself), and whether that is everything."""
    if isinstance(node, cst.IfExp):
        return [node.body, node.orelse], True
    if isinstance(node, cst.BooleanOperation):
        return [node.left, node.right], True
    if isinstance(node, cst.NamedExpr):
        return [node.value], True
    if literal_value(node) is not None or is_constant(node, "None"):
        return None, True
    if isinstance(node, cst.Name):
        return _bound_values(node, facts)
    if isinstance(node, cst.Attribute) and not facts.resolve(node).names:
        return _assigned_to(node, facts) or None, False
    return None, False


def _bound_values(node: cst.Name, facts: FileFacts) -> tuple[list[cst.BaseExpression] | None, bool]:
    from torchdet.facts.scope import BindingKind

    bindings = facts.bindings(node)
    values = [binding.value for binding in bindings if binding.value is not None]
    complete = all(binding.kind is BindingKind.ASSIGNMENT for binding in bindings)
    return (values, complete) if values else (None, False)


def _assigned_to(node: cst.Attribute, facts: FileFacts) -> list[cst.BaseExpression]:
    """What the file assigns to the same dotted name (``self.previous``) anywhere in it."""
    from torchdet.facts.index import dotted_parts

    parts = dotted_parts(node)
    if parts is None:
        return []
    targets = (use.node for use in facts.index.uses.get(parts[0], ()) if use.parts == parts)
    values: list[cst.BaseExpression] = []
    for target in targets:
        parent = facts.parent(target)
        statement = facts.parent(parent) if isinstance(parent, cst.AssignTarget) else parent
        if isinstance(statement, cst.Assign) and isinstance(parent, cst.AssignTarget):
            values.append(statement.value)
        elif isinstance(statement, cst.AnnAssign) and statement.target is target:
            values += [statement.value] if statement.value is not None else []
    return values
