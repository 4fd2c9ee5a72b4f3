"""The flow through ``match``: patterns, captures and guards."""

from __future__ import annotations

from collections.abc import Iterable

from torchdet.facts.flow.blocks import Task, task
from torchdet.facts.flow.expression_flow import ExpressionBuilder
from torchdet.facts.flow.graph import Branch
from torchdet.facts.lazy import cst
from torchdet.facts.walk import children


class MatchBuilder(ExpressionBuilder):
    """Adds what the patterns of a ``match`` test and bind."""

    def _suite(self, body: object) -> None:
        raise NotImplementedError

    def _match(self, node: cst.Match) -> None:
        after = self._graph.add_block()
        tasks: list[Task] = [task(self._eval, node.subject)]
        tasks += [task(self._case, (node.subject, case, after)) for case in node.cases]
        self._do(*tasks, task(self._goto, after), task(self._enter, after))

    def _case(self, given: tuple[cst.BaseExpression, cst.MatchCase, int]) -> None:
        subject, case, after = given
        fits, other, body = (self._graph.add_block() for _ in range(3))
        pattern = case.pattern
        captures = list(_captures(pattern))

        def split() -> None:
            source = self._current
            self._graph.branches[fits] = Branch(subject, True, pattern)
            self._graph.add_edge(source, fits)
            if not (isinstance(pattern, cst.MatchAs) and pattern.pattern is None):
                fails = self._graph.add_block()
                if case.guard is None:
                    self._graph.branches[fails] = Branch(subject, False, pattern)
                self._graph.add_edge(source, fails)
                self._graph.add_edge(fails, other)
            self._enter(fits)
            self._mark(case)

        guard = case.guard
        tasks: list[Task] = [task(self._eval_pattern, pattern), split]
        tasks += [task(self._define, name) for name in captures]
        if guard is not None:
            tasks.append(lambda: self._branch(guard, body, other))
        else:
            tasks.append(task(self._goto, body))
        self._do(
            *tasks,
            task(self._enter, body),
            task(self._suite, case.body),
            task(self._goto, after),
            task(self._enter, other),
        )

    def _eval_pattern(self, pattern: cst.CSTNode) -> None:
        """The values and classes that a pattern compares with."""
        pending = [pattern]
        while pending:
            node = pending.pop()
            if isinstance(node, cst.BaseExpression):
                self._do(task(self._eval, node))
            else:
                pending.extend(children(node))


def _captures(pattern: cst.CSTNode) -> Iterable[cst.Name]:
    pending = [pattern]
    while pending:
        node = pending.pop()
        if isinstance(node, (cst.MatchAs, cst.MatchStar)) and node.name is not None:
            yield node.name
        elif isinstance(node, cst.MatchMapping) and node.rest is not None:
            yield node.rest
        if isinstance(node, cst.MatchKeywordElement):
            pending.append(node.pattern)
        elif not isinstance(node, cst.BaseExpression):
            pending.extend(reversed(list(children(node))))
