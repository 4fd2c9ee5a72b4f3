"""What binds a name: typed, with the value that it takes and the way into that value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.scope import Binding, BindingKind

if TYPE_CHECKING:
    from collections.abc import Mapping


class DefinitionKind(Enum):
    """How a name was bound."""

    ASSIGNMENT = "assignment"
    ANNOTATED = "annotated assignment"
    AUGMENTED = "augmented assignment"
    WALRUS = "walrus"
    PARAMETER = "parameter"
    LOOP = "loop target"
    COMPREHENSION = "comprehension target"
    WITH = "with target"
    EXCEPT = "except target"
    IMPORT = "import"
    FUNCTION = "function"
    CLASS = "class"
    DELETION = "deletion"
    MATCH = "match capture"
    TYPE = "type parameter or alias"


@dataclass(frozen=True, slots=True)
class Item:
    """The element at an index or under a key; a negative index counts from the end."""

    key: int | str


@dataclass(frozen=True, slots=True)
class Each:
    """Any one element, as a loop takes them, or an index that only the run knows."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Several elements as a list, as a starred target or a slice takes them."""

    start: int


@dataclass(frozen=True, slots=True)
class Entered:
    """What ``with`` gets from entering the value."""


@dataclass(frozen=True, slots=True)
class Member:
    """The attribute ``name`` of the value."""

    name: str


Step = Item | Each | Rest | Entered | Member
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """One place that gives ``name`` a value, or takes it away.

    ``node`` is the bound ``Name``, ``Param``, ``ImportAlias``, ``FunctionDef`` or ``ClassDef``.
    The name gets the part of ``value`` that ``path`` leads to, the outermost step first:
    ``for i, (x, y) in pairs`` binds ``y`` to ``Each(), Item(1), Item(1)`` of ``pairs``. For a
    parameter ``value`` is the default.
    """

    name: str
    kind: DefinitionKind
    node: cst.CSTNode
    value: cst.BaseExpression | None = None
    path: Path = ()
    annotation: cst.BaseExpression | None = None
    qualified: str | None = None


def definition_of(binding: Binding, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> Definition:
    """The typed definition that the walk's ``binding`` is."""
    node = binding.node
    if binding.kind is BindingKind.PARAMETER:
        return _made(binding, DefinitionKind.PARAMETER, binding.value)
    if binding.kind is BindingKind.IMPORT:
        return _made(binding, DefinitionKind.IMPORT)
    if binding.kind is BindingKind.DELETION:
        return _made(binding, DefinitionKind.DELETION)
    if isinstance(node, cst.FunctionDef):
        return _made(binding, DefinitionKind.FUNCTION)
    if isinstance(node, cst.ClassDef):
        return _made(binding, DefinitionKind.CLASS)
    found = bound_by(node, parents)
    return _made(binding, found.kind, found.value, found.path)


def _made(
    binding: Binding,
    kind: DefinitionKind,
    value: cst.BaseExpression | None = None,
    path: Path = (),
) -> Definition:
    return Definition(
        binding.name, kind, binding.node, value, path, binding.annotation, binding.qualified
    )


@dataclass(frozen=True, slots=True)
class Bound:
    """What a target receives, and from what kind of statement."""

    kind: DefinitionKind
    value: cst.BaseExpression | None
    path: Path


def bound_by(target: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> Bound:
    """Climb from ``target``, any expression that is assigned to, to the statement."""
    path: list[Step] = []
    below = target
    above = parents.get(below)
    while isinstance(above, (cst.Tuple, cst.List, cst.BaseElement, cst.AsName, cst.AssignTarget)):
        if isinstance(above, (cst.Tuple, cst.List)) and isinstance(below, cst.BaseElement):
            path.append(_place(above, below))
        below, above = above, parents.get(above)
    path.reverse()
    if isinstance(above, (cst.MatchPattern, cst.MatchKeywordElement)):
        return _captured(above, parents)
    kind, value, first = _statement(above)
    return Bound(kind, value, (*first, *path))


def _statement(
    above: cst.CSTNode | None,
) -> tuple[DefinitionKind, cst.BaseExpression | None, Path]:
    if isinstance(above, cst.Assign):
        return DefinitionKind.ASSIGNMENT, above.value, ()
    if isinstance(above, cst.AnnAssign):
        return DefinitionKind.ANNOTATED, above.value, ()
    if isinstance(above, cst.AugAssign):
        return DefinitionKind.AUGMENTED, above.value, ()
    if isinstance(above, cst.NamedExpr):
        return DefinitionKind.WALRUS, above.value, ()
    if isinstance(above, cst.For):
        return DefinitionKind.LOOP, above.iter, (Each(),)
    if isinstance(above, cst.CompFor):
        return DefinitionKind.COMPREHENSION, above.iter, (Each(),)
    if isinstance(above, cst.WithItem):
        return DefinitionKind.WITH, above.item, (Entered(),)
    if isinstance(above, (cst.ExceptHandler, cst.ExceptStarHandler)):
        return DefinitionKind.EXCEPT, None, ()
    return DefinitionKind.TYPE, None, ()


def _captured(pattern: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> Bound:
    """The part of the subject that a pattern gives to its name."""
    path: list[Step] = []
    below = pattern
    above = parents.get(below)
    if isinstance(pattern, cst.MatchMapping):
        path.append(Rest(0))
    while above is not None and not isinstance(above, cst.MatchCase):
        if isinstance(above, (cst.MatchList, cst.MatchTuple)):
            path.append(_place_in_pattern(above, below))
        elif isinstance(above, cst.MatchMappingElement) and below is above.pattern:
            key = string_value(above.key)
            path.append(Item(key) if key is not None else Each())
        elif isinstance(above, cst.MatchKeywordElement):
            path.append(Member(above.key.value))
        elif isinstance(above, cst.MatchClass) and below in above.patterns:
            path.append(Each())
        below, above = above, parents.get(above)
    match = parents.get(above) if above is not None else None
    subject = match.subject if isinstance(match, cst.Match) else None
    return Bound(DefinitionKind.MATCH, subject, tuple(reversed(path)))


def _place_in_pattern(pattern: cst.MatchList | cst.MatchTuple, element: cst.CSTNode) -> Step:
    for position, each in enumerate(pattern.patterns):
        if each is element:
            return Rest(position) if isinstance(each, cst.MatchStar) else Item(position)
        if isinstance(each, cst.MatchStar):
            break
    return Each()


def _place(container: cst.Tuple | cst.List, element: cst.BaseElement) -> Step:
    """Where ``element`` of a target stands; behind a starred one it counts from the end."""
    elements = container.elements
    starred: int | None = None
    for position, each in enumerate(elements):
        if each is element:
            if isinstance(each, cst.StarredElement):
                return Rest(position)
            return Item(position if starred is None else position - len(elements))
        if isinstance(each, cst.StarredElement):
            starred = position
    return Each()


def subscript_step(node: cst.Subscript) -> Step:
    """The step that ``x[...]`` takes into ``x``."""
    only = node.slice[0].slice if len(node.slice) == 1 else None
    if isinstance(only, cst.Slice):
        start = int_value(only.lower) if only.lower is not None else 0
        return Rest(start) if start is not None and start >= 0 and only.step is None else Rest(-1)
    if isinstance(only, cst.Index):
        number = int_value(only.value)
        key = number if number is not None else string_value(only.value)
        if key is not None:
            return Item(key)
    return Each()


def path_left(taken: Path, path: Path) -> Path | None:
    """What is left of ``path`` in the part at ``taken``; None when the value is elsewhere."""
    if not taken:
        return path
    if len(taken) > len(path):
        return None
    for step, place in zip(taken, path, strict=False):
        if isinstance(step, Rest) and isinstance(place, (Item, Each)):
            continue
        if isinstance(step, (Member, Entered)) or isinstance(place, (Member, Entered)):
            if step != place:
                return None
        elif isinstance(step, Item) and isinstance(place, Item) and not _may_meet(step, place):
            return None
    rest = path[len(taken) :]
    return (path[0], *rest) if isinstance(taken[-1], Rest) else rest


def _may_meet(step: Item, place: Item) -> bool:
    """Whether both can be the same element; an index from the end can be any."""
    return step == place or (isinstance(step.key, int) and step.key < 0)


class PathGuard:
    """Stops a search that takes parts of parts in a circle.

    A longer path to an expression that contains an earlier one, in order, ends the search there.
    Of infinitely many paths two always stand so to each other (Higman's lemma), so that every
    search ends, without a bound.
    """

    def __init__(self) -> None:
        self._paths: dict[object, set[Path]] = {}

    def admits(self, node: object, path: Path) -> bool:
        """Whether to look at the part of ``node`` at ``path``."""
        known = self._paths.setdefault(node, set())
        if path in known:
            return True
        if any(each and len(each) < len(path) and _is_within(each, path) for each in known):
            return False
        known.add(path)
        return True


def _is_within(short: Path, long: Path) -> bool:
    """Whether the steps of ``short`` stand in ``long`` in their order."""
    remaining = iter(long)
    return all(any(step == other for other in remaining) for step in short)
