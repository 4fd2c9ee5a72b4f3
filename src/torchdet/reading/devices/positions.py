"""Where a value goes: is this expression in a place that takes a device (or a backend)?

`facts.flow` follows the value, through names, attributes, containers, options and the functions of
the file. Here is what the flow cannot know: which calls hand a device on (a look-up with a default,
text with an index behind it), and which of the places that it comes to take one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import last_name, string_value, subscript_key
from torchdet.facts.flow.arrivals import Arrival, FirstAnswers
from torchdet.facts.flow.definitions import Item
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.devices.sinks import DEVICE_SINKS, Sinks, matches

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


class PositionKind(Enum):
    """What kind of place takes the value."""

    ARGUMENT = "argument"
    DEFAULT = "default"
    OPTION = "option"
    ASSIGNMENT = "assignment"
    ELEMENT = "element of a container"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Position:
    """The place where a value is given to what takes a device, at once or later.

    ``node`` is the expression that stands there: the one that was asked about, or one around it
    that has its value. ``call`` is the call whose argument it is, if it is one.
    """

    kind: PositionKind
    node: cst.BaseExpression
    call: cst.Call | None = None


def device_position(node: cst.BaseExpression, facts: FileFacts) -> Position | None:
    """The place that takes the value of ``node`` as a device, or None where none is known.

    ``node`` may be any expression: a literal, a name, a call. Where its value goes is followed as
    far as the file tells.
    """
    return position(node, facts, DEVICE_SINKS)


def position(node: cst.BaseExpression, facts: FileFacts, sinks: Sinks) -> Position | None:
    """Like `device_position`, for the kind of value that ``sinks`` describes."""
    places = _Places(facts, sinks)
    known = _known_places(facts.module, facts).setdefault(sinks, FirstAnswers())
    flow = facts.flow
    taken = places.take_at_once(flow.use(node)) or flow.first(
        node, places.take, known, places.hand_on, places.end_at
    )
    return places.given(node) if taken else None


@remembered
def _known_places(module: cst.Module, facts: FileFacts) -> dict[Sinks, FirstAnswers[bool]]:
    del module, facts
    return {}


def text_built_on(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression | None:
    """The text right above ``node`` that begins with it and puts an index behind, if there is one.

    ``"cuda:" + str(rank)`` for its ``"cuda:"``, and so with ``%``, ``.format()`` and f-strings.
    """
    parent = facts.parent(node)
    if isinstance(parent, (cst.Attribute, cst.FormattedStringExpression)):
        parent = facts.parent(parent)
    if not isinstance(parent, (cst.BinaryOperation, cst.Call, cst.FormattedString)):
        return None
    return parent if _text_start(parent) is node else None


def _text_start(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What a text that is put together begins with, where an index may follow."""
    if isinstance(node, cst.BinaryOperation):
        return node.left if isinstance(node.operator, (cst.Add, cst.Modulo)) else None
    if isinstance(node, cst.Call):
        func = node.func
        formats = isinstance(func, cst.Attribute) and func.attr.value == "format"
        return func.value if formats and isinstance(func, cst.Attribute) else None
    if isinstance(node, cst.FormattedString) and node.parts:
        first, *rest = node.parts
        if isinstance(first, cst.FormattedStringExpression):
            follows = rest[0] if rest else None
            indexed = isinstance(follows, cst.FormattedStringText) and follows.value == ":"
            return first.expression if indexed or follows is None else None
    return None


# Calls that hand on one of their arguments: by last name, the position of that argument.
_LOOKUPS = {"get": 1, "pop": 1, "setdefault": 1, "getenv": 1, "getattr": 2}
_FIELDS = frozenset(
    {"field", "Field", "Option", "Argument", "Parameter", "Param", "HfArg", "attrib"}
)
_DEFAULT_KEYWORDS = frozenset({"default", "const", "initial", "flag_value", "value"})
# Functions that are told about a device instead of being given one: conditions of tests,
# questions, registrations.
_ASKING = re.compile(
    r"_?(?:skip|only|requires?|expected_?failure|xfail|decorate|is|has|supports?|register)"
    r"(?:_|$|(?-i:[A-Z]))",
    re.IGNORECASE,
)


class _Places:
    """What a search for the places of one kind of value needs to know."""

    def __init__(self, facts: FileFacts, sinks: Sinks) -> None:
        self._facts = facts
        self._sinks = sinks

    def given(self, node: cst.BaseExpression) -> Position | None:
        """The place in which ``node``, or an expression around it with its value, stands."""
        while True:
            use = self._facts.flow.use(node)
            by = use.by
            if use.kind is UseKind.ARGUMENT and isinstance(by, cst.Call) and self._is_keyed(use):
                return Position(PositionKind.DEFAULT, node, by)
            above = self._around(use)
            if above is None:
                break
            node = above
        kind = _KINDS.get(use.kind)
        if kind is None:
            return None
        call = by if isinstance(by, cst.Call) else None
        if call is not None and self._option_names(use):
            kind = PositionKind.OPTION
        return Position(kind, node, call)

    def _around(self, use: Use) -> cst.BaseExpression | None:
        """The expression around a use that has its value, or begins with it."""
        if use.kind is UseKind.CHOSEN or isinstance(use.by, cst.NamedExpr):
            return use.by if isinstance(use.by, cst.BaseExpression) else None
        if isinstance(use.by, cst.Call) and any(n is use.node for n in self.hand_on(use.by) or ()):
            return use.by
        return text_built_on(use.node, self._facts)

    # What the flow asks.

    def hand_on(self, node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        """The operands whose value that of ``node`` can be, or begins with."""
        start = _text_start(node)
        if start is not None:
            return [start]
        if not isinstance(node, cst.Call):
            return None
        name = last_name(node.func) or ""
        given = [each for each in node.args if not each.star]
        if name in _FIELDS:
            return [
                arg.value
                for place, arg in enumerate(given)
                if place == 0 or (arg.keyword and arg.keyword.value in _DEFAULT_KEYWORDS)
            ]
        if name in _LOOKUPS:
            positional = [arg.value for arg in given if arg.keyword is None]
            place = _LOOKUPS[name]
            named = [arg.value for arg in given if arg.keyword and arg.keyword.value == "default"]
            return [*positional[place : place + 1], *named]
        if self._facts.means(node.func, "builtins.str"):
            return [arg.value for arg in given[:1]]
        return None

    def end_at(self, use: Use) -> bool:
        """Whether the value goes no further: it is asked about, or one of several in turn."""
        by = use.by
        if use.kind is UseKind.CHOSEN and isinstance(by, cst.BooleanOperation):
            return isinstance(by.operator, cst.And) and by.left is use.node
        if use.kind is not UseKind.ARGUMENT or not isinstance(by, cst.Call):
            return use.kind is UseKind.ITERATED
        function = self._called(by.func)
        if any(name.startswith("torchdet.") for name in function):
            return True
        asks = _ASKING.match(last_name(by.func) or "") is not None
        if asks and not any(map(self._sinks.takes_everywhere, function)):
            return True
        return self._makes_compared_value(by, function)

    def take_at_once(self, use: Use) -> bool:
        """Whether the place where the value stands takes it, so that nothing need be followed."""
        return not self.end_at(use) and self._takes(use)

    def take(self, arrival: Arrival) -> bool | None:
        """True where a value arrives at what takes such a one."""
        if not arrival.path:
            return self._takes(arrival.use) or None
        if len(arrival.path) > 1:
            return None
        numbered = isinstance(arrival.path[0], Item) and isinstance(arrival.path[0].key, int)
        names = self._sinks.sequences if numbered else self._sinks.mappings
        return any(matches(names, name) for name in self._names(arrival.use)) or None

    # Single places.

    def _takes(self, use: Use) -> bool:
        if any(map(self._sinks.has_name, self._names(use))):
            return True
        if isinstance(use.by, (cst.AnnAssign, cst.Param)) and self._typed(use.by.annotation):
            return True
        parameter = self._parameter(use)
        if parameter is not None and self._typed(parameter.annotation):
            return True
        if use.kind is UseKind.RETURNED:
            function = enclosing_function(use.node, self._facts)
            return function is not None and self._typed(function.returns)
        if use.kind is UseKind.STORED_ITEM and isinstance(use.by, cst.Assign):
            stored = [each.target for each in use.by.targets]
            holders = [last_name(e.value) or "" for e in stored if isinstance(e, cst.Subscript)]
            return any(matches(self._sinks.mappings, name) for name in holders)
        if use.kind is UseKind.ARGUMENT and isinstance(use.by, cst.Call):
            return self._is_keyed(use) or self._takes_argument(use, use.by)
        return False

    def _names(self, use: Use) -> Iterator[str]:
        """The names that the place gives to the value."""
        by = use.by
        if use.kind is UseKind.ARGUMENT:
            parameter = self._parameter(use)
            yield from [use.slot] if isinstance(use.slot, str) else []
            yield from [parameter.name.value] if parameter is not None else []
            yield from self._option_names(use)
        elif isinstance(by, cst.Assign):
            for target in by.targets:
                yield from _target_names(target.target)
        elif isinstance(by, (cst.AnnAssign, cst.NamedExpr)):
            yield from _target_names(by.target)
        elif isinstance(by, cst.Param):
            yield by.name.value
        elif use.kind is UseKind.RETURNED:
            function = enclosing_function(use.node, self._facts)
            yield from [function.name.value] if function is not None else []
        elif use.kind is UseKind.ELEMENT:
            yield from self._element_names(use)

    def _parameter(self, use: Use) -> cst.Param | None:
        """The parameter of a function of the file that receives the argument ``use``."""
        arg = self._facts.parent(use.node)
        if not isinstance(use.by, cst.Call) or not isinstance(arg, cst.Arg):
            return None
        return self._facts.flow.parameter(use.by, arg)

    def _element_names(self, use: Use) -> Iterator[str]:
        """The key of a dict, unless that is compared, or the counterpart in an unpacking."""
        element = self._facts.parent(use.node)
        if isinstance(element, cst.DictElement):
            key = string_value(element.key)
            if key is not None and not self._is_compared(use.by):
                yield key
        elif isinstance(statement := self._facts.parent(use.by), cst.Assign):
            for target in statement.targets:
                names = getattr(target.target, "elements", ())
                if isinstance(use.slot, int) and len(names) == len(getattr(use.by, "elements", ())):
                    yield from _target_names(names[use.slot].value)

    def _option_names(self, use: Use) -> tuple[str, ...]:
        """The names of the option whose default the use is."""
        if not isinstance(use.by, cst.Call):
            return ()
        option = self._facts.flow.options.declared_by(use.by)
        return option.names if option is not None and option.gives(use.node) else ()

    def _is_keyed(self, use: Use) -> bool:
        """Whether the use is the default of a look-up whose key says what it looks up."""
        call = use.by
        if not isinstance(call, cst.Call) or last_name(call.func) not in {*_LOOKUPS, *_FIELDS}:
            return False
        if not any(each is use.node for each in self.hand_on(call) or ()):
            return False
        others = (arg.value for arg in call.args if arg.value is not use.node)
        keys = (string_value(each) for each in others)
        return any(key is not None and self._sinks.has_name(key) for key in keys)

    def _takes_argument(self, use: Use, call: cst.Call) -> bool:
        """Whether the called function takes such a value as this argument."""
        sinks, function = self._sinks, self._called(call.func)
        if isinstance(use.slot, str):
            return any((each, use.slot) in sinks.keywords for each in function)
        name = last_name(call.func)
        if name is None:
            return False
        if isinstance(call.func, cst.Attribute) and name in sinks.methods:
            return True
        if matches(sinks.functions, name):
            return True
        return bool(function) and all(sinks.takes_everywhere(each) for each in function)

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
        passed = self._facts.flow.sources(func).passed
        named = (name for each in passed for name in self._facts.resolve(each).names)
        return tuple(name for name in named if self._sinks.takes_everywhere(name))

    def _typed(self, annotation: cst.Annotation | None) -> bool:
        """Whether an annotation names the type of such values, also as part of a union."""
        if annotation is None or not self._sinks.annotations:
            return False
        return any(
            self._facts.means(part, *self._sinks.annotations)
            for part in _union_members(annotation.annotation)
        )

    def _is_compared(self, container: cst.CSTNode) -> bool:
        """Whether a literal container is one side of a comparison, or a part of one."""
        for above in self._facts.ancestors(container):
            if isinstance(above, (cst.Comparison, cst.ComparisonTarget)):
                return True
            if not isinstance(above, (cst.Dict, cst.List, cst.Tuple, cst.Set, cst.BaseElement)):
                return False
        return False


_KINDS = {
    UseKind.ARGUMENT: PositionKind.ARGUMENT,
    UseKind.DEFAULT: PositionKind.DEFAULT,
    UseKind.REBOUND: PositionKind.ASSIGNMENT,
    UseKind.STORED_ATTRIBUTE: PositionKind.ASSIGNMENT,
    UseKind.STORED_ITEM: PositionKind.ASSIGNMENT,
    UseKind.UNPACKED: PositionKind.ASSIGNMENT,
    UseKind.ELEMENT: PositionKind.ELEMENT,
    UseKind.RETURNED: PositionKind.RETURN,
}


def _target_names(target: cst.CSTNode) -> Iterator[str]:
    """The name of a variable or attribute that is assigned, or the key of an item."""
    name = subscript_key(target) if isinstance(target, cst.Subscript) else last_name(target)
    yield from [name] if name is not None else []


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
