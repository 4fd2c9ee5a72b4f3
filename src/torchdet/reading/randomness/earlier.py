"""What a function has done before it comes to a node: seeded, or made a generator."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import children

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_NEAR = 3


def statements_before(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.CSTNode]:
    """The statements that have run when ``node`` runs, the latest first, in the same function.

    Those of the blocks around ``node`` up to it; what stands inside other blocks may not have run.
    """
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.BaseSuite, cst.Module)):
            body = list(above.body)
            yield from reversed(body[: body.index(below)])
        if isinstance(above, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
            return
        below = above


def seeded_just_before(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether one of the last few statements before ``node`` calls something that seeds.

    Nothing can draw in between, so that the default generator is as good as one of its own.
    """
    latest = islice(statements_before(node, facts), _NEAR)
    return any(_seeds(statement, facts) for statement in latest)


def _seeds(statement: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``statement`` is a call such as ``torch.manual_seed(0)`` or ``set_seed(args)``.

    ``generator.manual_seed(0)`` is not: it leaves the default generator as it was.
    """
    for expression in children(statement):
        call = expression.value if isinstance(expression, cst.Expr) else None
        name = last_name(call.func) if isinstance(call, cst.Call) else None
        if isinstance(call, cst.Call) and name is not None and "seed" in name.lower():
            return name != "manual_seed" or bool(facts.resolve(call.func).names)
    return False


def generator_at_hand(node: cst.CSTNode, facts: FileFacts) -> str | None:
    """The name of a seeded generator for the CPU that was made before ``node``, the latest one."""
    for statement in statements_before(node, facts):
        for name in _names_assigned(statement):
            if _is_seeded_once(name, facts):
                return name.value
    return None


@remembered
def _is_seeded_once(name: cst.Name, facts: FileFacts) -> bool:
    bindings = facts.bindings(name)
    return len(bindings) == 1 and _seeded(name, bindings[0].value, facts)


def _names_assigned(statement: cst.CSTNode) -> Iterator[cst.Name]:
    for small in children(statement):
        if isinstance(small, cst.Assign) and len(small.targets) == 1:
            target = small.targets[0].target
            if isinstance(target, cst.Name):
                yield target


def _seeded(name: cst.Name, value: cst.BaseExpression | None, facts: FileFacts) -> bool:
    """Whether ``name`` is made as a generator, and seeded there or in a call of its own."""
    if not isinstance(value, cst.Call):
        return False
    if isinstance(value.func, cst.Attribute) and value.func.attr.value == "manual_seed":
        made = value.func.value
        return isinstance(made, cst.Call) and _makes_generator(made, facts)
    return _makes_generator(value, facts) and any(
        use.parts == (name.value, "manual_seed")
        for use in facts.uses_of(name.value, facts.scope(name))
    )


def _makes_generator(call: cst.Call, facts: FileFacts) -> bool:
    if not facts.means(call.func, "torch.Generator"):
        return False
    device = argument(call, "device", 0)
    if device is None:
        return not call.args
    return isinstance(device.value, cst.SimpleString) and device.value.raw_value == "cpu"
