"""The questions of a choice by availability: whether they ask for more than that.

A question that is nothing but "is it there?" is the one that the runtime's handle has answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value
from torchdet.facts.lazy import cst
from torchdet.facts.scope import ScopeKind
from torchdet.facts.walk import descendants
from torchdet.reading.devices.probes import depends_on_availability, is_probe

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def asks_for_presence(test: cst.BaseExpression, facts: FileFacts) -> bool | None:
    """True for "it is there", False for "it is not", None for a question that asks for more.

    A name that keeps such an answer, and nothing else, is such a question as well.
    """

    def classify(each: cst.BaseExpression, holds: bool) -> Iterator[bool]:
        answer = _presence(each, facts)
        if answer is not None:
            yield answer is holds

    holding, failing = (facts.flow.implied([(test, holds)], classify) for holds in (True, False))
    if len(holding) != 1 or len(failing) != 1 or holding == failing:
        return None
    return next(iter(holding))


def _presence(test: cst.BaseExpression, facts: FileFacts) -> bool | None:
    """What a single test asks: whether something is there, or is not; None for another one."""
    if isinstance(test, cst.Call):
        return True if _is_torch_probe(test, facts) else None
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    target = test.comparisons[0]
    if not isinstance(test.left, cst.Call) or not _is_torch_probe(test.left, facts):
        return None
    number = int_value(target.comparator)
    if isinstance(target.operator, cst.GreaterThan) and number == 0:
        return True
    if isinstance(target.operator, cst.GreaterThanEqual) and number == 1:
        return True
    return False if isinstance(target.operator, cst.Equal) and number == 0 else None


def _is_torch_probe(call: cst.Call, facts: FileFacts) -> bool:
    """Whether PyTorch itself is asked, without more ado."""
    names = facts.resolve(call.func).names
    torch = bool(names) and all(name.startswith("torch.") for name in names)
    return torch and not call.args and is_probe(call, facts)


def kept_for_nothing_else(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.Assign]:
    """The assignments in the function around that keep an answer only for the question ``node``.

    ``use_cuda = torch.cuda.is_available()``, which nobody reads once the choice is the handle's.
    """
    for name in descendants(node):
        reaching = facts.flow.definitions(name) if isinstance(name, cst.Name) else None
        only = reaching.only if reaching is not None else None
        if not isinstance(name, cst.Name) or only is None or only.value is None:
            continue
        scope = facts.scope(name).owner(name.value)
        target = facts.index.parents.get(only.node)
        statement = facts.parent(target) if isinstance(target, cst.AssignTarget) else None
        if scope is None or scope.kind is not ScopeKind.FUNCTION:
            continue
        if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
            continue
        read = [use.node for use in facts.flow.uses(only)]
        if read == [name] and asks_for_presence(only.value, facts) is not None:
            yield statement


def rest_of_question(
    test: cst.BaseExpression, facts: FileFacts
) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """``available and rest`` as (the whole, ``rest``), where reading ``rest`` does nothing.

    The handle's device is the CPU where none is available, so that ``rest`` alone decides.
    """
    if not isinstance(test, cst.BooleanOperation) or not isinstance(test.operator, cst.And):
        return None
    for probe, rest in ((test.left, test.right), (test.right, test.left)):
        probed = isinstance(probe, cst.Call) and _presence(probe, facts) is True
        if probed and _only_reads(rest) and not depends_on_availability(rest, facts):
            return test, rest
    return None


def _only_reads(node: cst.BaseExpression) -> bool:
    """Whether ``node`` is a name, an attribute, or the opposite of one."""
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        node = node.expression
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)
