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

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst

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


@dataclass(frozen=True, slots=True)
class Sinks:
    """The names by which code speaks of the places that take one kind of value.

    ``names`` matches variables, parameters, keywords, attributes and string keys, in lower case;
    ``mappings`` those that hold a mapping to such values, ``sequences`` keywords that take a list
    of them. ``methods`` take one at any position, whatever the object; ``functions`` matches the
    last name of functions that do. ``namespaces`` are the beginnings of qualified names of
    functions that take one at any position, less ``outside``; ``keywords`` pairs qualified names
    with keywords that ``names`` would not tell. ``annotations`` are the qualified names of the
    types of such values.
    """

    names: re.Pattern[str]
    mappings: re.Pattern[str] | None = None
    sequences: re.Pattern[str] | None = None
    methods: frozenset[str] = frozenset()
    functions: re.Pattern[str] | None = None
    namespaces: tuple[str, ...] = ()
    outside: re.Pattern[str] | None = None
    keywords: frozenset[tuple[str, str]] = frozenset()
    annotations: frozenset[str] = frozenset()

    def has_name(self, name: str) -> bool:
        """Whether a thing called ``name`` holds such a value.

        >>> DEVICE_SINKS.has_name("teacher_device"), DEVICE_SINKS.has_name("device_count")
        (True, False)
        """
        return _matches(self.names, name)


def _matches(pattern: re.Pattern[str] | None, name: str) -> bool:
    return pattern is not None and pattern.fullmatch(name.lower().strip("-_")) is not None


DEVICE_SINKS = Sinks(
    names=re.compile(
        r".*device|(?:.*_)?device_(?:type|str|string|name|spec|id|map)|.*map_location"
    ),
    mappings=re.compile(r".*map_location|(?:.*_)?device_map"),
    sequences=re.compile(r"device_ids"),
    methods=frozenset({"to", "pin_memory", "is_pinned"}),
    functions=re.compile(
        r"(?:.*_)?to_device|(?:select|get|set|init|resolve|parse)_(?:\w+_)?device(?:_type)?"
    ),
    namespaces=("torch.",),
    outside=re.compile(
        r"torch\.(?:_|backends|compile|export|hub|library|ops|package|profiler|testing|utils|"
        r"autograd\.profiler|cuda\.nvtx)\b.*"
    ),
    keywords=frozenset({("torch.device", "type")}),
    annotations=frozenset({"torch.device", "torch.types.Device"}),
)
"""The places that take a device, as text or as a `torch.device`."""


def device_position(node: cst.BaseExpression, facts: FileFacts) -> Position | None:
    """The place that takes the value of ``node`` as a device, or None where none is known.

    The nearest one when there are several. ``node`` may be any expression: a literal, a name, a
    call.
    """
    return _Search(facts, DEVICE_SINKS).position(node)


def position(node: cst.BaseExpression, facts: FileFacts, sinks: Sinks) -> Position | None:
    """Like `device_position`, for the kind of value that ``sinks`` describes."""
    return _Search(facts, sinks).position(node)


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


def is_device_expression(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` reads something that its name says is a device, or a part of one.

    ``x.device``, ``args.device``, ``device.type``, ``str(device)``, ``cfg["device"]``, and a name
    that was assigned such an expression.
    """
    return _is_device_expression(node, facts, depth=3)


def _is_device_expression(node: cst.CSTNode, facts: FileFacts, depth: int) -> bool:
    if isinstance(node, cst.Attribute):
        if node.attr.value in {"type", "index"}:
            return _is_device_expression(node.value, facts, depth)
        return DEVICE_SINKS.has_name(node.attr.value)
    if isinstance(node, cst.Name):
        if DEVICE_SINKS.has_name(node.value):
            return True
        values = [binding.value for binding in facts.bindings(node)]
        return depth > 0 and any(
            value is not None and _is_device_expression(value, facts, depth - 1) for value in values
        )
    if isinstance(node, cst.Call):
        if facts.means(node.func, "builtins.str", "torch.device") and node.args:
            return _is_device_expression(node.args[0].value, facts, depth)
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in _TEXT_METHODS:
            return _is_device_expression(node.func.value, facts, depth)
        return False
    if isinstance(node, cst.Subscript):
        key = _subscript_key(node)
        if key is not None:
            return DEVICE_SINKS.has_name(key)
        return _is_device_expression(node.value, facts, depth)
    return False


_TEXT_METHODS = frozenset({"lower", "strip", "split", "partition", "rpartition", "casefold"})
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

    def position(self, node: cst.BaseExpression) -> Position | None:
        """The nearest place that takes the value of ``node``."""
        node = self._rise(node)
        parent = self._facts.parent(node)
        if isinstance(parent, cst.Arg):
            return self._argument(parent, node)
        if isinstance(parent, (cst.Assign, cst.AnnAssign)) and parent.value is node:
            return self._assigned(parent, node)
        if isinstance(parent, cst.NamedExpr):
            return self._target(parent.target, node)
        if isinstance(parent, cst.Param):
            return self._parameter(parent, node)
        if isinstance(parent, cst.DictElement) and parent.value is node:
            return self._dict_value(parent, node)
        if isinstance(parent, cst.Element):
            return self._element(parent, node)
        if isinstance(parent, cst.Return):
            return self._returned(parent, node)
        return None

    def _rise(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """The outermost expression whose value is, or is built on, that of ``node``."""
        while True:
            above = self._handing_on(node)
            if above is None:
                return node
            node = above

    def _handing_on(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """The expression right above ``node`` whose value can be that of ``node``."""
        parent = self._facts.parent(node)
        if isinstance(parent, cst.IfExp):
            return parent if node is not parent.test else None
        if isinstance(parent, cst.BooleanOperation):
            only_tested = isinstance(parent.operator, cst.And) and node is parent.left
            return None if only_tested else parent
        if isinstance(parent, cst.NamedExpr):
            return parent if self._target(parent.target, node) is None else None
        return text_built_on(node, self._facts)

    # Arguments.

    def _argument(self, arg: cst.Arg, node: cst.BaseExpression) -> Position | None:
        call = self._facts.parent(arg)
        if not isinstance(call, cst.Call) or arg.star:
            return None
        function = self._called(call.func)
        if any(name.startswith("torchdet.") for name in function):
            return None
        if self._takes(arg, call, function):
            return Position(PositionKind.ARGUMENT, node, call)
        name = _last_name(call.func)
        if name in _OPTION_MAKERS or (name or "").startswith("DEFINE_"):
            return self._option(arg, call, node)
        if self._hands_on(arg, call, function, name):
            return self._handed_on(call, node)
        parameter = self._local_parameter(arg, call)
        return self._parameter(*parameter) if parameter is not None else None

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
        return tuple(name for name in arms if self._is_taker(name))

    def _is_taker(self, name: str) -> bool:
        """Whether every argument of the function may be such a value."""
        sinks = self._sinks
        outside = sinks.outside is not None and sinks.outside.fullmatch(name) is not None
        return name.startswith(sinks.namespaces) and not outside

    def _takes(self, arg: cst.Arg, call: cst.Call, function: tuple[str, ...]) -> bool:
        """Whether the called function takes such a value as this argument."""
        sinks = self._sinks
        if arg.keyword is not None:
            keyword = arg.keyword.value
            return sinks.has_name(keyword) or any(
                (each, keyword) in sinks.keywords for each in function
            )
        name = _last_name(call.func)
        if name is None:
            return False
        if isinstance(call.func, cst.Attribute) and name in sinks.methods:
            return True
        if _matches(sinks.functions, name):
            return True
        return bool(function) and all(self._is_taker(each) for each in function)

    def _hands_on(
        self, arg: cst.Arg, call: cst.Call, function: tuple[str, ...], name: str | None
    ) -> bool:
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

    def _handed_on(self, call: cst.Call, node: cst.BaseExpression) -> Position | None:
        """Where the value of a look-up with a default goes; its key may say it already."""
        for arg in call.args:
            key = string_value(arg.value)
            if key is not None and arg.value is not node and self._sinks.has_name(key):
                return Position(PositionKind.DEFAULT, node, call)
        return self.position(call)

    def _option(self, arg: cst.Arg, call: cst.Call, node: cst.BaseExpression) -> Position | None:
        """The default of a command-line option: its name says it, or the uses of its value."""
        positional = [each for each in call.args if each.keyword is None]
        if arg.keyword is None:
            if len(positional) < 2 or arg is not positional[1]:
                return None
            if not (_last_name(call.func) or "").startswith("DEFINE_"):
                return None
        elif arg.keyword.value not in _DEFAULT_KEYWORDS:
            return None
        for name in _option_destinations(call):
            if self._sinks.has_name(name):
                return Position(PositionKind.OPTION, node, call)
            found = self._read_as_attribute(name)
            if found is not None:
                return found
        return None

    def _read_as_attribute(self, name: str) -> Position | None:
        """The first place that takes ``anything.name``: how parsed options are read."""
        if not self._follow("option", name):
            return None
        for uses in self._facts.index.uses.values():
            for use in uses:
                if len(use.parts) > 1 and use.parts[-1] == name:
                    found = self.position(use.node)
                    if found is not None:
                        return found
        return None

    def _local_parameter(
        self, arg: cst.Arg, call: cst.Call
    ) -> tuple[cst.Param, cst.BaseExpression] | None:
        """The parameter of a function of this file that receives the argument."""
        called = self._local_function(call)
        if called is None:
            return None
        function, bound = called
        params = [*function.params.posonly_params, *function.params.params]
        if arg.keyword is not None:
            every = [*params, *function.params.kwonly_params]
            chosen = [each for each in every if each.name.value == arg.keyword.value]
        else:
            index = call.args.index(arg)
            if any(each.star for each in call.args[:index]):
                return None
            chosen = params[index + bound : index + bound + 1]
        return (chosen[0], arg.value) if chosen else None

    def _local_function(self, call: cst.Call) -> tuple[cst.FunctionDef, int] | None:
        """The function of this file that is called, and how many parameters are bound before."""
        func = call.func
        if isinstance(func, cst.Name):
            in_class = func.value == "cls"
            definition = self._class(call) if in_class else self._definition(func)
            if isinstance(definition, cst.FunctionDef):
                return definition, 0
            if isinstance(definition, cst.ClassDef):
                method = _method(definition, "__init__")
                return (method, 1) if method is not None else None
            return None
        if not isinstance(func, cst.Attribute) or not isinstance(func.value, cst.Name):
            return None
        on_instance = func.value.value in {"self", "cls"}
        owner = self._class(call) if on_instance else self._definition(func.value)
        method = _method(owner, func.attr.value) if isinstance(owner, cst.ClassDef) else None
        return (method, _bound_before(method, on_instance)) if method is not None else None

    def _definition(self, name: cst.Name) -> cst.CSTNode | None:
        """The function or class that ``name`` means, where nothing else is bound to it."""
        bindings = self._facts.bindings(name)
        return bindings[0].node if len(bindings) == 1 else None

    def _class(self, node: cst.CSTNode) -> cst.ClassDef | None:
        for above in self._facts.ancestors(node):
            if isinstance(above, cst.ClassDef):
                return above
        return None

    # Bindings.

    def _parameter(self, param: cst.Param, node: cst.BaseExpression) -> Position | None:
        if self._sinks.has_name(param.name.value) or self._typed(param.annotation):
            return Position(PositionKind.DEFAULT, node)
        owner = self._facts.parent(self._facts.parent(param))
        scope = self._facts.index.scopes.get(owner)
        return self._flow(param.name.value, scope) if scope is not None else None

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
    ) -> Position | None:
        if isinstance(statement, cst.AnnAssign):
            if self._typed(statement.annotation):
                return Position(PositionKind.ASSIGNMENT, node)
            return self._target(statement.target, node)
        for target in statement.targets:
            found = self._target(target.target, node)
            if found is not None:
                return found
        return None

    def _target(self, target: cst.CSTNode, node: cst.BaseExpression) -> Position | None:
        """The place that an assignment makes: named like one, or read in one later."""
        here = Position(PositionKind.ASSIGNMENT, node)
        if isinstance(target, cst.Name):
            if self._sinks.has_name(target.value):
                return here
            return self._flow(target.value, self._facts.scope(target))
        if isinstance(target, cst.Attribute):
            if self._sinks.has_name(target.attr.value):
                return here
            return self._attribute_flow(target)
        if isinstance(target, cst.Subscript):
            key = _subscript_key(target)
            named = key is not None and self._sinks.has_name(key)
            mapped = _matches(self._sinks.mappings, _last_name(target.value) or "")
            return here if named or mapped else None
        return None

    def _flow(self, name: str, scope: Scope) -> Position | None:
        """The first place that takes ``name`` as it is bound in ``scope``."""
        owner = scope.owner(name)
        if owner is None or not self._follow(owner, name):
            return None
        for use in self._facts.uses_of(name, scope):
            if len(use.parts) == 1 and isinstance(use.node, cst.Name):
                found = self.position(use.node)
                if found is not None:
                    return found
        if isinstance(owner.node, cst.ClassDef):
            return self._member_flow(owner.node, name)
        return None

    def _attribute_flow(self, target: cst.Attribute) -> Position | None:
        if not isinstance(target.value, cst.Name):
            return None
        root = target.value.value
        if root in {"self", "cls"}:
            owner = self._class(target)
            return self._member_flow(owner, target.attr.value) if owner is not None else None
        scope = self._facts.scope(target).owner(root)
        if scope is None or not self._follow(scope, root, target.attr.value):
            return None
        return self._first_use(root, target.attr.value, scope)

    def _first_use(self, root: str, attribute: str, scope: Scope) -> Position | None:
        for use in self._facts.uses_of(root, scope):
            if use.parts == (root, attribute):
                found = self.position(use.node)
                if found is not None:
                    return found
        return None

    def _member_flow(self, owner: cst.ClassDef, name: str) -> Position | None:
        """The first place that takes the attribute ``name`` of the class or its instances."""
        if not self._follow(owner, name):
            return None
        for root in ("self", "cls", owner.name.value):
            for use in self._facts.index.uses.get(root, ()):
                if use.parts != (root, name):
                    continue
                if root == owner.name.value or self._class(use.node) is owner:
                    found = self.position(use.node)
                    if found is not None:
                        return found
        return None

    def _returned(self, statement: cst.Return, node: cst.BaseExpression) -> Position | None:
        """What a function returns: its name or its type says it, or the uses of its calls."""
        function = next(
            (a for a in self._facts.ancestors(statement) if isinstance(a, cst.FunctionDef)), None
        )
        if function is None:
            return None
        if self._sinks.has_name(function.name.value) or self._typed(function.returns):
            return Position(PositionKind.RETURN, node)
        if not self._follow(function):
            return None
        name = function.name.value
        scope = self._facts.scope(function).owner(name)
        if scope is None or isinstance(scope.node, cst.ClassDef):
            return None
        for use in self._facts.uses_of(name, scope):
            call = self._facts.parent(use.node)
            if isinstance(call, cst.Call) and call.func is use.node:
                found = self.position(call)
                if found is not None:
                    return found
        return None

    # Containers.

    def _dict_value(self, element: cst.DictElement, node: cst.BaseExpression) -> Position | None:
        here = Position(PositionKind.DICT_VALUE, node)
        mapping = self._facts.parent(element)
        if self._is_compared(mapping):
            return None
        key = string_value(element.key)
        if key is not None and self._sinks.has_name(key):
            return here
        if self._sinks.mappings is None or not isinstance(mapping, cst.Dict):
            return None
        inner = Sinks(names=self._sinks.mappings)
        return here if position(mapping, self._facts, inner) is not None else None

    def _is_compared(self, container: cst.CSTNode) -> bool:
        """Whether a literal container is one side of a comparison, or a part of one."""
        for above in self._facts.ancestors(container):
            if isinstance(above, (cst.Comparison, cst.ComparisonTarget)):
                return True
            if not isinstance(above, _literal_containers()):
                return False
        return False

    def _element(self, element: cst.Element, node: cst.BaseExpression) -> Position | None:
        """One of several: the counterpart in an unpacking, or a list that a keyword takes."""
        container = self._facts.parent(element)
        above = self._facts.parent(container)
        if isinstance(above, cst.Arg) and above.keyword is not None:
            if _matches(self._sinks.sequences, above.keyword.value):
                return Position(PositionKind.ARGUMENT, node)
            return None
        if not isinstance(container, (cst.Tuple, cst.List)) or not isinstance(above, cst.Assign):
            return None
        index = container.elements.index(element)
        for target in above.targets:
            if isinstance(target.target, (cst.Tuple, cst.List)):
                names = target.target.elements
                if len(names) == len(container.elements):
                    found = self._target(names[index].value, node)
                    if found is not None:
                        return found
        return None

    def _follow(self, *key: object) -> bool:
        """Whether to follow ``key``: not twice, and not without end."""
        if key in self._followed or len(self._followed) >= _MAX_FOLLOWED:
            return False
        self._followed.add(key)
        return True


_MAX_FOLLOWED = 20


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


def _last_name(node: cst.CSTNode) -> str | None:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else None


def _subscript_key(node: cst.Subscript) -> str | None:
    """The string in ``x["key"]``."""
    only = node.slice[0].slice if len(node.slice) == 1 else None
    return string_value(only.value) if isinstance(only, cst.Index) else None


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


def _method(owner: cst.ClassDef, name: str) -> cst.FunctionDef | None:
    for statement in owner.body.body:
        if isinstance(statement, cst.FunctionDef) and statement.name.value == name:
            return statement
    return None


def _bound_before(method: cst.FunctionDef, on_instance: bool) -> int:
    """How many parameters a call through an instance, or through the class, fills by itself."""
    decorators = {_last_name(each.decorator) for each in method.decorators}
    if "staticmethod" in decorators:
        return 0
    return 1 if on_instance or "classmethod" in decorators else 0


def _union_members(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The types in an annotation: ``A | B``, ``Optional[A]`` and ``Union[A, B]`` taken apart."""
    if isinstance(node, cst.BinaryOperation):
        yield from _union_members(node.left)
        yield from _union_members(node.right)
    elif isinstance(node, cst.Subscript) and _last_name(node.value) in {"Optional", "Union"}:
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                yield from _union_members(element.slice.value)
    else:
        yield node
