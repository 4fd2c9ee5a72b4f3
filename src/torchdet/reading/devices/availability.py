"""Choices of a device by asking which accelerator is there: `"cuda" if ... else "cpu"` and its kin.

A branch is found from the accelerator that one of its arms names, so that only files that name
one pay for the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.reading.devices.device_text import accelerator_literals, device_text
from torchdet.reading.devices.positions import device_position, text_built_on
from torchdet.reading.devices.probes import depends_on_availability, probed_types

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class AvailabilityBranch:
    """A choice of a device by availability.

    ``node`` is what to underline: the whole expression, or the test of the first ``if`` that asks.
    ``statement`` is that ``if``, for a choice made by statements.
    """

    node: cst.BaseExpression
    statement: cst.If | None = None


def availability_branch(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    """The choice by availability of which ``literal``, a device's name, is one outcome."""
    return (
        _by_expression(literal, facts)
        or _by_statement(literal, facts)
        or _by_default_device(literal, facts)
    )


def fallback_branch(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    """The choice of which ``literal``, the CPU, is what is left instead of a device from elsewhere.

    ``args.device if torch.cuda.is_available() else "cpu"``, or ``return torch.device(name)`` under
    such a test and ``return torch.device("cpu")`` behind it. Where an arm names an accelerator or
    asks `torch` for one, that is what tells of the choice.
    """
    value = _made_device(literal, facts)
    choice = facts.parent(value)
    if isinstance(choice, (cst.Assign, cst.AnnAssign, cst.Return)):
        return _fallback_by_statement(value, choice, facts)
    if not isinstance(choice, cst.IfExp) or value is choice.test:
        return None
    other = choice.orelse if value is choice.body else choice.body
    if not _is_given(other, facts) or not any(probed_types(choice.test, facts)):
        return None
    if value is literal and device_position(choice, facts) is None:
        return None
    return AvailabilityBranch(choice)


def _fallback_by_statement(
    value: cst.BaseExpression,
    statement: cst.Assign | cst.AnnAssign | cst.Return,
    facts: FileFacts,
) -> AvailabilityBranch | None:
    if not _has_alternative(statement, facts):
        return None
    line = facts.parent(statement)
    head = _asking_head(line, facts)
    for each in [head] if head is not None else _asking_neighbours(line, statement, facts):
        if not any(probed_types(each.test, facts)):
            continue
        for other in _simple_statements(each):
            given = _alternative_value(statement, other, facts)
            if given is None or given is value or not _is_given(given, facts):
                continue
            if isinstance(given, cst.Call) or device_position(given, facts) is not None:
                return AvailabilityBranch(each.test, each)
    return None


def _made_device(value: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression:
    """The call `torch.device(value)` around ``value``, or ``value`` itself."""
    arg = facts.parent(value)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and facts.means(call.func, "torch.device"):
        return call
    return value


def _is_given(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` reads a device that was chosen elsewhere, or is None.

    That of the runtime's handle was chosen by asking what is there.
    """
    if isinstance(node, cst.Call) and facts.means(node.func, "torch.device") and node.args:
        node = node.args[0].value
    if not isinstance(node, (cst.Name, cst.Attribute, cst.Subscript)):
        return False
    return not any(name.startswith(("torch.", "torchdet.")) for name in facts.resolve(node).names)


def is_inside_availability_branch(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is a part of such a choice, and so of the finding on it.

    That is so for everything in a choice made by an expression, and in one made by statements
    for the tests and for the devices that are assigned or returned; also for a probe whose answer
    is kept in a name that the choice tests.
    """
    return _is_inside(node, facts) or any(_is_inside(use, facts) for use in _kept_in(node, facts))


def _is_inside(node: cst.CSTNode, facts: FileFacts) -> bool:
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.IfExp, cst.BooleanOperation, cst.Subscript)) and _makes_choice(
            above, facts
        ):
            return True
        if isinstance(above, cst.If):
            return below is above.test and _tests_choice(above, facts)
        if isinstance(above, (cst.BaseStatement, cst.SimpleStatementSuite)):
            return any(
                branch is not None and branch.statement is not None
                for branch in _branches(below, facts)
            )
        below = above
    return False


def _kept_in(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The uses of the names that keep the answer of the probe ``node``."""
    for above in facts.ancestors(node):
        if isinstance(above, cst.Assign):
            for target in above.targets:
                yield from _uses_of_target(target.target, facts)
        if isinstance(above, (cst.BaseStatement, cst.BaseSmallStatement)):
            return


# A choice made by an expression.


def _by_expression(node: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    outermost: cst.BaseExpression | None = None
    current = node
    while True:
        above, chooses = _expression_above(current, facts)
        if above is None:
            break
        if chooses:
            outermost = above
        elif outermost is not None and not isinstance(above, cst.BooleanOperation):
            break
        elif outermost is not None:
            outermost = above
        current = above
    if outermost is None or not _chooses_device(outermost, facts):
        return None
    return AvailabilityBranch(outermost)


def _expression_above(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[cst.BaseExpression | None, bool]:
    """The expression that hands ``node`` on, and whether it does so by availability."""
    parent = facts.parent(node)
    if isinstance(parent, cst.IfExp):
        if node is parent.test:
            return None, False
        return parent, depends_on_availability(parent.test, facts)
    if isinstance(parent, cst.BooleanOperation):
        tested = node is parent.right and isinstance(parent.operator, cst.And)
        return parent, tested and depends_on_availability(parent.left, facts)
    if isinstance(parent, cst.Arg):
        call = facts.parent(parent)
        if isinstance(call, cst.Call) and facts.means(call.func, "torch.device", "builtins.str"):
            return call, False
        return None, False
    if isinstance(parent, (cst.Element, cst.DictElement)):
        container = facts.parent(parent)
        above = facts.parent(container)
        if isinstance(above, cst.Subscript) and above.value is container:
            return above, _asks_by_index(above, facts)
        return None, False
    return text_built_on(node, facts), False


def _asks_by_index(node: cst.Subscript, facts: FileFacts) -> bool:
    return any(
        isinstance(each.slice, cst.Index) and depends_on_availability(each.slice.value, facts)
        for each in node.slice
    )


def _chooses_device(choice: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the outcomes are devices: the CPU is one of them, or the place takes a device."""
    if device_position(choice, facts) is not None:
        return True
    if isinstance(facts.parent(choice), (cst.FormattedStringExpression, cst.BinaryOperation)):
        return False  # a part of a text: a message, the name of a metric
    for node in descendants(choice):
        text = device_text(node)
        if text is not None and text.type == "cpu":
            return True
        if isinstance(node, cst.Call) and facts.means(node.func, "torch.device"):
            return True
    return False


# A choice made by statements.


def _by_statement(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    value = literal
    while (above := _expression_above(value, facts)[0]) is not None:
        value = above
    statement = facts.parent(value)
    if isinstance(statement, cst.AssignTarget):
        return None
    if not isinstance(statement, (cst.Assign, cst.AnnAssign, cst.Return)):
        return None
    if not _has_alternative(statement, facts):
        return None
    line = facts.parent(statement)
    head = _asking_head(line, facts)
    if head is None:
        head = _asking_neighbour(line, statement, facts)
    elif not (device_position(literal, facts) or _has_device_sibling(statement, facts)):
        return None
    if head is None:
        return None
    if isinstance(statement, cst.Return):
        head = _first_of_run(head, facts)
    return AvailabilityBranch(head.test, head)


def _by_default_device(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    """`if torch.cuda.is_available(): torch.set_default_device("cuda")`: else it is the CPU."""
    arg = facts.parent(_made_device(literal, facts))
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(call, cst.Call) or not facts.means(call.func, "torch.set_default_device"):
        return None
    statement = facts.parent(call)
    if not isinstance(statement, cst.Expr):
        return None
    head = _asking_head(facts.parent(statement), facts)
    return AvailabilityBranch(head.test, head) if head is not None else None


def _has_alternative(statement: cst.Assign | cst.AnnAssign | cst.Return, facts: FileFacts) -> bool:
    """Whether the same name is assigned, or the same function returns, elsewhere as well.

    A device that is used where it is available, with nothing in its stead, is no choice.
    """
    if isinstance(statement, cst.Return):
        function = enclosing_function(statement, facts)
        return function is not None and len(facts.flow.returns(function).values) > 1
    targets = (
        [target.target for target in statement.targets]
        if isinstance(statement, cst.Assign)
        else [statement.target]
    )
    for target in targets:
        if isinstance(target, cst.Name) and len(facts.bindings(target)) > 1:
            return True
        if isinstance(target, cst.Attribute) and _stores(target, facts) > 1:
            return True
    return False


def _stores(target: cst.Attribute, facts: FileFacts) -> int:
    """How often the file assigns the attribute of the same object."""
    owner = facts.flow.class_of_self(target.value)
    if owner is not None:
        return len(facts.flow.attributes.stored(owner, target.attr.value)[0])
    if not isinstance(target.value, cst.Name):
        return 0
    uses = (
        use
        for definition in facts.flow.definitions(target.value).definitions
        for use in facts.flow.uses(definition)
        if use.kind is UseKind.MUTATED and use.slot == target.attr.value
    )
    return len({use.by for use in uses})


def _first_of_run(head: cst.If, facts: FileFacts) -> cst.If:
    """The first of the asking ``if`` statements that stand in a row and return a device each."""
    block = facts.parent(head)
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return head
    for before in reversed(block.body[: _index(block, head)]):
        if not isinstance(before, cst.If) or not depends_on_availability(before.test, facts):
            break
        returned = [each for each in _simple_statements(before) if isinstance(each, cst.Return)]
        if not any(_is_alternative(each, each, facts) for each in returned):
            break
        head = before
    return head


def _index(block: cst.IndentedBlock | cst.Module, statement: cst.CSTNode) -> int:
    return next(i for i, each in enumerate(block.body) if each is statement)


def _asking_head(line: cst.CSTNode, facts: FileFacts) -> cst.If | None:
    """The first asking ``if`` of the chain in one of whose arms ``line`` stands."""
    block = line if isinstance(line, cst.SimpleStatementSuite) else facts.parent(line)
    if isinstance(block, cst.Module):
        return None
    arm = facts.parent(block)
    last = facts.parent(arm) if isinstance(arm, cst.Else) else arm
    if not isinstance(last, cst.If):
        return None
    asking: cst.If | None = None
    link: cst.CSTNode = last
    own = last is arm
    while isinstance(link, cst.If):
        if depends_on_availability(link.test, facts):
            asking = link
        elif own:
            return None
        own = False
        above = facts.parent(link)
        if not (isinstance(above, cst.If) and above.orelse is link):
            break
        link = above
    return asking


def _asking_neighbour(
    line: cst.CSTNode, statement: cst.Assign | cst.AnnAssign | cst.Return, facts: FileFacts
) -> cst.If | None:
    """The ``if`` beside ``line`` that decides whether its device is taken."""
    for each in _asking_neighbours(line, statement, facts):
        if any(_is_alternative(statement, other, facts) for other in _simple_statements(each)):
            return each
    return None


def _asking_neighbours(
    line: cst.CSTNode, statement: cst.Assign | cst.AnnAssign | cst.Return, facts: FileFacts
) -> Iterator[cst.If]:
    """The asking ``if`` statements beside ``line`` that may decide whether its device is taken.

    For a return, those before it; for an assignment, the next ones.
    """
    block = facts.parent(line)
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return
    body, index = block.body, _index(block, line)
    if isinstance(statement, cst.Return):
        nearby = list(reversed(body[max(index - _NEARBY, 0) : index]))
    else:
        nearby = list(body[index + 1 : index + 1 + _NEARBY])
    for each in nearby:
        if isinstance(each, cst.If) and depends_on_availability(each.test, facts):
            yield each


_NEARBY = 3


def _simple_statements(statement: cst.If) -> Iterator[cst.CSTNode]:
    """The simple statements right in the arms of an ``if`` chain."""
    arm: cst.If | cst.Else | None = statement
    while arm is not None:
        for line in arm.body.body:
            if isinstance(line, cst.SimpleStatementLine):
                yield from line.body
            elif isinstance(line, cst.BaseSmallStatement):
                yield line
        arm = arm.orelse if isinstance(arm, cst.If) else None


def _is_alternative(statement: cst.CSTNode, other: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``other`` returns a device, or assigns one to the target of ``statement``."""
    value = _alternative_value(statement, other, facts)
    if isinstance(value, cst.Call) and facts.means(value.func, "torch.device") and value.args:
        value = value.args[0].value
    return value is not None and device_text(value) is not None


def _alternative_value(
    statement: cst.CSTNode, other: cst.CSTNode, facts: FileFacts
) -> cst.BaseExpression | None:
    """What ``other`` returns as ``statement`` does, or assigns to the same target."""
    if isinstance(statement, cst.Return) or isinstance(other, cst.Return):
        both = isinstance(statement, cst.Return) and isinstance(other, cst.Return)
        return other.value if both and isinstance(other, cst.Return) else None
    if not _target_codes(statement, facts) & _target_codes(other, facts):
        return None
    return other.value if isinstance(other, (cst.Assign, cst.AnnAssign)) else None


def _target_codes(statement: cst.CSTNode, facts: FileFacts) -> set[str]:
    if isinstance(statement, cst.Assign):
        return {facts.code(target.target) for target in statement.targets}
    if isinstance(statement, cst.AnnAssign):
        return {facts.code(statement.target)}
    return set()


def _has_device_sibling(
    statement: cst.Assign | cst.AnnAssign | cst.Return, facts: FileFacts
) -> bool:
    """Whether another arm of the same ``if`` chain gives a device as well."""
    head: cst.If | None = None
    for above in facts.ancestors(statement):
        if isinstance(above, cst.If):
            head = above
            outer = facts.parent(above)
            if not (isinstance(outer, cst.If) and outer.orelse is above):
                break
        elif isinstance(above, (cst.FunctionDef, cst.ClassDef)):
            break
    others = _simple_statements(head) if head is not None else iter(())
    return any(
        other is not statement and _is_alternative(statement, other, facts) for other in others
    )


# From a part of a choice to the choice.


def _branches(node: cst.CSTNode, facts: FileFacts) -> Iterator[AvailabilityBranch | None]:
    """For each accelerator that ``node`` names, the choice of which it is an outcome."""
    return (availability_branch(each, facts) for each in accelerator_literals(node))


def _makes_choice(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the expression ``node`` is a choice, or a part of one."""
    outer = {node, *facts.ancestors(node)}
    return any(branch is not None and branch.node in outer for branch in _branches(node, facts))


def _tests_choice(statement: cst.If, facts: FileFacts) -> bool:
    """Whether the test of ``statement`` decides on a device."""
    head = statement
    while isinstance(above := facts.parent(head), cst.If) and above.orelse is head:
        head = above
    candidates: list[cst.CSTNode] = list(_simple_statements(head))
    block = facts.parent(head)
    if isinstance(block, (cst.IndentedBlock, cst.Module)):
        index = _index(block, head)
        for line in block.body[max(index - _NEARBY, 0) : index + 1 + _NEARBY]:
            if isinstance(line, cst.SimpleStatementLine):
                candidates.extend(line.body)
    links = set(_links(head))
    for candidate in candidates:
        for branch in _branches(candidate, facts):
            if branch is not None and branch.statement in links:
                return True
    return False


def _links(head: cst.If) -> Iterator[cst.If]:
    link: cst.If | cst.Else | None = head
    while isinstance(link, cst.If):
        yield link
        link = link.orelse


def _uses_of_target(target: cst.BaseExpression, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    if isinstance(target, cst.Name):
        for use in facts.uses_of(target.value, facts.scope(target)):
            if len(use.parts) == 1:
                yield use.node
    elif isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name):
        root = target.value.value
        for use in facts.index.uses.get(root, ()):
            if use.parts == (root, target.attr.value):
                yield use.node
