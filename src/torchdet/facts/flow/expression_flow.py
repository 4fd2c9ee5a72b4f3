"""The flow through expressions: short circuits, conditional expressions, comprehensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torchdet.facts.expressions import int_value, is_constant
from torchdet.facts.flow.blocks import BlockBuilder, Task, task
from torchdet.facts.flow.graph import Branch
from torchdet.facts.lazy import cst
from torchdet.facts.walk import children

Comprehension = cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp


class ExpressionBuilder(BlockBuilder):
    """Adds what an expression evaluates, in the order in which Python does."""

    def _target(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            self._define(target)
        elif isinstance(target, (cst.Tuple, cst.List)):
            self._do(*(task(self._target, each.value) for each in target.elements))
        elif isinstance(target, cst.StarredElement):
            self._target(target.value)
        else:
            self._eval(target)

    def _eval(self, node: cst.CSTNode | None) -> None:
        if node is None:
            return
        handler = _EXPRESSIONS.get(type(node).__name__)
        if handler is not None:
            handler(self, node)
        elif isinstance(node, (cst.SimpleString, cst.Integer, cst.Float)):
            return
        else:
            self._eval_children(node)

    def _eval_children(self, node: cst.CSTNode) -> None:
        self._do(*(task(self._eval, each) for each in children(node)))

    def _name(self, node: cst.Name) -> None:
        if node in self._table.used_in:
            self._mark(node)

    def _attribute(self, node: cst.Attribute) -> None:
        self._do(task(self._eval, node.value), task(self._mark, node))

    def _arg(self, node: cst.Arg) -> None:
        self._eval(node.value)

    def _operation(self, node: cst.CSTNode) -> None:
        self._do(lambda: self._eval_children(node), task(self._mark, node))

    def _named(self, node: cst.NamedExpr) -> None:
        self._do(task(self._eval, node.value), task(self._define, node.target))

    def _conditional(self, node: cst.IfExp) -> None:
        yes, no, after = (self._graph.add_block() for _ in range(3))
        self._do(
            lambda: self._branch(node.test, yes, no),
            task(self._enter, yes),
            task(self._mark, node.body),
            task(self._eval, node.body),
            task(self._goto, after),
            task(self._enter, no),
            task(self._mark, node.orelse),
            task(self._eval, node.orelse),
            task(self._goto, after),
            task(self._enter, after),
        )

    def _boolean(self, node: cst.BooleanOperation) -> None:
        right, after = self._graph.add_block(), self._graph.add_block()
        both = isinstance(node.operator, cst.And)
        yes, no = (right, after) if both else (after, right)
        self._do(
            lambda: self._branch(node.left, yes, no),
            task(self._enter, right),
            task(self._mark, node.right),
            task(self._eval, node.right),
            task(self._goto, after),
            task(self._enter, after),
        )

    def _branch(self, test: cst.BaseExpression, yes: int, no: int) -> None:
        """Evaluate ``test`` and go on in ``yes`` or ``no``; the way there says which part held."""
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            self._do(lambda: self._branch(test.expression, no, yes))
        elif isinstance(test, cst.BooleanOperation):
            middle, joined = self._graph.add_block(), self._graph.add_block()
            both = isinstance(test.operator, cst.And)
            self._graph.branches[joined] = Branch(test, not both)
            self._graph.add_edge(joined, no if both else yes)
            ways = (middle, joined) if both else (joined, middle)
            last = (yes, joined) if both else (joined, no)
            self._do(
                lambda: self._branch(test.left, *ways),
                task(self._enter, middle),
                task(self._mark, test.right),
                lambda: self._branch(test.right, *last),
            )
        else:
            self._do(task(self._eval, test), lambda: self._split(test, yes, no))

    def _split(self, test: cst.BaseExpression, yes: int, no: int) -> None:
        source, constant = self._current, _constant_truth(test)
        for holds, target in ((True, yes), (False, no)):
            if constant is None or constant is holds:
                block = self._graph.add_block()
                self._graph.branches[block] = Branch(test, holds)
                self._graph.add_edge(source, block)
                self._graph.add_edge(block, target)

    def _comprehension(self, node: Comprehension) -> None:
        made = [node.key, node.value] if isinstance(node, cst.DictComp) else [node.elt]
        if isinstance(node, cst.GeneratorExp) and self._semantics.is_deferred(node):
            self._do(task(self._eval, node.for_in.iter), task(self._mark, node))
        else:
            self._loop_over(node, made)

    def _loop_over(
        self,
        node: Comprehension,
        made: Iterable[cst.BaseExpression],
        *,
        first_is_ready: bool = False,
    ) -> None:
        """The nested loops of a comprehension; each failed ``if`` takes the next element."""
        tasks: list[Task] = []
        headers: list[int] = []
        ends: list[int] = []
        clause: cst.CompFor | None = node.for_in
        while clause is not None:
            header, body, end = (self._graph.add_block() for _ in range(3))
            if not (first_is_ready and not headers):
                tasks.append(task(self._eval, clause.iter))
            tasks += [
                task(self._start, header),
                task(lambda pair: self._graph.add_edge(*pair), (header, end)),
                task(self._start, body),
                task(self._mark, clause),
                task(self._target, clause.target),
            ]
            for condition in clause.ifs:
                tasks += self._filter(condition.test, header)
            headers.append(header)
            ends.append(end)
            clause = clause.inner_for_in
        for each in made:
            tasks += [task(self._mark, each), task(self._eval, each)]
        for header, end in zip(reversed(headers), reversed(ends), strict=True):
            tasks += [task(self._goto, header), task(self._enter, end)]
        self._do(*tasks)

    def _filter(self, test: cst.BaseExpression, header: int) -> list[Task]:
        passed = self._graph.add_block()
        return [lambda: self._branch(test, passed, header), task(self._enter, passed)]

    def _lambda(self, node: cst.Lambda) -> None:
        self._do(lambda: self._defaults(node), task(self._mark, node))

    def _defaults(self, node: cst.FunctionDef | cst.Lambda) -> None:
        tasks: list[Task] = []
        for parameter in parameters(node):
            tasks.append(task(self._eval, parameter.default))
            if parameter.annotation is not None:
                tasks.append(task(self._eval, parameter.annotation))
        self._do(*tasks)


def parameters(node: cst.FunctionDef | cst.Lambda) -> list[cst.Param]:
    """All parameters, in the order of their declaration."""
    given = node.params
    every = [*given.posonly_params, *given.params]
    if isinstance(given.star_arg, cst.Param):
        every.append(given.star_arg)
    every.extend(given.kwonly_params)
    if given.star_kwarg is not None:
        every.append(given.star_kwarg)
    return every


def _constant_truth(test: cst.BaseExpression) -> bool | None:
    for name, truth in (("True", True), ("False", False)):
        if is_constant(test, name):
            return truth
    number = int_value(test)
    return None if number is None else bool(number)


_EXPRESSIONS: dict[str, Callable[..., None]] = {
    "Arg": ExpressionBuilder._arg,
    "Attribute": ExpressionBuilder._attribute,
    "BinaryOperation": ExpressionBuilder._operation,
    "BooleanOperation": ExpressionBuilder._boolean,
    "Call": ExpressionBuilder._operation,
    "Comparison": ExpressionBuilder._operation,
    "DictComp": ExpressionBuilder._comprehension,
    "GeneratorExp": ExpressionBuilder._comprehension,
    "IfExp": ExpressionBuilder._conditional,
    "Lambda": ExpressionBuilder._lambda,
    "ListComp": ExpressionBuilder._comprehension,
    "Name": ExpressionBuilder._name,
    "NamedExpr": ExpressionBuilder._named,
    "SetComp": ExpressionBuilder._comprehension,
    "Subscript": ExpressionBuilder._operation,
    "UnaryOperation": ExpressionBuilder._operation,
    "Yield": ExpressionBuilder._operation,
}
