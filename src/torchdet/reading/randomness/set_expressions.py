"""Which expressions are sets, and what is known of their elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.facts.origins import origins
from torchdet.model.diagnostic import Confidence

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_SET_TYPES = ("builtins.set", "builtins.frozenset")
_SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_STRING_METHODS = frozenset(
    {"capitalize", "decode", "format", "join", "lower", "lstrip", "removeprefix", "removesuffix"}
    | {"replace", "rstrip", "strip", "title", "upper", "hexdigest", "as_posix"}
)
_STRING_LISTS = frozenset({"split", "rsplit", "splitlines", "partition", "listdir", "glob"})
_NUMBER_FUNCTIONS = frozenset({"abs", "float", "id", "int", "len", "max", "min", "ord", "range"})
_NUMBER_METHODS = frozenset({"item", "tolist", "size", "dim", "numel", "index", "count"})
_NUMBER_FUNCTIONS_OF_ARRAYS = frozenset({"arange", "nonzero", "flatnonzero", "randperm", "unique"})
_NUMBER_WORDS = re.compile(
    r"(^|_)(ids?|idx|idxs|index|indexes|indices|inds?|ranks?|sizes?|dims?|steps?|epochs?|nums?"
    r"|numbers?|ints?|lengths?|levels?|ndim|shapes?|axes|axis|ports?|offsets?|pos"
    r"|positions?|layers?_idx|devices?|y|labels?_ids?|counts?|frames?|degrees?|strides?)$"
)
_NUMBERS_FROM = _NUMBER_FUNCTIONS_OF_ARRAYS | {"range", "tolist"}
_STRING_WORDS = re.compile(
    r"(^|_)(captions?|file|filename|files|keys?|names?|path|sentence|text|title|url|uuid|words?)$"
)
_MOST_DEPTH = 6


class Elements(Enum):
    """What a set holds: the order of strings changes with every process, that of numbers not."""

    STRINGS = "strings"
    NUMBERS = "numbers"
    UNKNOWN = "unknown"


def set_elements(node: cst.BaseExpression, facts: FileFacts) -> Elements | None:
    """What the set ``node`` holds; None for what is not certainly a set."""
    return _elements(node, facts, 0)


def _elements(node: cst.BaseExpression, facts: FileFacts, depth: int) -> Elements | None:
    if depth > _MOST_DEPTH:
        return None
    if isinstance(node, cst.Set):
        return _together(_of_value(each.value, facts) for each in node.elements)
    if isinstance(node, cst.SetComp):
        return _of_value(node.elt, facts)
    if isinstance(node, cst.BinaryOperation):
        return _of_operation(node, facts, depth)
    if isinstance(node, cst.Call):
        return _of_call(node, facts, depth)
    if isinstance(node, (cst.Name, cst.Attribute)):
        return _of_variable(node, facts, depth)
    return None


def _of_operation(node: cst.BinaryOperation, facts: FileFacts, depth: int) -> Elements | None:
    if not isinstance(node.operator, (cst.BitAnd, cst.BitOr, cst.BitXor, cst.Subtract)):
        return None
    sides = [_elements(side, facts, depth + 1) for side in (node.left, node.right)]
    known = [side for side in sides if side is not None]
    if not known:
        return None
    return next((side for side in known if side is not Elements.UNKNOWN), Elements.UNKNOWN)


def _of_call(node: cst.Call, facts: FileFacts, depth: int) -> Elements | None:
    if facts.means(node.func, *_SET_TYPES):
        return _of_iterable(node.args[0].value, facts) if node.args else Elements.UNKNOWN
    if isinstance(node.func, cst.Attribute) and node.func.attr.value in _SET_METHODS:
        return _elements(node.func.value, facts, depth + 1)
    return None


def _of_variable(node: cst.Name | cst.Attribute, facts: FileFacts, depth: int) -> Elements | None:
    """A name or an attribute that is given nothing but sets, and what is added to it."""
    found = origins(node, facts)
    if isinstance(node, cst.Name) and not found.complete and not _is_only_updated(node, facts):
        return None
    kinds: list[Elements] = []
    for end in found.expressions:
        kind = None if end is node else _elements(end, facts, depth + 1)
        if kind is None:
            return None
        kinds.append(kind)
    if _called_by_number(facts.code(node)):
        return Elements.NUMBERS
    return _together([*kinds, *_added(node, facts)], ignoring=Elements.UNKNOWN) if kinds else None


def _is_only_updated(name: cst.Name, facts: FileFacts) -> bool:
    """Whether what is not an assignment of the name is ``name |= other``."""
    return all(
        binding.value is not None or isinstance(facts.parent(binding.node), cst.AugAssign)
        for binding in facts.bindings(name)
    ) and not any(
        isinstance(facts.parent(binding.node), cst.Param) for binding in facts.bindings(name)
    )


def _added(node: cst.Name | cst.Attribute, facts: FileFacts) -> Iterator[Elements]:
    """What ``add`` and ``update`` put into the set."""
    if not isinstance(node, cst.Name):
        return
    for use in facts.uses_of(node.value, facts.scope(node)):
        call = facts.parent(use.node)
        if isinstance(call, cst.Call) and call.func is use.node and call.args:
            if use.parts == (node.value, "add"):
                ends = origins(call.args[0].value, facts).expressions
                yield _together(_of_value(end, facts) for end in ends)
            elif use.parts == (node.value, "update"):
                yield _of_iterable(call.args[0].value, facts)


def _together(kinds: Iterable[Elements], ignoring: Elements | None = None) -> Elements:
    """One answer for all the elements."""
    every = set(kinds) - {ignoring}
    return every.pop() if len(every) == 1 else Elements.UNKNOWN


def _of_iterable(node: cst.BaseExpression, facts: FileFacts) -> Elements:
    """What an iterable holds."""
    if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
        return _together(_of_value(each.value, facts) for each in node.elements)
    if isinstance(node, (cst.ListComp, cst.GeneratorExp, cst.SetComp)):
        return _of_value(node.elt, facts)
    if isinstance(node, cst.Call):
        name = last_name(node.func) or ""
        if name in _STRING_LISTS:
            return Elements.STRINGS
        if name in _NUMBER_FUNCTIONS | _NUMBER_METHODS | _NUMBER_FUNCTIONS_OF_ARRAYS:
            return Elements.NUMBERS
        if name in {"list", "tuple", "sorted", "set"} and node.args:
            return _of_iterable(node.args[0].value, facts)
    if isinstance(node, cst.Name):
        made = [end for end in origins(node, facts).expressions if isinstance(end, cst.Call)]
        if any((last_name(end.func) or "") in _NUMBERS_FROM for end in made):
            return Elements.NUMBERS
    return Elements.NUMBERS if _called_by_number(facts.code(node)) else Elements.UNKNOWN


def _of_value(node: cst.BaseExpression, facts: FileFacts) -> Elements:
    """What one element is."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)):
        return Elements.STRINGS
    if isinstance(node, (cst.Integer, cst.Float, cst.UnaryOperation)):
        return Elements.NUMBERS
    if isinstance(node, cst.Tuple):
        kinds = {_of_value(each.value, facts) for each in node.elements}
        known = Elements.STRINGS if Elements.STRINGS in kinds else Elements.NUMBERS
        return Elements.UNKNOWN if Elements.UNKNOWN in kinds else known
    if isinstance(node, cst.Name):
        annotated = _of_annotations(node, facts)
        if annotated is not None:
            return annotated
    if isinstance(node, cst.Call):
        name = last_name(node.func) or ""
        if name == "str" or (isinstance(node.func, cst.Attribute) and name in _STRING_METHODS):
            return Elements.STRINGS
        if name in _NUMBER_FUNCTIONS | _NUMBER_METHODS:
            return Elements.NUMBERS
        return Elements.UNKNOWN
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Call):
        return _of_iterable(node.value, facts)
    return Elements.NUMBERS if _called_by_number(facts.code(node)) else Elements.UNKNOWN


def _called_by_number(code: str) -> bool:
    """Whether a name says that it holds numbers: ``layer_idx``, ``batch.sizes``, ``ranks``."""
    return _NUMBER_WORDS.search(code.rpartition(".")[2].lower()) is not None


def _of_annotations(name: cst.Name, facts: FileFacts) -> Elements | None:
    """What the annotation of a name says, ``str`` or ``int``."""
    annotations = [binding.annotation for binding in facts.bindings(name)]
    for types, kind in ((("str",), Elements.STRINGS), (("int", "float", "bool"), Elements.NUMBERS)):
        qualified = tuple(f"builtins.{each}" for each in types)
        if annotations and all(
            each is not None and facts.means(each, *qualified) for each in annotations
        ):
            return kind
    return None


def holds_string(node: cst.BaseExpression, facts: FileFacts) -> Confidence | None:
    """Whether the value, or a tuple's element, is a string: certainly, or by its name.

    ``f"{user}"`` is one, and so most likely is ``speaker_name``. None where nothing says so.
    """
    elements = [each.value for each in node.elements] if isinstance(node, cst.Tuple) else [node]
    likely = False
    for element in elements:
        ends = origins(element, facts).expressions
        if Elements.STRINGS in {_of_value(end, facts) for end in ends}:
            return Confidence.CERTAIN
        name = last_name(element) or ""
        likely = likely or _STRING_WORDS.search(name.lower()) is not None
    return Confidence.LIKELY if likely else None
