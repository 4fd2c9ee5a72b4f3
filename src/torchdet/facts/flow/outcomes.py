"""What the outcome of one test means by itself; imports no LibCST before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torchdet.facts.expressions import int_value, is_constant, string_value
from torchdet.facts.flow.graph import Branch
from torchdet.facts.lazy import cst


@dataclass(frozen=True, slots=True)
class OtherArm:
    """What runs where a test comes out the other way: a suite, a link of a chain, an expression.

    ``body`` is None where nothing does, as behind an ``if`` without an ``else``. ``raises`` is
    for an ``assert``. ``held`` says that the whole test of the statement held.
    """

    body: cst.CSTNode | None
    held: bool
    raises: bool = False


def other_arm(branch: Branch, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> OtherArm:
    """What runs where the test of ``branch``, or what it is a part of, comes out the other way."""
    below: cst.CSTNode = branch.test
    above = parents[below]
    outcome = branch.holds
    value: cst.BaseExpression | None = None
    while isinstance(above, (cst.BooleanOperation, cst.UnaryOperation, cst.NamedExpr)):
        if isinstance(above, cst.UnaryOperation):
            outcome = not outcome
        elif isinstance(above, cst.BooleanOperation):
            value = above.left if below is above.left else above.right
        below, above = above, parents[above]
    if isinstance(above, (cst.If, cst.IfExp)) and below is above.test:
        return OtherArm(above.orelse if outcome else above.body, outcome)
    if isinstance(above, cst.Assert):
        return OtherArm(None, outcome, raises=outcome and below is above.test)
    return OtherArm(value, outcome)


def truth_of(node: cst.BaseExpression) -> bool | None:
    """Whether a literal counts as true; None for other expressions."""
    for name, truth in (("True", True), ("False", False), ("None", False)):
        if is_constant(node, name):
            return truth
    number = int_value(node)
    if number is not None:
        return bool(number)
    text = string_value(node)
    return None if text is None else bool(text)
