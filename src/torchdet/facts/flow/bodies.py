"""The bodies of a file: which one a node belongs to, and the graph of each, built when asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.flow.blocks import Semantics
from torchdet.facts.flow.control_flow import build_graph
from torchdet.facts.flow.name_table import NameTable, leftmost
from torchdet.facts.flow.use_def import UseDef
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.graph import Graph, Point
    from torchdet.facts.index import Index
    from torchdet.facts.resolve import Resolver
    from torchdet.facts.scope import Scope

# Functions that take all elements of an iterator before they return.
_CONSUMERS = frozenset(
    {"all", "any", "dict", "frozenset", "join", "list", "max", "min", "set", "sorted", "sum"}
    | {"tuple", "Counter", "OrderedDict", "array", "fsum", "prod"}
)
_LEAVING = frozenset({"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit"}) | {
    f"pytest.{name}" for name in ("exit", "fail", "skip", "xfail")
}
_LEAVING_METHODS = frozenset({"skipTest", "fail"})
_PARSER_METHODS = frozenset({"error", "exit"})
_LEAVING_WORDS = {name.rpartition(".")[2] for name in _LEAVING} | _LEAVING_METHODS | _PARSER_METHODS


class Bodies:
    """Finds and builds the graphs of one file."""

    def __init__(self, module: cst.Module, index: Index, resolver: Resolver) -> None:
        self.module = module
        self.index = index
        self._resolver = resolver
        self._graphs: dict[cst.CSTNode, UseDef] = {}
        self._owners: dict[cst.CSTNode, cst.CSTNode] = {}

    @cached_property
    def table(self) -> NameTable:
        """The names of the file."""
        return NameTable(self.index)

    def resolve(self, node: cst.CSTNode) -> tuple[str, ...]:
        """The qualified names that ``node`` can mean."""
        name = leftmost(node) if isinstance(node, cst.BaseExpression) else None
        scope = self.table.used_in.get(name) if name is not None else None
        return self._resolver.expression(node, scope).names if scope is not None else ()

    def use_def(self, owner: cst.CSTNode) -> UseDef:
        """The graph of the body that ``owner`` opens, with its variables."""
        found = self._graphs.get(owner)
        if found is None:
            semantics = Semantics(self.table, self._never_returns, self.is_deferred)
            found = self._graphs[owner] = UseDef(build_graph(owner, semantics))
        return found

    def graph(self, owner: cst.CSTNode) -> Graph:
        """The graph of the body that ``owner`` opens."""
        return self.use_def(owner).graph

    def steps(self) -> int:
        """The blocks built and the steps taken in them."""
        return sum(
            len(each.graph.successors) + each.steps + each.graph.dominators.steps
            for each in self._graphs.values()
        )

    def owner(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node whose body ``node`` belongs to: the module, a function, a lambda, a generator.

        Defaults and decorators belong to the body around their function.
        """
        if isinstance(node, cst.Param):
            return self.index.parents[self.index.parents[node]]
        passed: list[cst.CSTNode] = []
        found = self._owners.get(node)
        below, lower = node, node
        while found is None:
            passed.append(below)
            above = self.index.parents.get(below)
            found = self.module if above is None else self._opened(above, below, lower)
            if found is None and above is not None:
                found = self._owners.get(above)
                lower, below = below, above
        # The first iterable of a comprehension is evaluated elsewhere than what is around it.
        self._owners.update((each, found) for each in passed if not isinstance(each, cst.CompFor))
        return found

    def _opened(
        self, above: cst.CSTNode, below: cst.CSTNode, lower: cst.CSTNode
    ) -> cst.CSTNode | None:
        """``above``, where it opens the body that its child ``below`` is in."""
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return above if below is above.body else None
        if not isinstance(above, cst.GeneratorExp) or not self.is_deferred(above):
            return None
        first_iterable = below is above.for_in and lower is above.for_in.iter
        return None if first_iterable else above

    def scope_owner(self, scope: Scope) -> cst.CSTNode:
        """The node whose body runs the bindings of ``scope``."""
        node = scope.node
        if isinstance(node, (cst.Module, cst.FunctionDef, cst.Lambda)):
            return node
        if isinstance(node, cst.GeneratorExp) and self.is_deferred(node):
            return node
        return self.owner(node)

    def points(self, node: cst.CSTNode) -> tuple[Graph, tuple[Point, ...]]:
        """When ``node`` is evaluated: the moments of the nearest node around it that has any."""
        owner = self.owner(node)
        graph = self.graph(owner)
        parents = self.index.parents
        current: cst.CSTNode | None = node
        while current is not None and current is not owner:
            found = graph.points.get(current)
            if found is not None:
                return graph, found
            current = parents.get(current)
        return graph, ()

    def is_deferred(self, node: cst.GeneratorExp) -> bool:
        """Whether the elements may be made later than where the generator stands."""
        arg = self.index.parents.get(node)
        call = self.index.parents.get(arg) if isinstance(arg, cst.Arg) else None
        if not isinstance(call, cst.Call) or call.func is node:
            return True
        return last_name(call.func) not in _CONSUMERS

    def _never_returns(self, call: cst.Call) -> bool:
        name = last_name(call.func)
        if name not in _LEAVING_WORDS:
            return False
        names = self.resolve(call.func)
        if names:
            return all(each in _LEAVING for each in names)
        if not isinstance(call.func, cst.Attribute):
            return False
        owner = last_name(call.func.value) or ""
        if name in _LEAVING_METHODS:
            return owner == "self"
        return "parser" in owner.lower()
