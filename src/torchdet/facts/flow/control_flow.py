"""From the syntax of one body of code to its control-flow graph.

A body is the module, a function, a lambda or a generator expression that something may run later.
Class bodies and comprehensions run where they stand, so they are part of the body around them.
The builder works off a stack of tasks, so that no depth of nesting overflows Python's own.
"""

from __future__ import annotations

from collections.abc import Callable

from torchdet.facts.expressions import last_name
from torchdet.facts.flow.blocks import FinallyFrame, Jump, LoopFrame, Semantics, Task, task
from torchdet.facts.flow.definitions import Definition, DefinitionKind
from torchdet.facts.flow.expression_flow import parameters
from torchdet.facts.flow.graph import Graph, Point
from torchdet.facts.flow.match_flow import MatchBuilder
from torchdet.facts.lazy import cst


def build_graph(owner: cst.CSTNode, semantics: Semantics) -> Graph:
    """The graph of the body that ``owner`` opens."""
    return _Builder(owner, semantics).run()


class _Builder(MatchBuilder):
    def __init__(self, owner: cst.CSTNode, semantics: Semantics) -> None:
        super().__init__(owner, semantics)
        self._in_copy = False

    def run(self) -> Graph:
        owner = self._graph.owner
        if isinstance(owner, (cst.FunctionDef, cst.Lambda)):
            for parameter in parameters(owner):
                self._define(parameter)
        self._start(self._graph.add_block())
        if isinstance(owner, cst.GeneratorExp):
            self._loop_over(owner, [owner.elt], first_is_ready=True)
        elif isinstance(owner, cst.Lambda):
            self._eval(owner.body)
        else:
            self._suite(getattr(owner, "body", None))
        while self._tasks:
            self._tasks.pop()()
        self._graph.end = self._current
        self._graph.exits.append(self._current)
        return self._graph

    def _suite(self, body: object) -> None:
        """Run a block, a line of simple statements, or a sequence of statements."""
        inner = getattr(body, "body", body)
        if isinstance(inner, (list, tuple)):
            self._do(*(task(self._statement, each) for each in inner))

    def _statement(self, node: cst.CSTNode) -> None:
        self._mark(node)
        handler = _STATEMENTS.get(type(node).__name__)
        if handler is not None:
            handler(self, node)
        else:
            self._eval_children(node)

    def _simple_line(self, node: cst.SimpleStatementLine) -> None:
        self._suite(node)

    def _declaration(self, _: cst.Global | cst.Nonlocal) -> None:
        """It tells where a name lives, and does nothing."""

    def _expression(self, node: cst.Expr) -> None:
        self._do(task(self._eval, node.value), task(self._end_of_call, node.value))

    def _end_of_call(self, node: cst.BaseExpression) -> None:
        if isinstance(node, cst.Await):
            node = node.expression
        if isinstance(node, cst.Call) and self._semantics.never_returns(node):
            self._current = self._graph.add_block()

    def _assign(self, node: cst.Assign) -> None:
        targets = [task(self._target, each.target) for each in node.targets]
        self._do(task(self._eval, node.value), *targets)

    def _ann_assign(self, node: cst.AnnAssign) -> None:
        if node.value is not None:
            self._do(task(self._eval, node.value), task(self._target, node.target))

    def _aug_assign(self, node: cst.AugAssign) -> None:
        define = task(self._define, node.target)
        self._do(task(self._eval, node.target), task(self._eval, node.value), define)

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            self._graph.stars.append(self._graph.points[node][-1])
        else:
            for alias in node.names:
                self._define(alias)

    def _return(self, node: cst.Return) -> None:
        self._do(task(self._eval, node.value), task(self._jump, Jump.RETURN))

    def _raise(self, node: cst.Raise) -> None:
        self._do(lambda: self._eval_children(node), self._stop)

    def _stop(self) -> None:
        self._current = self._graph.add_block()

    def _break_or_continue(self, node: cst.Break | cst.Continue) -> None:
        self._jump(Jump.BREAK if isinstance(node, cst.Break) else Jump.CONTINUE)

    def _assert(self, node: cst.Assert) -> None:
        passed, failed = self._graph.add_block(), self._graph.add_block()
        self._do(
            lambda: self._branch(node.test, passed, failed),
            task(self._enter, failed),
            task(self._eval, node.msg),
            task(self._enter, passed),
        )

    def _if(self, node: cst.If, join: int | None = None) -> None:
        after = self._graph.add_block() if join is None else join
        yes, no = self._graph.add_block(), self._graph.add_block()
        tasks: list[Task] = [
            lambda: self._branch(node.test, yes, no),
            task(self._enter, yes),
            task(self._suite, node.body),
            task(self._goto, after),
            task(self._enter, no),
        ]
        other = node.orelse
        if isinstance(other, cst.If):
            tasks += [task(self._mark, other), lambda: self._if(other, after)]
        else:
            tasks += [task(self._suite, other.body if other else ()), task(self._goto, after)]
        if join is None:
            tasks.append(task(self._enter, after))
        self._do(*tasks)

    def _while(self, node: cst.While) -> None:
        header, body, no, after = (self._graph.add_block() for _ in range(4))
        self._start(header)
        loop = LoopFrame(after, header)
        self._do(
            lambda: self._branch(node.test, body, no),
            task(self._enter, body),
            task(self._frames.append, loop),
            task(self._suite, node.body),
            task(self._goto, header),
            self._pop_frame,
            task(self._enter, no),
            task(self._suite, node.orelse.body if node.orelse else ()),
            task(self._goto, after),
            task(self._enter, after),
        )

    def _for(self, node: cst.For) -> None:
        header, body, no, after = (self._graph.add_block() for _ in range(4))
        self._do(
            task(self._eval, node.iter),
            task(self._start, header),
            task(self._start, body),
            task(self._target, node.target),
            task(self._frames.append, LoopFrame(after, header)),
            task(self._suite, node.body),
            task(self._goto, header),
            self._pop_frame,
            lambda: self._graph.add_edge(header, no),
            task(self._enter, no),
            task(self._suite, node.orelse.body if node.orelse else ()),
            task(self._goto, after),
            task(self._enter, after),
        )

    def _pop_frame(self) -> None:
        self._frames.pop()

    def _with(self, node: cst.With) -> None:
        tasks: list[Task] = []
        for item in node.items:
            tasks.append(task(self._eval, item.item))
            if item.asname is not None:
                tasks.append(task(self._target, item.asname.name))
        if any(_may_swallow(item.item) for item in node.items):
            self._do(*tasks, lambda: self._swallowing(node))
        else:
            self._do(*tasks, task(self._suite, node.body))

    def _swallowing(self, node: cst.With) -> None:
        outer, after = self._raise_to, self._graph.add_block()
        self._protect(after)
        self._do(
            task(self._suite, node.body),
            lambda: self._set_raise_to(outer),
            task(self._start, after),
        )

    def _protect(self, dispatch: int) -> None:
        """From here, exceptions lead to ``dispatch``."""
        self._set_raise_to(dispatch)
        self._graph.add_edge(self._current, dispatch)
        self._start(self._graph.add_block())

    def _set_raise_to(self, block: int | None) -> None:
        self._raise_to = block

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        outer, after = self._raise_to, self._graph.add_block()
        final = FinallyFrame(self._graph.add_block()) if node.finalbody is not None else None
        base = final.entry if final is not None else outer
        if final is not None:
            self._frames.append(final)
        dispatch = self._graph.add_block() if node.handlers else base
        if dispatch is not None:
            self._protect(dispatch)
        tasks: list[Task] = [
            task(self._suite, node.body),
            lambda: self._set_raise_to(base),
            lambda: self._start(self._graph.add_block()),
            task(self._suite, node.orelse.body if node.orelse else ()),
            task(self._goto, after),
        ]
        for handler in node.handlers:
            tasks += self._handler_tasks(handler, dispatch, after)
        if base is not None and all(handler.type is not None for handler in node.handlers):
            unhandled = base
            if dispatch is not None and dispatch != base:
                tasks.append(task(lambda d: self._graph.add_edge(d, unhandled), dispatch))
        tasks += [lambda: self._set_raise_to(outer)]
        if final is not None and node.finalbody is not None:
            tasks += self._finally_tasks(node.finalbody, final, after)
        else:
            tasks.append(task(self._enter, after))
        self._do(*tasks)

    def _handler_tasks(
        self,
        handler: cst.ExceptHandler | cst.ExceptStarHandler,
        dispatch: int | None,
        after: int,
    ) -> list[Task]:
        def begin() -> None:
            block = self._graph.add_block()
            if dispatch is not None:
                self._graph.add_edge(dispatch, block)
            self._enter(block)
            self._mark(handler)

        def forget() -> None:
            found = self._table.bound.get(name) if name is not None else None
            if found is not None and name is not None:
                self._position += 1
                point = Point(self._current, self._position)
                gone = Definition(found[1].name, DefinitionKind.DELETION, handler)
                self._graph.definitions[found[0]].append((point, gone))

        name = handler.name.name if handler.name is not None else None
        tasks: list[Task] = [begin, task(self._eval, handler.type)]
        if name is not None:
            tasks.append(task(self._target, name))
        return [*tasks, task(self._suite, handler.body), forget, task(self._goto, after)]

    def _finally_tasks(self, node: cst.Finally, final: FinallyFrame, after: int) -> list[Task]:
        """The body once for the normal way, and once for exceptions and jumps.

        Inside such a copy the ways share one body, so that the size stays linear.
        """

        def leave() -> None:
            """Go on with what the body interrupted."""
            source = self._current
            if self._raise_to is not None:
                self._graph.add_edge(source, self._raise_to)
            for jump in sorted(final.pending, key=lambda each: each.value):
                self._current = source
                self._jump(jump)
            self._current = source

        if self._in_copy:
            return [
                self._pop_frame,
                lambda: self._graph.add_edge(final.entry, after),
                task(self._enter, after),
                task(self._suite, node.body),
                leave,
                lambda: self._start(self._graph.add_block()),
            ]
        resume = self._graph.add_block()
        return [
            self._pop_frame,
            lambda: self._set_in_copy(True),
            task(self._enter, final.entry),
            task(self._suite, node.body),
            leave,
            task(self._enter, after),
            task(self._suite, node.body),
            task(self._goto, resume),
            lambda: self._set_in_copy(False),
            task(self._enter, resume),
        ]

    def _set_in_copy(self, value: bool) -> None:
        self._in_copy = value

    def _function(self, node: cst.FunctionDef) -> None:
        self._do(
            *(task(self._eval, each.decorator) for each in node.decorators),
            lambda: self._defaults(node),
            task(self._eval, node.returns),
            task(self._define, node),
        )

    def _class(self, node: cst.ClassDef) -> None:
        self._do(
            *(task(self._eval, each.decorator) for each in node.decorators),
            *(task(self._eval, each.value) for each in (*node.bases, *node.keywords)),
            task(self._suite, node.body),
            task(self._define, node),
        )

    def _type_alias(self, node: cst.TypeAlias) -> None:
        self._define(node.name)

    def _del(self, node: cst.Del) -> None:
        self._target(node.target)


def _may_swallow(manager: cst.BaseExpression) -> bool:
    """Whether ``with manager:`` may go on behind an exception, by its name."""
    name = last_name(manager.func if isinstance(manager, cst.Call) else manager) or ""
    return any(word in name.lower() for word in ("suppress", "raises", "ignor", "swallow", "catch"))


_STATEMENTS: dict[str, Callable[..., None]] = {
    "AnnAssign": _Builder._ann_assign,
    "Assert": _Builder._assert,
    "Assign": _Builder._assign,
    "AugAssign": _Builder._aug_assign,
    "Break": _Builder._break_or_continue,
    "ClassDef": _Builder._class,
    "Continue": _Builder._break_or_continue,
    "Del": _Builder._del,
    "Expr": _Builder._expression,
    "For": _Builder._for,
    "FunctionDef": _Builder._function,
    "Global": _Builder._declaration,
    "If": _Builder._if,
    "Import": _Builder._import,
    "ImportFrom": _Builder._import,
    "LazyImport": _Builder._import,
    "LazyImportFrom": _Builder._import,
    "Match": _Builder._match,
    "Nonlocal": _Builder._declaration,
    "Raise": _Builder._raise,
    "Return": _Builder._return,
    "SimpleStatementLine": _Builder._simple_line,
    "Try": _Builder._try,
    "TryStar": _Builder._try,
    "TypeAlias": _Builder._type_alias,
    "While": _Builder._while,
    "With": _Builder._with,
}
