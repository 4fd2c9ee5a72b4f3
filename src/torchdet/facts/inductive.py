"""Properties that a value has when all that it is made of has them.

A tensor is on the CPU if it comes from NumPy, or from a method that leaves it where it is, called
on what is on the CPU. The judge of such a property looks at one expression; names, choices,
attributes of ``self`` and calls of functions of the file are followed by the flow. Each expression
of a file is judged once, however many questions lead to it, and circles need no bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary

from torchdet.facts.expressions import is_constant
from torchdet.facts.fixed_point import FixedPoint
from torchdet.facts.flow.containers import comprehension_elements, elements_at
from torchdet.facts.flow.definitions import Definition, DefinitionKind, Entered, Member, Path
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class Every:
    """The value has the property if each of ``nodes`` has it; not if there is none."""

    nodes: tuple[cst.BaseExpression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """The value has the property if one of ``nodes`` has it."""

    nodes: tuple[cst.BaseExpression, ...]


Judgement: TypeAlias = "bool | Every | Some | None"
Judge: TypeAlias = "Callable[[cst.BaseExpression, FileFacts], Judgement]"
"""Whether an expression has the property. None leaves it to the flow: what nothing is known of
does not have it."""

AnnotationJudge: TypeAlias = "Callable[[cst.BaseExpression, FileFacts], bool]"

_Key: TypeAlias = "tuple[cst.BaseExpression, Path]"
_Table: TypeAlias = "dict[_Key, bool]"


def _says_nothing(_annotation: cst.BaseExpression, _facts: FileFacts) -> bool:
    return False


def inductive(
    judge: Judge, annotated: AnnotationJudge = _says_nothing
) -> Callable[[cst.BaseExpression, FileFacts], bool]:
    """The question whether an expression has the property of ``judge``.

    ``annotated`` says whether an annotation promises it. A part of what has the property has it
    as well, and None, where it is one of several values, does not count.
    """
    files: WeakKeyDictionary[FileFacts, _Table] = WeakKeyDictionary()

    def answer(node: cst.BaseExpression, facts: FileFacts) -> bool:
        known = files.setdefault(facts, {})
        if (node, ()) not in known:
            _Induction(judge, annotated, facts, known).settle(node)
        return known[node, ()]

    return answer


class _Induction:
    """Takes every value to have the property until one is found that has not."""

    def __init__(
        self, judge: Judge, annotated: AnnotationJudge, facts: FileFacts, known: _Table
    ) -> None:
        self._judge = judge
        self._annotated = annotated
        self._facts = facts
        self._answers: FixedPoint[_Key, bool] = FixedPoint(
            known, start=True, join=lambda old, new: old and new
        )

    def settle(self, node: cst.BaseExpression) -> None:
        """Work out the answer for ``node``, and for all that it depends on."""
        self._answers.of((node, ()), self._evaluate)

    def _has(self, node: cst.BaseExpression, path: Path = ()) -> bool:
        return self._answers.ask((node, path))

    def _evaluate(self, key: _Key) -> bool:
        node, path = key
        if path and isinstance(node, (cst.Tuple, cst.List)):
            parts = elements_at(node, path[0])
            found = [self._has(each, (*at, *path[1:])) for each, at in parts]
            return bool(found) and all(found)
        judgement = self._judge(node, self._facts)
        if isinstance(judgement, bool):
            return judgement
        if isinstance(judgement, Some):
            return any(self._has(each) for each in judgement.nodes)
        if isinstance(judgement, Every):
            return self._all(judgement.nodes)
        return self._flows(node, path)

    def _all(self, nodes: Iterable[cst.BaseExpression], path: Path = ()) -> bool:
        """Whether there are any, and each has the property."""
        found = [self._has(each, path) for each in nodes if not is_constant(each, "None")]
        return bool(found) and all(found)

    def _flows(self, node: cst.BaseExpression, path: Path) -> bool:
        """Whether everything has the property that ``node`` takes its value from."""
        if isinstance(node, cst.Name):
            return self._name(node)
        if isinstance(node, cst.IfExp):
            return self._all((node.body, node.orelse), path)
        if isinstance(node, cst.BooleanOperation):
            return self._all((node.left, node.right), path)
        if isinstance(node, cst.NamedExpr):
            return self._has(node.value, path)
        if isinstance(node, cst.Await):
            return self._has(node.expression, path)
        if isinstance(node, cst.Subscript):
            return self._has(node.value)
        if isinstance(node, cst.Attribute):
            return self._attribute(node)
        if isinstance(node, cst.Call):
            return self._call(node, path)
        if isinstance(node, (cst.Tuple, cst.List)):
            return self._all(each.value for each in node.elements)
        element = comprehension_elements(node)
        return element is not None and self._has(element)

    def _name(self, name: cst.Name) -> bool:
        reaching = self._facts.flow.definitions(name)
        if reaching.unknown:
            return False
        every = [each for each in reaching.definitions if not is_constant(each.value, "None")]
        found = [self._definition(each) for each in every]
        return bool(found) and all(found)

    def _definition(self, definition: Definition) -> bool:
        annotation = definition.annotation
        if annotation is not None and self._annotated(annotation, self._facts):
            return True
        if isinstance(definition.node, cst.Param):
            return self._parameter(definition.node)
        if definition.kind is DefinitionKind.AUGMENTED:
            statement = self._facts.parent(definition.node)
            return isinstance(statement, cst.AugAssign) and self._all(
                (statement.target, statement.value)
            )
        if definition.value is None:
            return False
        return self._part(definition.value, definition.path)

    def _part(self, node: cst.BaseExpression, path: Path) -> bool:
        if any(isinstance(step, (Entered, Member)) for step in path):
            return False
        return self._has(node, path)

    def _parameter(self, parameter: cst.Param) -> bool:
        """Whether all calls give it such a value, where the file shows every call."""
        flow = self._facts.flow
        function = self._facts.parent(self._facts.parent(parameter))
        if parameter.star or not isinstance(function, cst.FunctionDef):
            return False
        callers = flow.callers(function)
        if not callers.complete or any(flow.hides(call) for call in callers.calls):
            return False
        given = [flow.given(call, parameter) or parameter.default for call in callers.calls]
        known = [each for each in given if each is not None]
        return len(known) == len(given) and self._all(known)

    def _attribute(self, node: cst.Attribute) -> bool:
        """Whether all that a class of the file stores there has the property."""
        owner = self._facts.flow.class_of_self(node.value)
        if owner is None:
            return False
        stored, _ = self._facts.flow.attributes.stored(owner, node.attr.value)
        every = [each for each in stored if not is_constant(each.value, "None")]
        found = [each.value is not None and self._part(each.value, each.path) for each in every]
        return bool(found) and all(found)

    def _call(self, node: cst.Call, path: Path) -> bool:
        """Whether all that a function of the file returns has the property."""
        found: list[bool] = []
        for callee in self._facts.flow.callees(node):
            if callee.function is None or callee.made is not None:
                return False
            returned = self._facts.flow.returns(callee.function)
            found.append(not returned.yields and self._all(returned.values, path))
        return bool(found) and all(found)
