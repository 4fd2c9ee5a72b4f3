"""Where a value goes: is this expression in a place that takes a device (or a backend)?

Starts at an expression and follows its value outwards: through conditional expressions, defaults
of look-ups and wrappers, into arguments, defaults, dict values, assignments and returns, and from
those on to the uses of the name, attribute, option or parameter that received it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_class, enclosing_function
from torchdet.facts.expressions import last_name, string_value, subscript_key
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import receiving_parameter
from torchdet.reading.devices.sinks import DEVICE_SINKS, Sinks, matches

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope


class PositionKind(Enum):
    """What kind of place takes the value."""

    ARGUMENT = "argument"
    DEFAULT = "default"
    OPTION = "option"
    ASSIGNMENT = "assignment"
    DICT_VALUE = "dict value"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Position:
    """A place that takes a device.

    ``node`` is the expression that stands there: the one that was asked about, or the use of a
    name to which its value flows. ``call`` is the call whose argument it is, if it is one.
    """

    kind: PositionKind
    node: cst.BaseExpression
    call: cst.Call | None = None


def device_position(node: cst.BaseExpression, facts: FileFacts) -> Position | None:
    """The place that takes the value of ``node`` as a device, or None where none is known.

    The first one when there are several. ``node`` may be any expression: a literal, a name, a
    call.
    """
    return position(node, facts, DEVICE_SINKS)


def position(node: cst.BaseExpression, facts: FileFacts, sinks: Sinks) -> Position | None:
    """Like `device_position`, for the kind of value that ``sinks`` describes."""
    return next(positions(node, facts, sinks), None)


def positions(node: cst.BaseExpression, facts: FileFacts, sinks: Sinks) -> Iterator[Position]:
    """Every place that takes the value of ``node``, as far as the file tells.

    The place where the value is given comes first, then those that it reaches by the names that
    it was given to, in the order of the text.
    """
    return _Search(facts, sinks).positions(node)


def text_built_on(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression | None:
    """The text right above ``node`` that begins with it and puts an index behind, if there is one.

    ``"cuda:" + str(rank)`` for its ``"cuda:"``, and so with ``%``, ``.format()`` and f-strings.
    """
    parent = facts.parent(node)
    if isinstance(parent, cst.BinaryOperation) and node is parent.left:
        return parent if isinstance(parent.operator, (cst.Add, cst.Modulo)) else None
    if isinstance(parent, cst.Attribute) and parent.attr.value == "format":
        call = facts.parent(parent)
        return call if isinstance(call, cst.Call) else None
    if isinstance(parent, cst.FormattedStringExpression):
        text = facts.parent(parent)
        if isinstance(text, cst.FormattedString) and _begins_device(text, parent):
            return text
    return None


# Calls that hand on one of their arguments: by last name, the position of that argument.
_LOOKUPS = {"get": 1, "pop": 1, "setdefault": 1, "getenv": 1, "getattr": 2}
_FIELDS = frozenset(
    {"field", "Field", "Option", "Argument", "Parameter", "Param", "HfArg", "attrib"}
)
_OPTION_MAKERS = frozenset({"add_argument", "add_option", "option", "argument"})
_DEFAULT_KEYWORDS = frozenset({"default", "const", "initial", "flag_value", "value"})


class _Search:
    """One search outwards from an expression; remembers what it has followed."""

    def __init__(self, facts: FileFacts, sinks: Sinks) -> None:
        self._facts = facts
        self._sinks = sinks
        self._followed: set[tuple[object, ...]] = set()

    def positions(self, node: cst.BaseExpression) -> Iterator[Position]:
        """The places that take the value of ``node``."""
        while True:
            parent = self._facts.parent(node)
            if isinstance(parent, cst.NamedExpr):
                yield from self._target(parent.target, node)
            above = self._handing_on(node)
            if above is None:
                break
            node = above
        if isinstance(parent, cst.Arg):
            yield from self._argument(parent, node)
        elif isinstance(parent, (cst.Assign, cst.AnnAssign)) and parent.value is node:
            yield from self._assigned(parent, node)
        elif isinstance(parent, cst.Param):
            yield from self._passed(parent, Position(PositionKind.DEFAULT, node))
        elif isinstance(parent, cst.DictElement) and parent.value is node:
            yield from self._dict_value(parent, node)
        elif isinstance(parent, cst.Element):
            yield from self._element(parent, node)
        elif isinstance(parent, cst.Return):
            yield from self._returned(parent, node)

    def _handing_on(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """The expression right above ``node`` whose value can be, or begins with, that of it."""
        parent = self._facts.parent(node)
        if isinstance(parent, cst.IfExp):
            return parent if node is not parent.test else None
        if isinstance(parent, cst.BooleanOperation):
            only_tested = isinstance(parent.operator, cst.And) and node is parent.left
            return None if only_tested else parent
        if isinstance(parent, cst.NamedExpr):
            return parent
        return text_built_on(node, self._facts)

    # Arguments.

    def _argument(self, arg: cst.Arg, node: cst.BaseExpression) -> Iterator[Position]:
        call = self._facts.parent(arg)
        if not isinstance(call, cst.Call) or arg.star:
            return
        function = self._called(call.func)
        if any(name.startswith("torchdet.") for name in function):
            return
        name = last_name(call.func) or ""
        if _ASKING.match(name) and not any(map(self._sinks.takes_everywhere, function)):
            return
        if self._makes_compared_value(call, function):
            return
        taken = self._takes(arg, call, function)
        if taken:
            yield Position(PositionKind.ARGUMENT, node, call)
        elif name in _OPTION_MAKERS or name.startswith("DEFINE_"):
            yield from self._option(arg, call, node)
        elif self._hands_on(arg, call, function, name):
            yield from self._handed_on(call, node)
        parameter = receiving_parameter(arg, call, self._facts)
        if parameter is not None:
            passed = self._passed(parameter, Position(PositionKind.ARGUMENT, node, call))
            yield from (each for each in passed if not (taken and each.node is node))

    def _passed(self, param: cst.Param, here: Position) -> Iterator[Position]:
        """The argument of a function of this file, and the places where its parameter is read."""
        name = param.name.value
        named = self._sinks.has_name(name) or self._typed(param.annotation)
        scope = self._facts.index.scopes.get(self._facts.parent(self._facts.parent(param)))
        reads = self._flow(name, scope) if scope is not None else iter(())
        yield from _given(here, named, reads)

    def _makes_compared_value(self, call: cst.Call, function: tuple[str, ...]) -> bool:
        """Whether ``call`` makes such a value only to compare with it, or with a part of it."""
        above = self._facts.parent(call)
        if isinstance(above, cst.Attribute):
            above = self._facts.parent(above)
        compared = isinstance(above, (cst.Comparison, cst.ComparisonTarget))
        return compared and any(name in self._sinks.annotations for name in function)

    def _called(self, func: cst.BaseExpression) -> tuple[str, ...]:
        """The qualified names that a called expression can mean.

        Of a name that is one thing or another (``scope = autocast if half else nullcontext``),
        those that take such a value, as the other has to bear with it.
        """
        names = self._facts.resolve(func).names
        if names or not isinstance(func, cst.Name):
            return names
        bindings = self._facts.bindings(func)
        value = bindings[0].value if len(bindings) == 1 else None
        if not isinstance(value, cst.IfExp):
            return names
        arms = (*self._called(value.body), *self._called(value.orelse))
        return tuple(name for name in arms if self._sinks.takes_everywhere(name))

    def _takes(self, arg: cst.Arg, call: cst.Call, function: tuple[str, ...]) -> bool:
        """Whether the called function takes such a value as this argument."""
        sinks = self._sinks
        if arg.keyword is not None:
            keyword = arg.keyword.value
            return sinks.has_name(keyword) or any(
                (each, keyword) in sinks.keywords for each in function
            )
        name = last_name(call.func)
        if name is None:
            return False
        if isinstance(call.func, cst.Attribute) and name in sinks.methods:
            return True
        if matches(sinks.functions, name):
            return True
        return bool(function) and all(sinks.takes_everywhere(each) for each in function)

    def _hands_on(self, arg: cst.Arg, call: cst.Call, function: tuple[str, ...], name: str) -> bool:
        """Whether the value of the call can be that of the argument."""
        if name in _FIELDS:
            return arg is call.args[0] or (
                arg.keyword is not None and arg.keyword.value in _DEFAULT_KEYWORDS
            )
        if arg.keyword is not None:
            return arg.keyword.value == "default" and name in _LOOKUPS
        if function == ("builtins.str",):
            return True
        return name in _LOOKUPS and call.args.index(arg) == _LOOKUPS[name]

    def _handed_on(self, call: cst.Call, node: cst.BaseExpression) -> Iterator[Position]:
        """Where the value of a look-up with a default goes; its key may say it already."""
        for arg in call.args:
            key = string_value(arg.value)
            if key is not None and arg.value is not node and self._sinks.has_name(key):
                yield Position(PositionKind.DEFAULT, node, call)
        yield from self.positions(call)

    def _option(self, arg: cst.Arg, call: cst.Call, node: cst.BaseExpression) -> Iterator[Position]:
        """The default of a command-line option: its name says it, or the uses of its value."""
        if not _is_option_default(arg, call):
            return
        names = list(_option_destinations(call))
        named = any(self._sinks.has_name(name) for name in names)
        reads = (found for name in names for found in self._read_as_attribute(name))
        yield from _given(Position(PositionKind.OPTION, node, call), named, reads)

    def _read_as_attribute(self, name: str) -> Iterator[Position]:
        """The places that take ``anything.name``: how parsed options are read."""
        if self._follow("option", name):
            for uses in self._facts.index.uses.values():
                for use in uses:
                    if len(use.parts) > 1 and use.parts[-1] == name:
                        yield from self.positions(use.node)

    # Bindings.

    def _typed(self, annotation: cst.Annotation | None) -> bool:
        """Whether an annotation names the type of such values, also as part of a union."""
        if annotation is None or not self._sinks.annotations:
            return False
        return any(
            self._facts.means(part, *self._sinks.annotations)
            for part in _union_members(annotation.annotation)
        )

    def _assigned(
        self, statement: cst.Assign | cst.AnnAssign, node: cst.BaseExpression
    ) -> Iterator[Position]:
        if isinstance(statement, cst.Assign):
            for target in statement.targets:
                yield from self._target(target.target, node)
            return
        if self._typed(statement.annotation):
            yield Position(PositionKind.ASSIGNMENT, node)
        yield from self._target(statement.target, node)

    def _target(self, target: cst.CSTNode, node: cst.BaseExpression) -> Iterator[Position]:
        """The place that an assignment makes, and those where its target is read."""
        reads: Iterator[Position] = iter(())
        if isinstance(target, cst.Name):
            reads = self._flow(target.value, self._facts.scope(target))
        elif isinstance(target, cst.Attribute):
            reads = self._attribute_flow(target)
        here = Position(PositionKind.ASSIGNMENT, node)
        yield from _given(here, self._is_named_target(target), reads)

    def _is_named_target(self, target: cst.CSTNode) -> bool:
        """Whether the name, attribute or key that is assigned says that it holds such a value."""
        if isinstance(target, cst.Subscript):
            key = subscript_key(target)
            if key is not None and self._sinks.has_name(key):
                return True
            return matches(self._sinks.mappings, last_name(target.value) or "")
        name = last_name(target)
        return name is not None and self._sinks.has_name(name)

    def _flow(self, name: str, scope: Scope) -> Iterator[Position]:
        """The places that take ``name`` as it is bound in ``scope``."""
        owner = scope.owner(name)
        if owner is None or not self._follow(owner, name):
            return
        for use in self._facts.uses_of(name, scope):
            if len(use.parts) == 1 and isinstance(use.node, cst.Name):
                yield from self.positions(use.node)
        if isinstance(owner.node, cst.ClassDef):
            yield from self._member_flow(owner.node, name)

    def _attribute_flow(self, target: cst.Attribute) -> Iterator[Position]:
        """The places that take the attribute of the same object, by its name."""
        if not isinstance(target.value, cst.Name):
            return
        root, attribute = target.value.value, target.attr.value
        if root in {"self", "cls"}:
            owner = enclosing_class(target, self._facts)
            if owner is not None:
                yield from self._member_flow(owner, attribute)
            return
        scope = self._facts.scope(target).owner(root)
        if scope is not None and self._follow(scope, root, attribute):
            for use in self._facts.uses_of(root, scope):
                if use.parts == (root, attribute):
                    yield from self.positions(use.node)

    def _member_flow(self, owner: cst.ClassDef, name: str) -> Iterator[Position]:
        """The places that take the attribute ``name`` of the class or its instances."""
        if not self._follow(owner, name):
            return
        for root in ("self", "cls", owner.name.value):
            for use in self._facts.index.uses.get(root, ()):
                if use.parts != (root, name):
                    continue
                if root == owner.name.value or enclosing_class(use.node, self._facts) is owner:
                    yield from self.positions(use.node)

    def _returned(self, statement: cst.Return, node: cst.BaseExpression) -> Iterator[Position]:
        """What a function returns: its name or its type says it, or the uses of its calls."""
        function = enclosing_function(statement, self._facts)
        if function is None:
            return
        name = function.name.value
        named = self._sinks.has_name(name) or self._typed(function.returns)
        yield from _given(Position(PositionKind.RETURN, node), named, self._calls_of(function))

    def _calls_of(self, function: cst.FunctionDef) -> Iterator[Position]:
        """The places that take what calls of ``function`` in this file return."""
        name = function.name.value
        scope = self._facts.scope(function).owner(name)
        if scope is None or isinstance(scope.node, cst.ClassDef) or not self._follow(function):
            return
        for use in self._facts.uses_of(name, scope):
            call = self._facts.parent(use.node)
            if isinstance(call, cst.Call) and call.func is use.node:
                yield from self.positions(call)

    # Containers.

    def _dict_value(self, element: cst.DictElement, node: cst.BaseExpression) -> Iterator[Position]:
        mapping = self._facts.parent(element)
        if not isinstance(mapping, cst.Dict) or self._is_compared(mapping):
            return
        key = string_value(element.key)
        named = key is not None and self._sinks.has_name(key)
        if named or self._is_mapping(mapping):
            yield Position(PositionKind.DICT_VALUE, node)

    def _is_mapping(self, mapping: cst.Dict) -> bool:
        """Whether a dict goes where mappings to such values go."""
        if self._sinks.mappings is None:
            return False
        return position(mapping, self._facts, Sinks(names=self._sinks.mappings)) is not None

    def _is_compared(self, container: cst.CSTNode) -> bool:
        """Whether a literal container is one side of a comparison, or a part of one."""
        for above in self._facts.ancestors(container):
            if isinstance(above, (cst.Comparison, cst.ComparisonTarget)):
                return True
            if not isinstance(above, _literal_containers()):
                return False
        return False

    def _element(self, element: cst.Element, node: cst.BaseExpression) -> Iterator[Position]:
        """One of several: the counterpart in an unpacking, or a list that a keyword takes."""
        container = self._facts.parent(element)
        above = self._facts.parent(container)
        if isinstance(above, cst.Arg) and above.keyword is not None:
            if matches(self._sinks.sequences, above.keyword.value):
                yield Position(PositionKind.ARGUMENT, node)
        elif isinstance(container, (cst.Tuple, cst.List)) and isinstance(above, cst.Assign):
            values = container.elements
            for target in above.targets:
                names = getattr(target.target, "elements", ())
                if len(names) == len(values):
                    yield from self._target(names[values.index(element)].value, node)

    def _follow(self, *key: object) -> bool:
        """Whether to follow ``key``: not twice, and not without end."""
        if key in self._followed or len(self._followed) >= _MAX_FOLLOWED:
            return False
        self._followed.add(key)
        return True


_MAX_FOLLOWED = 20
# Functions that are told about a device instead of being given one: conditions of tests,
# questions, registrations.
_ASKING = re.compile(
    r"_?(?:skip|only|requires?|expected_?failure|xfail|decorate|is|has|supports?|register)"
    r"(?:_|$|(?-i:[A-Z]))",
    re.IGNORECASE,
)


def _given(here: Position, named: bool, reads: Iterator[Position]) -> Iterator[Position]:
    """The place that hands a value on, if it is ``named`` for it or read by one, and the reads."""
    first = next(reads, None)
    if named or first is not None:
        yield here
    if first is not None:
        yield first
        yield from reads


def _begins_device(text: cst.FormattedString, part: cst.FormattedStringExpression) -> bool:
    """Whether ``f"{part}:..."`` puts an index behind a device type, or is ``part`` alone."""
    first, *rest = text.parts
    if first is not part:
        return False
    if not rest:
        return True
    return isinstance(rest[0], cst.FormattedStringText) and rest[0].value == ":"


def _literal_containers() -> tuple[type[cst.CSTNode], ...]:
    return (cst.Dict, cst.DictElement, cst.List, cst.Tuple, cst.Set, cst.Element)


def _is_option_default(arg: cst.Arg, call: cst.Call) -> bool:
    """Whether ``arg`` is the default in a call that declares a command-line option."""
    if arg.keyword is not None:
        return arg.keyword.value in _DEFAULT_KEYWORDS
    positional = [each for each in call.args if each.keyword is None]
    declared = (last_name(call.func) or "").startswith("DEFINE_")
    return declared and len(positional) > 1 and arg is positional[1]


def _option_destinations(call: cst.Call) -> Iterator[str]:
    """The names under which the value of an option is read."""
    for arg in call.args:
        text = string_value(arg.value)
        if text is None:
            continue
        if arg.keyword is not None and arg.keyword.value != "dest":
            continue
        if arg.keyword is None and text.startswith("-") and not text.startswith("--"):
            continue
        for name in text.split("/"):
            cleaned = name.strip("-").replace("-", "_")
            if cleaned.isidentifier():
                yield cleaned


def _union_members(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The types in an annotation: ``A | B``, ``Optional[A]`` and ``Union[A, B]`` taken apart."""
    if isinstance(node, cst.BinaryOperation):
        yield from _union_members(node.left)
        yield from _union_members(node.right)
    elif isinstance(node, cst.Subscript) and last_name(node.value) in {"Optional", "Union"}:
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                yield from _union_members(element.slice.value)
    else:
        yield node
