"""Backwards: the expressions that a value can come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, string_value
from torchdet.facts.flow.containers import comprehension_elements, elements_at, filled_by
from torchdet.facts.flow.definitions import (
    Definition,
    DefinitionKind,
    Each,
    Entered,
    Item,
    Member,
    Path,
    PathGuard,
    Rest,
    Step,
    subscript_step,
)
from torchdet.facts.flow.graph import Branch
from torchdet.facts.flow.sources import Sources, Transfer, ValueSource
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.calls import Callee
    from torchdet.facts.flow.command_line import Option
    from torchdet.facts.flow.parts import FlowParts


@dataclass(frozen=True, slots=True)
class _Item:
    """An expression to follow; ``call`` is the call that the search went through inwards."""

    node: cst.BaseExpression
    path: Path = ()
    conditions: tuple[Branch, ...] = ()
    certain: bool = True
    call: cst.Call | None = None
    origin: cst.BaseExpression | None = None


def _inside(item: _Item, whole: cst.BaseExpression, steps: Path) -> _Item:
    """The part of ``whole`` at ``steps`` is the value of ``item``."""
    origin = item.origin if item.path else item.node
    return replace(item, node=whole, path=(*steps, *item.path), origin=origin)


class SourceSearch:
    """One search. It visits each (expression, part, call) once, so that it ends."""

    def __init__(self, parts: FlowParts, transfer: Transfer) -> None:
        self._parts = parts
        self._transfer = transfer
        self._pending: list[_Item] = []
        self._found: dict[tuple[cst.CSTNode, Path], ValueSource] = {}
        self._missing: dict[str, None] = {}
        self._seen: dict[tuple[cst.BaseExpression, Path, cst.Call | None], None] = {}
        self._guard = PathGuard()

    def run(self, node: cst.BaseExpression, path: Path = ()) -> Sources:
        """The ends of ``node``, or of the part of it at ``path``."""
        self._pending.append(_Item(node, path))
        while self._pending:
            item = self._pending.pop()
            key = (item.node, item.path, item.call)
            if key in self._seen:
                continue
            self._seen[key] = None
            if not self._guard.admits(item.node, item.path):
                self._miss("a loop takes parts of parts")
                continue
            self._step(item)
        if not self._found:  # the element of a container that only starts out empty, for one
            self._miss("nothing that the file shows gives it a value")
            self._end(_Item(node, path, certain=False), node)
        passed = dict.fromkeys(seen for seen, inside, _ in self._seen if not inside)
        return Sources(tuple(self._found.values()), tuple(self._missing), tuple(passed))

    def _miss(self, reason: str) -> None:
        self._missing[reason] = None

    def _follow(self, item: _Item, nodes: Sequence[_Item]) -> None:
        certain = item.certain and len(nodes) == 1
        self._pending.extend(
            each if certain else replace(each, certain=False) for each in reversed(nodes)
        )

    def _end(self, item: _Item, node: cst.CSTNode, option: Option | None = None) -> None:
        origin = item.origin if item.path else None
        found = ValueSource(node, item.path, item.conditions, item.certain, option, origin)
        self._found.setdefault((node, item.path), found)

    def _step(self, item: _Item) -> None:
        node = item.node
        if isinstance(node, cst.IfExp):
            self._follow(
                item,
                [
                    replace(item, node=arm, conditions=(*item.conditions, Branch(node.test, holds)))
                    for arm, holds in ((node.body, True), (node.orelse, False))
                ],
            )
        elif isinstance(node, cst.BooleanOperation):
            left = Branch(node.left, isinstance(node.operator, cst.Or))
            right = Branch(node.left, isinstance(node.operator, cst.And))
            self._follow(
                item,
                [
                    replace(item, node=node.left, conditions=(*item.conditions, left)),
                    replace(item, node=node.right, conditions=(*item.conditions, right)),
                ],
            )
        elif isinstance(node, cst.NamedExpr):
            self._follow(item, [replace(item, node=node.value)])
        elif isinstance(node, cst.Await):
            self._follow(item, [replace(item, node=node.expression)])
        elif isinstance(node, cst.Name):
            self._name(item, node)
        elif item.path and self._literal(item):
            return
        else:
            self._operation(item)

    def _operation(self, item: _Item) -> None:
        """A call, attribute, subscript, operator: the rule's own knowledge goes first."""
        passed = self._transfer(item.node)
        if passed is not None:
            self._follow(item, [replace(item, node=each) for each in passed])
        elif isinstance(item.node, cst.Call):
            self._call(item, item.node)
        elif isinstance(item.node, cst.Attribute):
            self._attribute(item, item.node)
        elif isinstance(item.node, cst.Subscript):
            step = subscript_step(item.node)
            self._part(item, item.node.value, step)
        else:
            self._end(item, item.node)

    def _part(self, item: _Item, whole: cst.BaseExpression, step: Step) -> None:
        self._follow(item, [_inside(item, whole, (step,))])

    # Names.

    def _name(self, item: _Item, name: cst.Name) -> None:
        if is_constant(name, "True") or is_constant(name, "False") or is_constant(name, "None"):
            self._end(item, name)
            return
        reaching = self._parts.reaching.of(name)
        for reason in sorted(each.value for each in reaching.unknown):
            self._miss(reason)
        if not reaching.definitions:
            self._end(item, name)
            return
        several = len(reaching.definitions) > 1 or bool(reaching.unknown)
        for each in reversed(reaching.definitions):
            branches: tuple[Branch, ...] = ()
            if several:
                way = self._parts.reaching.branches_on_way(name, each)
                branches = tuple(sorted(way, key=lambda branch: branch.holds))
            conditions = (*item.conditions, *branches)
            self._definition(
                replace(item, conditions=conditions, certain=item.certain and not several), each
            )

    def _definition(self, item: _Item, definition: Definition) -> None:
        if definition.kind is DefinitionKind.PARAMETER:
            self._parameter(item, definition)
        elif definition.kind is DefinitionKind.AUGMENTED:
            self._augmented(item, definition)
        elif definition.value is None:
            self._end(item, definition.node)
        else:
            self._follow(item, [_inside(item, definition.value, definition.path)])
        if item.path and definition.kind is not DefinitionKind.PARAMETER:
            filled = list(filled_by(self._parts.name_uses.of(definition), item.path, self._parts))
            self._pending.extend(
                replace(item, node=node, path=path, certain=False) for node, path in filled
            )

    def _augmented(self, item: _Item, definition: Definition) -> None:
        statement = self._parts.bodies.index.parents[definition.node]
        if isinstance(statement, cst.AugAssign):
            passed = [statement.target, statement.value]
            self._follow(item, [replace(item, node=each) for each in passed])

    def _parameter(self, item: _Item, definition: Definition) -> None:
        """The argument of the call that the search came through, or of all calls."""
        parameter = definition.node
        function = self._parts.bodies.owner(parameter)
        if not isinstance(parameter, cst.Param) or not isinstance(
            function, (cst.FunctionDef, cst.Lambda)
        ):
            return
        if isinstance(function, cst.FunctionDef):
            options = self._parts.options.of_parameter(function, definition.name)
            if options:
                self._options(item, options)
                return
        if item.path and isinstance(item.path[0], Member) and self._member_of_self(item, parameter):
            return
        entered = item.call is not None and any(
            each.function is function for each in self._parts.calls.callees(item.call)
        )
        calls = [item.call] if entered and item.call is not None else None
        outer = replace(item, call=None)
        if calls is None:
            callers = self._parts.calls.callers(function)
            calls = list(callers.calls)
            if not callers.complete:
                self._miss(f"other calls may give `{definition.name}` another value")
                self._end(replace(item, certain=False), parameter)
                outer = replace(outer, certain=False)
        self._arguments(outer, function, parameter, calls)

    def _arguments(
        self,
        item: _Item,
        function: cst.FunctionDef | cst.Lambda,
        parameter: cst.Param,
        calls: Sequence[cst.Call],
    ) -> None:
        nodes: list[_Item] = []
        uses_default = not calls
        for call in calls:
            given = self._parts.calls.given(call, function, parameter)
            if given is not None:
                nodes.append(replace(item, node=given))
            elif self._parts.calls.has_hidden(call):
                self._miss(f"`*` or `**` may give `{parameter.name.value}` its value")
                uses_default = True
            else:
                uses_default = True
        if uses_default and parameter.default is not None:
            nodes.append(replace(item, node=parameter.default))
        if not nodes:
            self._end(item, parameter)
        self._follow(item, nodes)

    def _member_of_self(self, item: _Item, parameter: cst.Param) -> bool:
        owner = self._parts.attributes.owner_of_first(parameter)
        return owner is not None and self._member(item, owner)

    # Containers.

    def _literal(self, item: _Item) -> bool:
        """Take the first step of the path into a literal container, if ``item`` is one."""
        node, step, rest = item.node, item.path[0], item.path[1:]
        if isinstance(node, (cst.Tuple, cst.List, cst.Set)):
            self._follow(
                item,
                [
                    replace(item, node=each, path=(*before, *rest))
                    for each, before in elements_at(node, step)
                ],
            )
            return True
        if isinstance(node, cst.Dict):
            values = [
                each.value
                for each in node.elements
                if isinstance(each, cst.DictElement)
                and (not isinstance(step, Item) or string_value(each.key) in (step.key, None))
            ]
            if any(isinstance(each, cst.StarredDictElement) for each in node.elements):
                self._miss("`**` may fill the dictionary")
            if isinstance(step, Each) and rest == ():
                values += [e.key for e in node.elements if isinstance(e, cst.DictElement)]
            self._follow(item, [replace(item, node=each, path=rest) for each in values])
            return True
        made = comprehension_elements(node)
        if made is not None and not isinstance(step, (Entered, Member, Rest)):
            self._follow(item, [replace(item, node=made, path=rest)])
            return True
        return False

    # Calls, attributes, options.

    def _call(self, item: _Item, call: cst.Call) -> None:
        if item.path and self._filled(item, call):
            return
        callees = self._parts.calls.callees(call)
        nodes: list[_Item] = []
        for callee in callees:
            if callee.made is not None:
                self._instance(item, call, callee)
                return
            if callee.function is None:
                continue
            returned = self._parts.calls.returns(callee.function)
            if returned.yields:
                self._end(item, call)
                return
            entered = call if item.call is None or item.call is not call else item.call
            nodes += [replace(item, node=each, call=entered) for each in returned.values]
        if nodes:
            self._follow(item, nodes)
        else:
            self._end(item, call)

    def _instance(self, item: _Item, call: cst.Call, callee: Callee) -> None:
        """An object of a class of the file: its attribute, when the path asks for one."""
        first = item.path[0] if item.path else None
        if isinstance(first, Member) and callee.made is not None:
            direct = self._parts.calls.field_given(call, callee, first.name)
            if direct is not None:
                self._follow(item, [replace(item, node=direct, path=item.path[1:])])
                return
            if self._member(replace(item, call=call), callee.made):
                return
        self._end(item, call)

    def _filled(self, item: _Item, call: cst.Call) -> bool:
        """``parser.parse_args().device``, or the field of a dataclass that a parser fills."""
        path = item.path
        if self._parts.options.is_namespace(call):
            if isinstance(path[0], Item):  # parse_known_args
                path = path[1:]
            if path and isinstance(path[0], Member):
                options = self._parts.options.named(path[0].name)
                if options:
                    self._options(replace(item, path=path[1:]), options)
                    return True
            return False
        classes = self._parts.options.filled_classes(call)
        if not classes:
            return False
        number = path[0].key if isinstance(path[0], Item) else None
        if number is not None:
            path = path[1:]
        owner = classes[number if isinstance(number, int) and number < len(classes) else 0]
        self._miss("the command line may give another value")
        filled = replace(item, path=path, certain=False)
        return bool(path) and isinstance(path[0], Member) and self._member(filled, owner)

    def _options(self, item: _Item, options: Sequence[Option]) -> None:
        self._miss("the command line may give another value")
        for option in options:
            if option.default is not None:
                self._end(replace(item, certain=False), option.default, option)
            else:
                self._end(replace(item, certain=False), option.call, option)

    def _attribute(self, item: _Item, node: cst.Attribute) -> None:
        owner = self._parts.attributes.class_of_self(node.value)
        inner = _inside(item, node, (Member(node.attr.value),))
        if owner is None:
            owner = self._parts.attributes.class_named(node.value)
        if owner is not None:
            if not self._member(inner, owner):
                self._end(item, node)
        elif isinstance(node.value, cst.Name) and self._parts.bodies.resolve(node):
            self._end(item, node)
        else:
            self._part(item, node.value, Member(node.attr.value))

    def _member(self, item: _Item, owner: cst.ClassDef) -> bool:
        """Follow what is stored in the attribute that the path begins with."""
        first = item.path[0]
        if not isinstance(first, Member):
            return False
        stored, complete = self._parts.attributes.stored(owner, first.name)
        rest = item.path[1:]
        nodes = [
            replace(item, node=each.value, path=(*each.path, *rest))
            for each in stored
            if each.value is not None
        ]
        given = self._parts.calls.fields_given(owner, first.name)
        nodes += [replace(item, node=each, path=rest) for each in given]
        method = self._parts.attributes.method(owner, first.name)
        if not stored and method is not None:  # a property
            returned = self._parts.calls.returns(method).values
            nodes = [replace(item, node=each, path=rest) for each in returned]
        if any(each.value is None for each in stored):
            self._miss(f"`{first.name}` is also bound without a value")
        if not complete:
            self._miss(f"a base class from elsewhere may set `{first.name}`")
        self._follow(item, nodes)
        if rest:
            reads = self._parts.attributes.read(owner, first.name)
            uses = [self._parts.use(each) for each in reads]
            self._pending.extend(
                replace(item, node=node, path=path, certain=False)
                for node, path in filled_by(uses, rest, self._parts)
            )
        return bool(nodes)
