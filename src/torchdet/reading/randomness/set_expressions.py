"""Which expressions are sets, and what is known of their elements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.flow.definitions import Definition, DefinitionKind, Each, Item, Path
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
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
_COUNTING_LOOPS = frozenset({((Each(),), "range"), ((Each(), Item(0)), "enumerate")})
_NUMBERS_FROM = _NUMBER_FUNCTIONS_OF_ARRAYS | {"range", "tolist"}
_ANNOTATION = re.compile(r"[\w.]+\[(?P<element>str|int|float|bool)(?:, \.\.\.)?\]")
_STRING_WORDS = re.compile(
    r"(^|_)(captions?|file|filename|files|keys?|names?|path|sentence|text|title|url|uuid|words?)$"
)


class Elements(Enum):
    """What a set holds: the order of strings changes with every process, that of numbers not."""

    STRINGS = "strings"
    NUMBERS = "numbers"
    UNKNOWN = "unknown"


def set_elements(node: cst.BaseExpression, facts: FileFacts) -> Elements | None:
    """What the set ``node`` holds; None for what is not certainly a set."""
    definitions = _grown_from(node, facts) if isinstance(node, cst.Name) else ()
    made = [each for each in definitions if each.kind is not DefinitionKind.AUGMENTED]
    starts: list[tuple[cst.CSTNode | None, Path]] = [(node, ())]
    if len(made) < len(definitions):
        starts = [(each.value, each.path) for each in made]
    kinds: list[Elements] = []
    for value, path in starts:
        if not isinstance(value, cst.BaseExpression):
            return None
        found = facts.flow.sources(value, lambda each: _sets_in(each, facts), path)
        for end in found.every:
            kind = _of_set(end.node, facts) if not end.path else None
            if kind is None:
                return None
            kinds.append(kind)
    if isinstance(node, (cst.Name, cst.Attribute)) and _called_by_number(facts.code(node)):
        return Elements.NUMBERS
    for definition in definitions:
        kinds += _added_to(definition.node, facts)
    return _together(kinds, ignoring=Elements.UNKNOWN)


def _grown_from(name: cst.Name, facts: FileFacts) -> tuple[Definition, ...]:
    """The definitions that ``name`` can see, and those that ``|=`` and the like have grown."""
    found: dict[Definition, None] = {}
    pending = list(facts.flow.definitions(name).definitions)
    while pending:
        definition = pending.pop()
        if definition in found:
            continue
        found[definition] = None
        if definition.kind is DefinitionKind.AUGMENTED and isinstance(definition.node, cst.Name):
            pending += facts.flow.definitions(definition.node).definitions
    return tuple(found)


def _sets_in(node: cst.BaseExpression, facts: FileFacts) -> list[cst.BaseExpression] | None:
    """The sets that show ``node`` to be one: the operands of ``|``, the object of ``.union``."""
    if isinstance(node, cst.BinaryOperation):
        if not isinstance(node.operator, (cst.BitAnd, cst.BitOr, cst.BitXor, cst.Subtract)):
            return None
        sides = (node.left, node.right)
        return [side for side in sides if _of_set(side, facts) is not None] or [node.left]
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in _SET_METHODS
    ):
        return [node.func.value]
    return None


def _of_set(node: cst.CSTNode, facts: FileFacts) -> Elements | None:
    """What a display, a comprehension or a call of ``set`` holds."""
    if isinstance(node, cst.Set):
        return _together(_of_value(each.value, facts) for each in node.elements)
    if isinstance(node, cst.SetComp):
        return _of_value(node.elt, facts)
    if isinstance(node, cst.Call) and facts.means(node.func, *_SET_TYPES):
        return _of_iterable(node.args[0].value, facts) if node.args else Elements.UNKNOWN
    return None


@remembered
def _added_to(node: cst.CSTNode, facts: FileFacts) -> tuple[Elements, ...]:
    """What ``add`` and ``update`` put into the set that ``node`` binds."""
    definition = facts.flow.definition(node)
    found: list[Elements] = []
    for use in facts.flow.uses(definition) if definition is not None else ():
        if use.kind is UseKind.METHOD and isinstance(use.by, cst.Call) and use.by.args:
            value = use.by.args[0].value
            if use.slot == "add":
                ends = facts.flow.sources(value).expressions
                found.append(_together(_of_value(end, facts) for end in ends))
            elif use.slot == "update":
                found.append(_of_iterable(value, facts))
    return tuple(found)


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
        annotated = _of_annotated_elements(node, facts)
        if annotated is not None:
            return annotated
        made = [end for end in facts.flow.sources(node).expressions if isinstance(end, cst.Call)]
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
        whole = Elements.STRINGS if Elements.STRINGS in kinds else Elements.NUMBERS
        return Elements.UNKNOWN if Elements.UNKNOWN in kinds else whole
    if isinstance(node, cst.Name):
        known = _of_annotations(node, facts) or _of_loops(node, facts)
        if known is not None:
            return known
    return _of_computed(node, facts)


def _of_computed(node: cst.BaseExpression, facts: FileFacts) -> Elements:
    """What an operator, a call or a part of something gives."""
    if isinstance(node, cst.BinaryOperation):
        first, second = _of_value(node.left, facts), _of_value(node.right, facts)
        return first if first in (second, Elements.STRINGS) else Elements.UNKNOWN
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


def _of_loops(name: cst.Name, facts: FileFacts) -> Elements | None:
    """What the loops say that bind a name: ``range`` and the indices of ``enumerate``."""
    definitions = facts.flow.definitions(name).definitions
    counted = definitions and all(
        isinstance(each.value, cst.Call)
        and (each.path, last_name(each.value.func)) in _COUNTING_LOOPS
        for each in definitions
    )
    return Elements.NUMBERS if counted else None


def _of_annotated_elements(name: cst.Name, facts: FileFacts) -> Elements | None:
    """What an annotation says of the elements: ``list[str]``."""
    annotations = [each.annotation for each in facts.flow.definitions(name).definitions]
    matches = [
        _ANNOTATION.fullmatch(facts.code(each)) if each is not None else None
        for each in annotations
    ]
    elements = {match["element"] if match is not None else "" for match in matches}
    if elements == {"str"}:
        return Elements.STRINGS
    return Elements.NUMBERS if elements and elements <= {"int", "float", "bool"} else None


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
        ends = facts.flow.sources(element).expressions
        if Elements.STRINGS in {_of_value(end, facts) for end in ends}:
            return Confidence.CERTAIN
        name = last_name(element) or ""
        likely = likely or _STRING_WORDS.search(name.lower()) is not None
    return Confidence.LIKELY if likely else None
