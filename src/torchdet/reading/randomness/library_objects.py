"""Whether a value is an object of a library: a frame of pandas, a data set of ``datasets``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from torchdet.facts.inductive import Every, Judgement, inductive
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

Question: TypeAlias = "Callable[[cst.BaseExpression, FileFacts], bool]"


@cache
def is_made_by(package: str) -> Question:
    """The question whether an expression is made by ``package``.

    It is if a function or class of the package makes it, or a method, an attribute or a part of
    what is made by it; or if an annotation says so.
    """

    def judge(node: cst.BaseExpression, facts: FileFacts) -> Judgement:
        if isinstance(node, cst.Call) and _is_below(package, node.func, facts):
            return True
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            callees = tuple(facts.flow.callees(node))
            return None if callees else Every((node.func.value,))
        if isinstance(node, cst.Attribute) and facts.flow.class_of_self(node.value) is None:
            return Every((node.value,))
        return None

    def says(annotation: cst.BaseExpression, facts: FileFacts) -> bool:
        return _is_below(package, annotation, facts)

    return inductive(judge, says)


def _is_below(package: str, node: cst.BaseExpression, facts: FileFacts) -> bool:
    names = facts.resolve(node).names
    return bool(names) and all(name.startswith(f"{package}.") for name in names)
