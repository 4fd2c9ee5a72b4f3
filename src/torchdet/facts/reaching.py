"""Which bindings of a name can be the one that a use of it sees.

Simple flow inside one function, module or class body: a binding on the way to the use hides those
before it, a branch that leaves hands nothing on, and a loop hands on everything in it. In doubt
a binding counts as one that reaches. A use in a nested function sees every binding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.scope import Binding, BindingKind, Scope, ScopeKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


_NEAREST = 200
"""How many statements before a use are asked what they establish; long modules have thousands."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A ``test`` that is known to be true (``holds``) or false where a use stands."""

    test: cst.BaseExpression
    holds: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A binding that a use can see, and what is known to hold there since it was bound.

    The innermost condition stands first.
    """

    binding: Binding
    conditions: tuple[Condition, ...] = ()


def reaching(name: cst.Name, facts: FileFacts) -> tuple[Reached, ...]:
    """What the use ``name`` can see; nothing for a name that the file does not bind."""
    scope = facts.scope(name)
    owner = scope.owner(name.value)
    if owner is None:
        return ()
    bindings = owner.bindings[name.value]
    if owner.kind is ScopeKind.COMPREHENSION or not _runs_in(scope, owner):
        return tuple(Reached(binding) for binding in bindings)
    return _Flow(owner, bindings, facts).back_from(name)


def _runs_in(scope: Scope, owner: Scope) -> bool:
    """Whether code in ``scope`` runs where it stands in ``owner``, as comprehensions do."""
    for each in scope.chain():
        if each is owner:
            return True
        if each.kind is not ScopeKind.COMPREHENSION:
            return False
    return False


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The bindings that may stand after a statement; ``certain`` when none before it can."""

    bindings: tuple[Binding, ...] = ()
    certain: bool = False


_NOTHING = _Outcome()
_LEFT = _Outcome(certain=True)


class _Flow:
    """The bindings of one name, by the nodes that they stand in."""

    def __init__(self, owner: Scope, bindings: Iterable[Binding], facts: FileFacts) -> None:
        self._owner = owner
        self._parents = facts.index.parents
        self._facts = facts
        self._inside: dict[cst.CSTNode, list[Binding]] = {}
        self._parameters: list[Binding] = []
        self._elsewhere: list[Binding] = []
        for binding in bindings:
            self._place(binding)

    def _place(self, binding: Binding) -> None:
        if binding.kind is BindingKind.PARAMETER:
            self._parameters.append(binding)
            return
        path = [binding.node]
        for above in self._facts.ancestors(binding.node):
            if above is self._owner.node:
                break
            if isinstance(above, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
                self._elsewhere.append(binding)  # through `global` or `nonlocal`
                return
            path.append(above)
        for node in path:
            self._inside.setdefault(node, []).append(binding)

    def back_from(self, name: cst.Name) -> tuple[Reached, ...]:
        found = {binding: Reached(binding) for binding in self._elsewhere}
        conditions: list[Condition] = []
        for step in self._back_from(name):
            if isinstance(step, Condition):
                conditions.append(step)
                continue
            for binding in step.bindings:
                found.setdefault(binding, Reached(binding, tuple(conditions)))
            if step.certain:
                break
        return tuple(found.values())

    def _back_from(self, name: cst.Name) -> Iterator[_Outcome | Condition]:
        """What happens before ``name`` is used, the latest first."""
        below: cst.CSTNode = name
        for above in self._facts.ancestors(name):
            yield from self._before(above, below)
            if above is self._owner.node:
                break
            below = above
        yield _Outcome(tuple(self._parameters))

    def _in(self, node: cst.CSTNode | None) -> tuple[Binding, ...]:
        return tuple(self._inside.get(node, ())) if node is not None else ()

    def _before(self, above: cst.CSTNode, below: cst.CSTNode) -> Iterator[_Outcome | Condition]:
        """What happens in ``above`` before its child ``below`` runs, the latest first."""
        if isinstance(above, _bodies()):
            yield from self._statements_before(above, above.body, below)
        elif isinstance(above, (cst.If, cst.IfExp)):
            yield from self._branch(above, below)
        elif isinstance(above, cst.BooleanOperation) and below is above.right:
            yield Condition(above.left, isinstance(above.operator, cst.And))
            yield _Outcome(self._in(above.left), certain=bool(self._in(above.left)))
        elif isinstance(above, (cst.For, cst.While)):
            yield from self._loop(above, below)
        elif isinstance(above, cst.With) and below is above.body:
            bound = tuple(each for item in above.items for each in self._in(item))
            yield _Outcome(bound, certain=bool(bound))
        elif isinstance(above, (cst.Try, cst.TryStar)):
            yield self._try_before(above, below)
        elif isinstance(above, (cst.ExceptHandler, cst.ExceptStarHandler)):
            yield _Outcome(self._in(above.name), certain=bool(self._in(above.name)))
        elif isinstance(above, cst.MatchCase):
            yield _Outcome(self._in(above.pattern), certain=bool(self._in(above.pattern)))

    def _statements_before(
        self, above: cst.CSTNode, body: Sequence[cst.CSTNode], below: cst.CSTNode
    ) -> Iterator[_Outcome | Condition]:
        """Those that bind the name, and the conditions that the nearest of them establish."""
        position = _position(body, below)
        children = (each for each in self._inside if self._parents.get(each) is above)
        binding = {_position(body, each) for each in children}
        near = range(max(0, position - _NEAREST), position)
        earlier = sorted(each for each in binding if each < near.start)
        for index in (*reversed(near), *reversed(earlier)):
            statement = body[index]
            if index in binding:
                yield self._after(statement)
            yield from self._established(statement)

    def _branch(
        self, above: cst.If | cst.IfExp, below: cst.CSTNode
    ) -> Iterator[_Outcome | Condition]:
        if below is above.body or below is above.orelse:
            yield Condition(above.test, below is above.body)
            yield _Outcome(self._in(above.test), certain=bool(self._in(above.test)))

    def _loop(
        self, above: cst.For | cst.While, below: cst.CSTNode
    ) -> Iterator[_Outcome | Condition]:
        if below is above.body:
            if isinstance(above, cst.For):
                target = self._in(above.target)
                yield _Outcome(target, certain=bool(target))
            else:
                yield Condition(above.test, holds=True)
            yield _Outcome(self._in(above))
        elif below is above.orelse or isinstance(above, cst.While):
            yield _Outcome(self._in(above))

    def _try_before(self, above: cst.Try | cst.TryStar, below: cst.CSTNode) -> _Outcome:
        if below is above.orelse:
            return self._block(above.body)
        if below is above.finalbody:
            return _Outcome(self._in(above))
        return _Outcome(self._in(above.body)) if below is not above.body else _NOTHING

    def _established(self, statement: cst.CSTNode) -> Iterator[Condition]:
        """The conditions under which a binding before ``statement`` is still the one after it."""
        if isinstance(statement, cst.Assert):
            yield Condition(statement.test, holds=True)
        elif isinstance(statement, cst.SimpleStatementLine):
            for each in statement.body:
                yield from self._established(each)
        elif isinstance(statement, cst.If):
            if self._block(statement.body).certain:
                yield Condition(statement.test, holds=False)
            elif (
                isinstance(statement.orelse, cst.Else)
                and self._block(statement.orelse.body).certain
            ):
                yield Condition(statement.test, holds=True)

    # What is bound once a statement is done.

    def _after(self, statement: cst.CSTNode) -> _Outcome:
        bound = self._in(statement)
        if not bound:
            return _NOTHING
        if isinstance(statement, cst.If):
            return self._if(statement)
        if isinstance(statement, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            return self._block(statement)
        if isinstance(statement, cst.With):
            items = tuple(each for item in statement.items for each in self._in(item))
            body = self._block(statement.body)
            if body.certain:
                return body
            return _Outcome((*body.bindings, *items), certain=bool(items))
        if isinstance(statement, (cst.Try, cst.TryStar)):
            return self._try(statement)
        if isinstance(statement, (cst.For, cst.While, cst.Match)):
            return _Outcome(bound)
        return _Outcome(bound, certain=not all(self._in_walrus(each) for each in bound))

    def _in_walrus(self, binding: Binding) -> bool:
        return isinstance(self._parents.get(binding.node), cst.NamedExpr)

    def _block(self, block: cst.CSTNode | None) -> _Outcome:
        """The outcome of a suite, or of a line of simple statements."""
        body: Sequence[cst.CSTNode] = getattr(block, "body", ())
        if isinstance(block, (cst.IndentedBlock, cst.SimpleStatementSuite)) and _leaves(block):
            return _LEFT
        found: list[Binding] = []
        for statement in reversed(body):
            outcome = self._after(statement)
            found += outcome.bindings
            if outcome.certain:
                return _Outcome(tuple(found), certain=True)
        return _Outcome(tuple(found))

    def _if(self, statement: cst.If) -> _Outcome:
        body = self._block(statement.body)
        other = _NOTHING
        if isinstance(statement.orelse, cst.Else):
            other = self._block(statement.orelse.body)
        elif isinstance(statement.orelse, cst.If):
            other = self._if(statement.orelse)
        test = self._in(statement.test)
        certain = body.certain and other.certain
        bindings = (*body.bindings, *other.bindings, *(() if certain else test))
        return _Outcome(bindings, certain or bool(test))

    def _try(self, statement: cst.Try | cst.TryStar) -> _Outcome:
        final = self._block(statement.finalbody.body) if statement.finalbody else _NOTHING
        if final.certain:
            return final
        body = self._block(statement.body)
        handlers = [self._block(handler.body) for handler in statement.handlers]
        if any(handler is not _LEFT for handler in handlers):
            certain = body.certain and all(handler.certain for handler in handlers)
            if not certain or statement.orelse is not None:
                return _Outcome(self._in(statement), certain)
        after = self._block(statement.orelse.body) if statement.orelse else _NOTHING
        own = after if after.certain else _Outcome((*after.bindings, *body.bindings), body.certain)
        handled = tuple(each for handler in handlers for each in handler.bindings)
        return _Outcome((*final.bindings, *own.bindings, *handled), own.certain)


def _bodies() -> tuple[
    type[cst.Module],
    type[cst.IndentedBlock],
    type[cst.SimpleStatementLine],
    type[cst.SimpleStatementSuite],
]:
    """The nodes whose ``body`` is a sequence that runs from its first element to its last."""
    return cst.Module, cst.IndentedBlock, cst.SimpleStatementLine, cst.SimpleStatementSuite


def _position(body: Sequence[cst.CSTNode], child: cst.CSTNode) -> int:
    """Where ``child`` stands; nodes compare in Python code, which ``index`` would call."""
    return next(position for position, each in enumerate(body) if each is child)


def _leaves(block: cst.CSTNode) -> bool:
    """Whether control never comes out at the end of ``block``."""
    body: Sequence[cst.CSTNode] = getattr(block, "body", ())
    last = body[-1] if body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    if isinstance(last, cst.If):
        other = last.orelse.body if isinstance(last.orelse, cst.Else) else None
        return other is not None and _leaves(last.body) and _leaves(other)
    return isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))
