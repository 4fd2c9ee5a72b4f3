"""What ``isinstance`` has said of a name where it is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.torch_api.returns import tensor_types

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.reaching import Condition


def guarded(name: str, conditions: Iterable[Condition], facts: FileFacts) -> bool | None:
    """Whether ``conditions`` say that ``name`` is a tensor; None when they say nothing of it.

    The innermost condition, which stands first, has the first word.
    """
    for condition in conditions:
        verdict = _verdict(name, condition.test, condition.holds, facts)
        if verdict is not None:
            return verdict
    return None


def _verdict(name: str, test: cst.BaseExpression, holds: bool, facts: FileFacts) -> bool | None:
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return _verdict(name, test.expression, not holds, facts)
    if isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is not holds:
            return None
        left = _verdict(name, test.left, holds, facts)
        return left if left is not None else _verdict(name, test.right, holds, facts)
    if not isinstance(test, cst.Call) or not test.args:
        return None
    asked = test.args[0].value
    if not isinstance(asked, cst.Name) or asked.value != name:
        return None
    if facts.means(test.func, "torch.is_tensor"):
        return holds
    if facts.means(test.func, "builtins.isinstance") and len(test.args) == 2:
        return _of_types(test.args[1].value, holds, facts)
    return None


def _of_types(types: cst.BaseExpression, holds: bool, facts: FileFacts) -> bool | None:
    every = [each.value for each in types.elements] if isinstance(types, cst.Tuple) else [types]
    resolved = [facts.resolve(each).names for each in every]
    tensors = [bool(names) and set(names) <= tensor_types() for names in resolved]
    if holds:
        if all(tensors):
            return True
        return None if any(tensors) or not all(resolved) else False
    return False if all(tensors) else None
