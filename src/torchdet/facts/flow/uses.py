"""What is done with a value, where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from collections.abc import Mapping

    Parents = Mapping[cst.CSTNode, cst.CSTNode]


class UseKind(Enum):
    """What is done with a value."""

    CALLED = "called"
    ATTRIBUTE = "attribute read"
    METHOD = "method called"
    ARGUMENT = "argument"
    RETURNED = "returned"
    YIELDED = "yielded"
    ELEMENT = "element of a container"
    STORED_ATTRIBUTE = "stored in an attribute"
    STORED_ITEM = "stored under a key"
    REBOUND = "assigned to a name"
    UNPACKED = "unpacked"
    SUBSCRIPTED = "subscripted"
    INDEX = "index of a subscript"
    ITERATED = "iterated"
    COMPARED = "compared"
    TESTED = "tested"
    FORMATTED = "formatted"
    OPERAND = "operand"
    AUGMENTED = "changed in place by an operator"
    CHOSEN = "one outcome of a choice"
    ENTERED = "entered by `with`"
    AWAITED = "awaited"
    RAISED = "raised"
    DEFAULT = "default of a parameter"
    DECORATOR = "decorator"
    ANNOTATION = "annotation"
    MATCHED = "subject of a match"
    DELETED = "deleted"
    MUTATED = "an item or attribute of it is assigned or deleted"
    DISCARDED = "discarded"
    OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One use of the value of ``node`` by ``by``, the node around that does something with it.

    For an argument ``slot`` is its keyword or position, for an element its key or position, for
    an attribute or method its name. ``captured`` says that a function inside that of the
    definition uses it.
    """

    node: cst.BaseExpression
    kind: UseKind
    by: cst.CSTNode
    slot: int | str | None = None
    captured: bool = False


def use_of(node: cst.BaseExpression, parents: Parents, *, captured: bool = False) -> Use:
    """What is done with the value of ``node``."""
    parent = parents[node]
    kind, by, slot = _classified(node, parent, parents)
    return Use(node, kind, by, slot, captured)


Verdict = tuple[UseKind, cst.CSTNode, int | str | None]


def _classified(node: cst.BaseExpression, parent: cst.CSTNode, parents: Parents) -> Verdict:
    name = type(parent).__name__
    classify = _CLASSIFIERS.get(name)
    if classify is not None:
        return classify(node, parent, parents)
    for types, kind in _BY_PARENT:
        if name in types:
            return kind, parent, None
    return UseKind.OTHER, parent, None


def _subscript(_: cst.BaseExpression, parent: cst.Subscript, parents: Parents) -> Verdict:
    written = is_target(parent, parents)
    return (UseKind.MUTATED if written else UseKind.SUBSCRIPTED), parent, None


def _augmented(node: cst.BaseExpression, parent: cst.AugAssign, _: Parents) -> Verdict:
    return (UseKind.AUGMENTED if parent.target is node else UseKind.OPERAND), parent, None


def _compared(_: cst.BaseExpression, parent: cst.ComparisonTarget, parents: Parents) -> Verdict:
    return UseKind.COMPARED, parents[parent], None


def _unary(_: cst.BaseExpression, parent: cst.UnaryOperation, __: Parents) -> Verdict:
    negated = isinstance(parent.operator, cst.Not)
    return (UseKind.TESTED if negated else UseKind.OPERAND), parent, None


_BY_PARENT: tuple[tuple[frozenset[str], UseKind], ...] = (
    (frozenset({"Call"}), UseKind.CALLED),
    (frozenset({"Index", "Slice"}), UseKind.INDEX),
    (frozenset({"Return", "Lambda"}), UseKind.RETURNED),
    (frozenset({"Yield", "From"}), UseKind.YIELDED),
    (frozenset({"CompFor", "For"}), UseKind.ITERATED),
    (frozenset({"Comparison"}), UseKind.COMPARED),
    (frozenset({"If", "While", "Assert", "CompIf"}), UseKind.TESTED),
    (frozenset({"FormattedStringExpression"}), UseKind.FORMATTED),
    (frozenset({"BinaryOperation"}), UseKind.OPERAND),
    (frozenset({"WithItem"}), UseKind.ENTERED),
    (frozenset({"Await"}), UseKind.AWAITED),
    (frozenset({"Raise"}), UseKind.RAISED),
    (frozenset({"Param"}), UseKind.DEFAULT),
    (frozenset({"Decorator"}), UseKind.DECORATOR),
    (frozenset({"Annotation"}), UseKind.ANNOTATION),
    (frozenset({"Match"}), UseKind.MATCHED),
    (frozenset({"Del"}), UseKind.DELETED),
    (frozenset({"Expr"}), UseKind.DISCARDED),
    (frozenset({"ListComp", "SetComp", "DictComp", "GeneratorExp"}), UseKind.ELEMENT),
)


def _argument(_: cst.BaseExpression, parent: cst.Arg, parents: Parents) -> Verdict:
    call = parents[parent]
    if not isinstance(call, cst.Call):
        return UseKind.OTHER, call, None  # a base of a class
    if parent.star:
        return UseKind.UNPACKED, call, parent.star
    if parent.keyword is not None:
        return UseKind.ARGUMENT, call, parent.keyword.value
    place = next(place for place, each in enumerate(call.args) if each is parent)
    return UseKind.ARGUMENT, call, place


def _attribute(_: cst.BaseExpression, parent: cst.Attribute, parents: Parents) -> Verdict:
    above = parents[parent]
    name = parent.attr.value
    if isinstance(above, cst.Call) and above.func is parent:
        return UseKind.METHOD, above, name
    return (UseKind.MUTATED if is_target(parent, parents) else UseKind.ATTRIBUTE), parent, name


def _element(node: cst.BaseExpression, parent: cst.CSTNode, parents: Parents) -> Verdict:
    container = parents[parent]
    if isinstance(parent, (cst.StarredElement, cst.StarredDictElement)):
        return UseKind.UNPACKED, container, "*"
    if isinstance(parent, cst.DictElement):
        return (UseKind.INDEX if parent.key is node else UseKind.ELEMENT), container, None
    elements = getattr(container, "elements", ())
    for place, each in enumerate(elements):
        if each is parent:
            return UseKind.ELEMENT, container, place
    return UseKind.ELEMENT, container, None


def _bound(node: cst.BaseExpression, parent: cst.CSTNode, _: Parents) -> Verdict:
    if isinstance(parent, cst.Assign):
        target: cst.CSTNode = parent.targets[0].target
    elif isinstance(parent, (cst.AnnAssign, cst.NamedExpr)) and parent.value is node:
        target = parent.target
    else:
        return UseKind.OTHER, parent, None
    if isinstance(target, cst.Attribute):
        return UseKind.STORED_ATTRIBUTE, parent, target.attr.value
    if isinstance(target, cst.Subscript):
        return UseKind.STORED_ITEM, parent, None
    if isinstance(target, (cst.Tuple, cst.List)):
        return UseKind.UNPACKED, parent, None
    return UseKind.REBOUND, parent, None


def _choice(
    node: cst.BaseExpression, parent: cst.IfExp | cst.BooleanOperation, _: Parents
) -> Verdict:
    if isinstance(parent, cst.IfExp) and parent.test is node:
        return UseKind.TESTED, parent, None
    return UseKind.CHOSEN, parent, None


_CLASSIFIERS: dict[str, Callable[..., Verdict]] = {
    "AnnAssign": _bound,
    "Arg": _argument,
    "Assign": _bound,
    "Attribute": _attribute,
    "AugAssign": _augmented,
    "BooleanOperation": _choice,
    "ComparisonTarget": _compared,
    "DictElement": _element,
    "Element": _element,
    "IfExp": _choice,
    "NamedExpr": _bound,
    "StarredDictElement": _element,
    "StarredElement": _element,
    "Subscript": _subscript,
    "UnaryOperation": _unary,
}


def is_target(node: cst.CSTNode, parents: Parents) -> bool:
    """Whether ``node`` is assigned to, or deleted."""
    below, above = node, parents[node]
    while isinstance(above, (cst.Tuple, cst.List, cst.BaseElement)):
        below, above = above, parents[above]
    if isinstance(above, (cst.AssignTarget, cst.Del, cst.AsName)):
        return True
    return (
        isinstance(above, (cst.AugAssign, cst.AnnAssign, cst.For, cst.CompFor))
        and above.target is below
    )
