"""What conditions imply in the terms of the rule that asks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from torchdet.facts.expressions import is_constant
from torchdet.facts.flow.definitions import Definition, DefinitionKind
from torchdet.facts.flow.outcomes import truth_of
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.parts import FlowParts

Fact = TypeVar("Fact", bound=Hashable)
Classify = Callable[[cst.BaseExpression, bool], Iterable[Fact]]

# What follows from a condition. The answer None means: the condition cannot come about.
_Answer = frozenset[Fact] | None
_Question = tuple[cst.BaseExpression, bool]
_Steps = Generator[_Question, _Answer[Fact], _Answer[Fact]]


class Implications(Generic[Fact]):
    """What conditions imply in the terms of one classifier.

    A test is taken apart at ``not``, ``and`` and ``or``, and followed through names, attributes of
    ``self`` and functions of the file to the expressions that it stands for. Where several are
    possible, what all of them imply is implied; those that contradict the test are left out.
    Generators that a loop drives take the place of recursion.
    """

    def __init__(self, parts: FlowParts, classify: Classify[Fact]) -> None:
        self._parts = parts
        self._classify = classify
        self._known: dict[_Question, _Answer[Fact]] = {}

    def of(self, test: cst.BaseExpression, holds: bool) -> frozenset[Fact] | None:
        """The facts that hold when ``test`` comes out as ``holds``; None when it cannot."""
        stack: list[tuple[_Question, _Steps[Fact]]] = []
        question: _Question = (test, holds)
        answer: _Answer[Fact] = None
        self._open(question, stack)
        asked: _Question | None = None
        while stack:
            current, steps = stack[-1]
            try:
                asked = next(steps) if asked is None else steps.send(answer)
            except StopIteration as done:
                stack.pop()
                answer = self._known[current] = done.value
                asked = current
                continue
            if asked in self._known:
                answer = self._known[asked]
            else:
                self._open(asked, stack)
                asked = None
        return self._known[question]

    def _open(self, question: _Question, stack: list[tuple[_Question, _Steps[Fact]]]) -> None:
        self._known[question] = frozenset()  # what a circle leads back to implies nothing
        stack.append((question, self._steps(*question)))

    def _steps(self, test: cst.BaseExpression, holds: bool) -> _Steps[Fact]:
        constant = truth_of(test)
        if constant is not None and constant is not holds:
            return None
        own = frozenset(self._classify(test, holds))
        further: _Answer[Fact] = frozenset()
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            further = yield test.expression, not holds
        elif isinstance(test, cst.BooleanOperation):
            further = yield from self._boolean(test, holds)
        elif isinstance(test, cst.NamedExpr):
            further = yield test.value, holds
        elif isinstance(test, cst.IfExp):
            further = yield from self._choice(test, holds)
        elif isinstance(test, cst.Name):
            further = yield from self._name(test, holds)
        elif isinstance(test, cst.Attribute):
            further = yield from self._attribute(test, holds)
        elif isinstance(test, cst.Call):
            further = yield from self._call(test, holds)
        return None if further is None else own | further

    def _boolean(self, test: cst.BooleanOperation, holds: bool) -> _Steps[Fact]:
        operands = _operands(test)
        every = isinstance(test.operator, cst.And) is holds
        before: frozenset[Fact] = frozenset()
        ways: list[_Answer[Fact]] = []
        for operand in operands:
            if every:
                found = yield operand, holds
                if found is None:
                    return None
                before |= found
                continue
            found = yield operand, holds
            ways.append(None if found is None else found | before)
            passed = yield operand, not holds
            if passed is None:
                break
            before |= passed
        return before if every else _common(ways)

    def _choice(self, test: cst.IfExp, holds: bool) -> _Steps[Fact]:
        ways: list[_Answer[Fact]] = []
        for arm, outcome in ((test.body, True), (test.orelse, False)):
            condition = yield test.test, outcome
            found = yield arm, holds
            ways.append(None if condition is None or found is None else condition | found)
        return _common(ways)

    def _name(self, name: cst.Name, holds: bool) -> _Steps[Fact]:
        reaching = self._parts.reaching.of(name)
        if reaching.unknown or reaching.may_be_unbound or not reaching.definitions:
            return frozenset()
        ways: list[_Answer[Fact]] = []
        for each in reaching.definitions:
            found: _Answer[Fact] = frozenset()
            if isinstance(each.value, cst.BaseExpression) and _takes_value(each):
                found = yield each.value, holds
                found = yield from self._with_place(found, each.node)
            ways.append(found)
        return _common(ways)

    def _with_place(self, found: _Answer[Fact], node: cst.CSTNode) -> _Steps[Fact]:
        """``found``, and what the conditions on the way to ``node`` imply."""
        for condition in self._parts.conditions.of(node) if found is not None else ():
            if condition.pattern is None and found is not None:
                more = yield condition.test, condition.holds
                found = None if more is None else found | more
        return found

    def _attribute(self, node: cst.Attribute, holds: bool) -> _Steps[Fact]:
        owner = self._parts.attributes.class_of_self(node.value)
        if owner is None:
            return frozenset()
        stored, _ = self._parts.attributes.stored(owner, node.attr.value)
        ways: list[_Answer[Fact]] = []
        for each in stored:
            found: _Answer[Fact] = frozenset()
            if each.value is not None and not each.path:
                found = yield each.value, holds
                found = yield from self._with_place(found, each.node)
            ways.append(found)
        method = self._parts.attributes.method(owner, node.attr.value)
        if method is not None and not stored:
            return (yield from self._returned(method, holds))
        return _common(ways) if ways else frozenset()

    def _call(self, call: cst.Call, holds: bool) -> _Steps[Fact]:
        if is_constant(call.func, "bool") and len(call.args) == 1:
            return (yield call.args[0].value, holds)
        ways: list[_Answer[Fact]] = []
        for callee in self._parts.calls.callees(call):
            if callee.function is None or callee.made is not None:
                return frozenset()
            if isinstance(callee.function, cst.Lambda):
                ways.append((yield callee.function.body, holds))
            else:
                ways.append((yield from self._returned(callee.function, holds)))
        return _common(ways) if ways else frozenset()

    def _returned(self, function: cst.FunctionDef, holds: bool) -> _Steps[Fact]:
        ways: list[_Answer[Fact]] = []
        returned = self._parts.calls.returns(function)
        if returned.yields:
            return frozenset()
        if returned.falls_through and not holds:
            return frozenset()
        for value in returned.values:
            found = yield value, holds
            found = yield from self._with_place(found, value)
            ways.append(found)
        return _common(ways)


def _takes_value(definition: Definition) -> bool:
    return not definition.path and definition.kind in (
        DefinitionKind.ASSIGNMENT,
        DefinitionKind.ANNOTATED,
        DefinitionKind.WALRUS,
    )


def _operands(test: cst.BooleanOperation) -> list[cst.BaseExpression]:
    """The operands of a chain of the same operator, from the left."""
    same = type(test.operator)
    found: list[cst.BaseExpression] = []
    pending: list[cst.BaseExpression] = [test]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, same):
            pending += [node.right, node.left]
        else:
            found.append(node)
    return found


def _common(ways: Iterable[_Answer[Fact]]) -> _Answer[Fact]:
    """What all possible ways imply; None when none is possible."""
    possible = [way for way in ways if way is not None]
    return frozenset.intersection(*possible) if possible else None
