"""What a loop leaves behind that goes over elements in an order that means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value, last_name, string_value
from torchdet.facts.flow.order import Order
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.reading.randomness.order_effects import APPENDED, DRAWS, LAYERS, NUMBERED, OrderUse

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

DRAW_MODULES = ("random.", "numpy.random.")
_TORCH_DRAWS = tuple(f"torch.{name}" for name in ("rand", "normal", "bernoulli", "nn.init."))


@remembered
def left_behind(
    loop: cst.For, facts: FileFacts
) -> tuple[tuple[cst.BaseExpression, ...], tuple[OrderUse, ...]]:
    """What a loop over the elements leaves: uses of the lists that it fills, and effects."""
    places: dict[cst.BaseExpression, None] = {}
    effects: list[OrderUse] = []
    counters = {
        node.target.value
        for node in descendants(loop.body)
        if isinstance(node, cst.AugAssign)
        and isinstance(node.target, cst.Name)
        and int_value(node.value) == 1
    }
    if stores_number(loop.body, counters):
        effects.append(NUMBERED)
    for node in descendants(loop.body):
        if isinstance(node, (cst.Call, cst.AugAssign)) and _ends_loop(node, loop, facts):
            continue  # it is done for one element
        if isinstance(node, cst.Call):
            if last_name(node.func) in {"append", "extend"} and isinstance(
                node.func, cst.Attribute
            ):
                places.update((each, None) for each in _filled(node.func.value, node, loop, facts))
            elif makes_layers(node, facts):
                effects.append(LAYERS)
            elif _draws(node, facts):
                effects.append(DRAWS)
        elif isinstance(node, cst.AugAssign) and isinstance(node.value, (cst.List, cst.ListComp)):
            places.update((each, None) for each in reads_of_target(node.target, facts))
        elif isinstance(node, cst.AugAssign) and _joins_text(node, facts):
            effects.append(APPENDED)
    return tuple(places), tuple(effects)


def _ends_loop(node: cst.CSTNode, loop: cst.For, facts: FileFacts) -> bool:
    """Whether the loop is left right after ``node``: it has found what it looks for."""
    for above in facts.ancestors(node):
        if above is loop:
            return False
        if isinstance(above, cst.IndentedBlock) and above is not loop.body:
            last = above.body[-1]
            small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else None
            if isinstance(small, (cst.Break, cst.Return)):
                return True
        if isinstance(above, (cst.For, cst.While, cst.FunctionDef, cst.Lambda)):
            return False
    return False


def _joins_text(statement: cst.AugAssign, facts: FileFacts) -> bool:
    """Whether ``text += ...`` puts together the contents of files, beginning with an empty one."""
    target = statement.target
    if not isinstance(target, cst.Name) or not isinstance(statement.operator, cst.AddAssign):
        return False
    begun = [each.value for each in facts.flow.definitions(target).definitions]
    if not any(string_value(each) == "" for each in begun if each is not None):
        return False
    return any(
        isinstance(node, cst.Call) and last_name(node.func) in {"read", "read_text"}
        for node in descendants(statement.value)
    )


def _filled(
    container: cst.BaseExpression, call: cst.Call, loop: cst.For, facts: FileFacts
) -> Iterator[cst.BaseExpression]:
    """The uses that may see ``container`` filled by ``call``, unless each pass makes a new one."""
    flow = facts.flow
    if isinstance(container, cst.Name):
        definitions = flow.definitions(container).definitions
        if definitions and all(loop in facts.ancestors(each.node) for each in definitions):
            return
        for definition in definitions:
            for read in _reads(definition.node, facts):
                if flow.before(call, read) is not Order.NEVER:
                    yield read
    else:
        yield from reads_of_target(container, facts)


@remembered
def _reads(node: cst.CSTNode, facts: FileFacts) -> tuple[cst.BaseExpression, ...]:
    """The uses of what ``node`` binds, without calls of its methods, which show no order."""
    definition = facts.flow.definition(node)
    uses = facts.flow.uses(definition) if definition is not None else ()
    return tuple(use.node for use in uses if use.kind is not UseKind.METHOD)


def reads_of_target(target: cst.BaseExpression, facts: FileFacts) -> tuple[cst.BaseExpression, ...]:
    """What reads the name or the attribute that is assigned to."""
    if isinstance(target, cst.Name):
        return _reads(target, facts)
    owner = facts.flow.class_of_self(target.value) if isinstance(target, cst.Attribute) else None
    if owner is None or not isinstance(target, cst.Attribute):
        return ()
    return tuple(facts.flow.attributes.read(owner, target.attr.value))


def stores_number(body: cst.CSTNode, numbers: set[str]) -> bool:
    """Whether ``body`` has ``d[key] = n`` with ``n`` from ``numbers``, or ``d[key] = len(d)``."""
    for node in descendants(body):
        if not isinstance(node, cst.Assign):
            continue
        target, value = node.targets[0].target, node.value
        if not isinstance(target, cst.Subscript):
            continue
        if isinstance(value, cst.Name) and value.value in numbers:
            return True
        if isinstance(value, cst.Call) and last_name(value.func) == "len" and value.args:
            counted = value.args[0].value
            if counted.deep_equals(target.value):
                return True
    return False


def makes_layers(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` makes a module of ``torch.nn``."""
    if not isinstance(node, cst.Call):
        return False
    names = facts.resolve(node.func).names
    return bool(names) and all(
        name.startswith("torch.nn.")
        and name.rpartition(".")[2][:1].isupper()
        and name not in {"torch.nn.Buffer", "torch.nn.Parameter"}
        for name in names
    )


def _draws(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``call`` draws random numbers from a global generator."""
    names = facts.resolve(call.func).names
    return bool(names) and all(
        name.startswith((*DRAW_MODULES, *_TORCH_DRAWS)) and "seed" not in name for name in names
    )
