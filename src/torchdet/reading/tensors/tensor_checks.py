"""What ``isinstance`` and ``torch.is_tensor`` say of a value on its way to a use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.torch_api.returns import TENSOR_CHECK, tensor_types

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.definitions import Definition


def checked_on_way(
    use: cst.Name, definition: Definition, facts: FileFacts, *, several: bool
) -> set[bool]:
    """The answers to whether the value of ``definition`` is a tensor where ``use`` sees it.

    ``several`` says that ``use`` sees others as well. Empty where nothing asks.
    """
    flow = facts.flow

    def checks(test: cst.BaseExpression, holds: bool) -> Iterator[tuple[Definition, bool]]:
        return _checks(test, holds, facts)

    found = flow.facts(use, checks)
    if several:
        branches = flow.branches(use, definition)
        outcomes = [(each.test, each.holds) for each in branches if each.pattern is None]
        found |= flow.implied(outcomes, checks)
    return {verdict for checked, verdict in found if checked is definition}


def _checks(
    test: cst.BaseExpression, holds: bool, facts: FileFacts
) -> Iterator[tuple[Definition, bool]]:
    """The definitions whose value ``test`` asks about, and whether it is a tensor."""
    if not isinstance(test, cst.Call) or not test.args:
        return
    asked = test.args[0].value
    if not isinstance(asked, cst.Name):
        return
    verdict: bool | None = None
    if facts.means(test.func, TENSOR_CHECK):
        verdict = holds
    elif facts.means(test.func, "builtins.isinstance") and len(test.args) == 2:
        verdict = _of_types(test.args[1].value, holds, facts)
    if verdict is not None:
        for each in facts.flow.definitions(asked).definitions:
            yield each, verdict


def _of_types(types: cst.BaseExpression, holds: bool, facts: FileFacts) -> bool | None:
    """Whether a value that is (``holds``) or is not one of ``types`` is a tensor."""
    every = [each.value for each in types.elements] if isinstance(types, cst.Tuple) else [types]
    resolved = [facts.resolve(each).names for each in every]
    tensors = [bool(names) and set(names) <= tensor_types() for names in resolved]
    if holds:
        if all(tensors):
            return True
        return None if any(tensors) or not all(resolved) else False
    return False if all(tensors) else None
