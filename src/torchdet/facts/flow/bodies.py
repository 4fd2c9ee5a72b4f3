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
        parents = self.index.parents
        if isinstance(node, cst.Param):
            return parents[parents[node]]
        below, lower = node, node
        above = parents.get(node)
        while above is not None:
            if isinstance(above, (cst.FunctionDef, cst.Lambda)):
                if below is above.body:
                    return above
            elif isinstance(above, cst.GeneratorExp) and self.is_deferred(above):
                first_iterable = below is above.for_in and lower is above.for_in.iter
                if not first_iterable:
                    return above
            lower, below, above = below, above, parents.get(above)
        return self.module

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
