"""Whether everything that reads a device's name would take a ``torch.device`` in its place.

``torch.device("cuda") == "cuda"`` is False, and a ``torch.device`` has neither ``startswith`` nor
a place in JSON. So a text becomes a ``torch.device`` only where each place that it reaches, by
names and parameters of this file, is known to take one. `positions` asks whether any place takes
a device; here every place must. Attributes, names of a module or class, containers and returned
values can be read by code that is not seen here, and count as places that want the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.flow.arrivals import Arrival, FirstAnswers
from torchdet.facts.flow.order import Order
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.scope import ScopeKind
from torchdet.torch_api.checkpoints import CHECKPOINT_READERS
from torchdet.torch_api.device_arguments import (
    DEVICE_FIRST,
    MOVING_METHODS,
    TAKING_DEVICE_TYPE,
    making_methods,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope


def takes_device(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether all places that the value of ``node`` reaches take a ``torch.device`` as well."""

    def wants_text(arrival: Arrival) -> bool | None:
        return None if not arrival.path and _bears_device(arrival.use, facts) else True

    return facts.flow.first(node, wants_text, _wanted_texts(facts.module, facts)) is None


@remembered
def _wanted_texts(module: cst.Module, facts: FileFacts) -> FirstAnswers[bool]:
    del module, facts
    return FirstAnswers()


def is_only_shown(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is assigned to a name that is only shown before it gets another value.

    ``device = "cuda"; print(device); device = "cpu"`` puts nothing on that device.
    """
    target = _only_target(node, facts)
    definition = facts.flow.definition(target) if target is not None else None
    if target is None or definition is None or not _is_replaced(target, facts):
        return False
    uses = facts.flow.uses(definition)
    return bool(uses) and all(is_message(use.node, facts) for use in uses)


def _only_target(node: cst.BaseExpression, facts: FileFacts) -> cst.Name | None:
    statement = facts.parent(node)
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0].target
    return target if isinstance(target, cst.Name) else None


def _is_replaced(target: cst.Name, facts: FileFacts) -> bool:
    """Whether the name certainly gets another value, or ends with its function."""
    if facts.scope(target).kind is ScopeKind.FUNCTION:
        return True
    order = facts.flow.order
    return any(
        facts.flow.before(target, other.node) is Order.CERTAINLY and order.always_runs(other.node)
        for other in facts.bindings(target)
        if other.node is not target
    )


def needs_plain_text(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is an argument of a function of torch that only takes a device's type.

    ``torch.autocast("cuda")``, ``torch.amp.GradScaler("cuda")``, ``device_type="cuda"``.
    """
    arg = facts.parent(node)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(arg, cst.Arg) or not isinstance(call, cst.Call):
        return False
    return _torch_takes(arg, call, facts.resolve(call.func).names) is False


def compares_text(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether this file may compare the device ``node``, or read its text or its index.

    ``rt.device`` has an index, which ``torch.device("cuda")`` has not: the two are not equal.
    """

    def answer(arrival: Arrival) -> bool | None:
        use = arrival.use
        if use.kind is UseKind.STORED_ATTRIBUTE:
            return use.slot in _attributes_read_as_text(facts.module, facts) or None
        return (not arrival.path and _reads_text(use, facts)) or None

    return facts.flow.first(node, answer, _text_reads(facts.module, facts)) is not None


_DEVICE_KEYWORDS = frozenset({"device", "map_location"})
_LOG_METHODS = frozenset(
    {"critical", "debug", "error", "exception", "info", "log", "warn", "warning", "write"}
)


def _torch_takes(arg: cst.Arg, call: cst.Call, function: tuple[str, ...]) -> bool | None:
    """Whether a function of torch takes a device there; None for a function that is not torch's."""
    if not function or not all(name.startswith("torch.") for name in function):
        return None
    if any(name in TAKING_DEVICE_TYPE for name in function):
        return False
    if arg.keyword is not None:
        return arg.keyword.value in _DEVICE_KEYWORDS
    position = call.args.index(arg)
    readers = {name for name, place in CHECKPOINT_READERS.items() if place == position}
    taken = DEVICE_FIRST if position == 0 else readers
    if all(name in taken for name in function):
        return "torch.device" not in function or len(call.args) == 1
    return position == 0 and all(name.startswith("torch.cuda.") for name in function)


def is_message(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is shown to people: an argument of `print` or of a logger's method."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.Call) and below is not above.func:
            method = above.func.attr.value if isinstance(above.func, cst.Attribute) else ""
            return method in _LOG_METHODS or facts.means(above.func, "builtins.print")
        if isinstance(above, (cst.BaseStatement, cst.BaseSmallStatement)):
            return False
        below = above
    return False


_HARMLESS = frozenset(
    {UseKind.CHOSEN, UseKind.TESTED, UseKind.DISCARDED, UseKind.DELETED, UseKind.ENTERED}
)


def _bears_device(use: Use, facts: FileFacts) -> bool:
    """Whether a ``torch.device`` does as well as its text there; names and parameters do."""
    by = use.by
    if use.kind is UseKind.ARGUMENT and isinstance(by, cst.Call):
        return _argument_bears_device(use, by, facts)
    if use.kind is UseKind.FORMATTED and isinstance(by, cst.FormattedStringExpression):
        return is_message(by, facts) or _is_in_name(by, facts)
    if use.kind is UseKind.COMPARED:
        return _compares_with_none(by, facts)
    if isinstance(by, cst.Param):
        return _may_be_device(by, facts)
    if use.kind is UseKind.REBOUND:
        return _is_local(by, facts)
    return use.kind in _HARMLESS


def _argument_bears_device(use: Use, call: cst.Call, facts: FileFacts) -> bool:
    arg = facts.parent(use.node)
    if not isinstance(arg, cst.Arg):
        return False
    taken = _torch_takes(arg, call, facts.resolve(call.func).names)
    if taken is not None:
        return taken
    if is_message(use.node, facts):
        return True
    if not facts.flow.callees(call):
        return _is_tensor_method(arg, call, facts)
    parameter = facts.flow.parameter(call, arg)
    return parameter is not None and not parameter.star and _may_be_device(parameter, facts)


def _is_tensor_method(arg: cst.Arg, call: cst.Call, facts: FileFacts) -> bool:
    """Whether the call is `x.to(...)` or `x.new_zeros(..., device=...)`."""
    func = call.func
    if not isinstance(func, cst.Attribute) or facts.resolve(func).names:
        return False
    keyword = arg.keyword.value if arg.keyword is not None else None
    method = func.attr.value
    if method in MOVING_METHODS:
        return keyword == "device" or (keyword is None and call.args[0] is arg)
    return method in making_methods() and keyword == "device"


def _may_be_device(parameter: cst.Param, facts: FileFacts) -> bool:
    return parameter.annotation is None or _allows_device(parameter.annotation, facts)


def _is_local(statement: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether an assignment gives the value to names of a function, and those have no other."""
    if isinstance(statement, cst.Assign):
        return all(_is_local_name(each.target, facts) for each in statement.targets)
    if isinstance(statement, cst.AnnAssign):
        typed = _allows_device(statement.annotation, facts)
        return typed and _is_local_name(statement.target, facts)
    return isinstance(statement, cst.NamedExpr) and _is_local_name(statement.target, facts)


def _is_local_name(target: cst.CSTNode, facts: FileFacts) -> bool:
    definition = facts.flow.definition(target)
    if not isinstance(target, cst.Name) or definition is None:
        return False
    scope = facts.scope(target).owner(target.value)
    if scope is None or scope.kind is not ScopeKind.FUNCTION or _shows_locals(scope, facts):
        return False
    names = (use.node for use in facts.flow.uses(definition))
    return all(
        facts.flow.definitions(name).only is definition
        for name in names
        if isinstance(name, cst.Name)
    )


def _shows_locals(scope: Scope, facts: FileFacts) -> bool:
    """Whether `locals()` or `exec` can hand the names of ``scope`` on as they are."""
    return any(
        use.scope is scope
        for each in ("locals", "exec", "eval", "vars")
        for use in facts.index.uses.get(each, ())
    )


_ATTRIBUTES = frozenset(f"builtins.{each}attr" for each in ("get", "set", "has", "del"))


def _is_in_name(part: cst.FormattedStringExpression, facts: FileFacts) -> bool:
    """Whether ``part`` becomes part of the name of an attribute: ``f"{device}_time"``."""
    argument = facts.parent(facts.parent(part))
    call = facts.parent(argument)
    return (
        isinstance(argument, cst.Arg)
        and isinstance(call, cst.Call)
        and len(call.args) > 1
        and call.args[1] is argument
        and facts.means(call.func, *_ATTRIBUTES)
    )


def _compares_with_none(node: cst.CSTNode, facts: FileFacts) -> bool:
    comparison = facts.parent(node) if isinstance(node, cst.ComparisonTarget) else node
    if not isinstance(comparison, cst.Comparison):
        return False
    sides = (comparison.left, *(each.comparator for each in comparison.comparisons))
    return any(is_constant(side, "None") for side in sides)


def _allows_device(annotation: cst.Annotation, facts: FileFacts) -> bool:
    """Whether an annotation allows a ``torch.device``, as one of several types perhaps."""
    pending = [annotation.annotation]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.BinaryOperation):
            pending += [node.left, node.right]
        elif isinstance(node, cst.Subscript) and last_name(node.value) in {"Optional", "Union"}:
            pending += [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
        elif facts.means(
            node, "torch.device", "torch.types.Device", "typing.Any", "builtins.object"
        ):
            return True
    return False


def _reads_text(use: Use, facts: FileFacts) -> bool:
    """Whether ``use`` compares a device, or reads its text or its index."""
    if use.kind is UseKind.COMPARED:
        return not _compares_with_none(use.by, facts)
    if use.kind is UseKind.ATTRIBUTE:
        return use.slot == "index"
    if use.kind is UseKind.FORMATTED:
        return not is_message(use.by, facts)
    if use.kind is UseKind.ARGUMENT and isinstance(use.by, cst.Call):
        return facts.means(use.by.func, *_AS_TEXT) and not is_message(use.node, facts)
    return False


_AS_TEXT = ("builtins.str", "builtins.repr", "builtins.hash", "json.dumps", "builtins.format")


@remembered
def _text_reads(module: cst.Module, facts: FileFacts) -> FirstAnswers[bool]:
    del module, facts
    return FirstAnswers()


@remembered
def _attributes_read_as_text(module: cst.Module, facts: FileFacts) -> frozenset[str]:
    """The attributes, of whichever objects, that the file compares or reads as text."""
    del module
    return frozenset(
        use.parts[-1]
        for uses in facts.index.uses.values()
        for use in uses
        if len(use.parts) > 1 and use.node in facts.index.parents
        if _reads_text(facts.flow.use(use.node), facts)
    ).union(
        use.parts[-2]
        for uses in facts.index.uses.values()
        for use in uses
        if len(use.parts) > 2 and use.parts[-1] == "index"
    )
