"""The ``if`` statements that ask which accelerator is there, and what they give in turn.

Their arms assign to one variable or return, a device or something else; what is asked for a device
is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.flow.graph import Branch
from torchdet.facts.flow.order import Order
from torchdet.facts.flow.outcomes import other_arm
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import along_way, remembered
from torchdet.reading.devices.probes import depends_on_availability

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

Giving: TypeAlias = cst.Assign | cst.AnnAssign | cst.Return
Gives: TypeAlias = Callable[[cst.BaseExpression, "FileFacts"], bool]


def has_alternative(statement: Giving, facts: FileFacts) -> bool:
    """Whether the same name is assigned, or the same function returns, elsewhere as well.

    A device that is used where it is available, with nothing in its stead, is no choice.
    """
    if isinstance(statement, cst.Return):
        function = enclosing_function(statement, facts)
        return function is not None and len(facts.flow.returns(function).values) > 1
    return any(
        len(facts.bindings(target)) > 1
        if isinstance(target, cst.Name)
        else isinstance(target, cst.Attribute) and len(_stores(target, facts)) > 1
        for target in _targets(statement)
    )


def _targets(statement: cst.Assign | cst.AnnAssign) -> list[cst.BaseExpression]:
    if isinstance(statement, cst.AnnAssign):
        return [statement.target]
    return [each.target for each in statement.targets]


def _stores(target: cst.Attribute, facts: FileFacts) -> list[cst.CSTNode]:
    """Where the file assigns the attribute of the same object."""
    owner = facts.flow.class_of_self(target.value)
    if owner is not None:
        stored, _ = facts.flow.attributes.stored(owner, target.attr.value)
        return [each.node for each in stored]
    if not isinstance(target.value, cst.Name):
        return []
    uses = (
        use
        for definition in facts.flow.definitions(target.value).definitions
        for use in facts.flow.uses(definition)
    )
    stores = (u.by for u in uses if u.kind is UseKind.MUTATED and u.slot == target.attr.value)
    return list(dict.fromkeys(stores))


def asking_head(line: cst.CSTNode, facts: FileFacts) -> cst.If | None:
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


def deciding_later(statement: Giving, gives: Gives, facts: FileFacts) -> cst.If | None:
    """The asking ``if`` that assigns another value to the variable, where ``statement`` ran."""
    own = statement.value
    if own is None or isinstance(statement, cst.Return):
        return None
    for target in _targets(statement):
        for later in _rivals(target, facts):
            head, value = asking_head(facts.parent(later), facts), later.value
            if value is None or head is None or value is own or not gives(value, facts):
                continue
            after = facts.flow.before(own, value) is not Order.NEVER
            if after and _runs_where(head.test, own, facts):
                return head
    return None


def _runs_where(test: cst.CSTNode, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether no condition keeps the program from ``test`` where it has come to ``node``."""
    wanted, way = facts.flow.way(test), facts.flow.way(node)
    while way is not None and way is not wanted:
        way = way.outer
    return way is wanted


def _rivals(target: cst.BaseExpression, facts: FileFacts) -> list[cst.Assign | cst.AnnAssign]:
    """The assignments in an arm of an ``if`` that asks, for which a use may take ``target``."""
    if isinstance(target, cst.Attribute):
        function = enclosing_function(target, facts)
        stores = (_assignment_of(each, facts) for each in _stores(target, facts))
        return [s for s in stores if s is not None and enclosing_function(s, facts) is function]
    definition = facts.flow.definition(target)
    bindings = facts.bindings(target) if isinstance(target, cst.Name) else []
    asking = _asking_assignments(bindings[0].node, facts) if bindings else {}
    if definition is None or not asking:
        return []
    uses = [use.node for use in facts.flow.uses(definition) if isinstance(use.node, cst.Name)]
    seen = {other.node for use in uses for other in facts.flow.definitions(use).definitions}
    return [statement for node, statement in asking.items() if node in seen or not uses]


@remembered
def _asking_assignments(
    first: cst.CSTNode, facts: FileFacts
) -> dict[cst.CSTNode, cst.Assign | cst.AnnAssign]:
    """The assignments to the variable that ``first`` binds, in arms of an ``if`` that asks."""
    found: dict[cst.CSTNode, cst.Assign | cst.AnnAssign] = {}
    for binding in facts.bindings(first) if isinstance(first, cst.Name) else ():
        statement = _assignment_of(binding.node, facts)
        if statement is not None and asking_head(facts.parent(statement), facts) is not None:
            found[binding.node] = statement
    return found


def _assignment_of(target: cst.CSTNode, facts: FileFacts) -> cst.Assign | cst.AnnAssign | None:
    above = facts.parent(target)
    statement = facts.parent(above) if isinstance(above, cst.AssignTarget) else above
    return statement if isinstance(statement, (cst.Assign, cst.AnnAssign)) else None


def gives_instead(head: cst.If, statement: Giving, gives: Gives, facts: FileFacts) -> bool:
    """Whether another arm of the chain of ``head`` gives such a value as well."""
    return any(
        other is not statement and value is not None and gives(value, facts)
        for other in _simple_statements(head)
        for value in [_alternative_value(statement, other, facts)]
    )


def exit_before(gives: Gives) -> Callable[[cst.CSTNode, FileFacts], cst.If | None]:
    """The question for the first of the asking ``if`` statements that returned before a node.

    Those that return a value that ``gives`` accepts count, and others may stand between.
    """

    def step(branch: Branch, outer: cst.If | None, facts: FileFacts) -> cst.If | None:
        statement: cst.CSTNode = branch.test
        while isinstance(statement, cst.BaseExpression):
            statement = facts.parent(statement)
        if not isinstance(statement, cst.If) or other_arm(branch, facts.index.parents).body is None:
            return outer
        if depends_on_availability(statement.test, facts):
            returned = (each for each in _simple_statements(statement))
            values = (each.value for each in returned if isinstance(each, cst.Return))
            found = any(value is not None and gives(value, facts) for value in values)
            return outer or (statement if found else None)
        return None if other_arm(branch, facts.index.parents).held else outer

    return along_way(None, step)


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
