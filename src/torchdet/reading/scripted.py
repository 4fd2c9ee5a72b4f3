"""Code that TorchScript compiles or that fx traces: no handle can be read there.

TorchScript reads the source of a function and knows tensors, numbers and text; ``rt.device`` does
not compile. fx runs the code once and keeps what it read as a constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_class
from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.torch_api.compilers import SCRIPT_DECORATORS, SCRIPT_EXCLUSIONS, SCRIPT_FUNCTIONS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

COMPILING_WORDS = ("jit", "symbolic_trace")
"""The words without one of which a file hands nothing to TorchScript or fx."""


class CompiledCode:
    """The functions of one file that TorchScript compiles, or that fx traces."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        self._functions = self._closure(self._roots()) if self._mentions_compilers() else set()

    def holds(self, node: cst.CSTNode) -> bool:
        """Whether ``node`` stands in such a function, its parameters and defaults included."""
        if not self._functions:
            return False
        return any(above in self._functions for above in self._facts.ancestors(node))

    def _mentions_compilers(self) -> bool:
        text = self._facts.source.text
        return any(word in text for word in (*COMPILING_WORDS, "ScriptModule"))

    def _roots(self) -> Iterator[cst.FunctionDef]:
        facts = self._facts
        scripts_modules = False
        for uses in list(facts.index.uses.values()):
            for use in uses:
                parent = facts.index.parents.get(use.node)
                if isinstance(parent, cst.Decorator) and facts.means(use.node, *SCRIPT_DECORATORS):
                    yield from _functions_of(facts.parent(parent))
                if not isinstance(parent, cst.Call) or parent.func is not use.node:
                    continue
                if facts.means(use.node, *SCRIPT_FUNCTIONS) and parent.args:
                    found = list(self._compiled_by(parent.args[0].value))
                    yield from found
                    scripts_modules = scripts_modules or not found
        for node in descendants(facts.module):
            if isinstance(node, cst.ClassDef) and (
                _is_script_module(node) or (scripts_modules and _has_forward(node))
            ):
                yield from (each for each in _functions_of(node) if each.name.value == "forward")

    def _compiled_by(self, compiled: cst.BaseExpression) -> Iterator[cst.FunctionDef]:
        """The function that is handed to the compiler by its name; nothing for an object."""
        if isinstance(compiled, cst.Name):
            for binding in self._facts.bindings(compiled):
                if isinstance(binding.node, cst.FunctionDef):
                    yield binding.node

    def _closure(self, roots: Iterator[cst.FunctionDef]) -> set[cst.CSTNode]:
        """``roots`` and the functions of this file that they call."""
        found: set[cst.CSTNode] = set()
        pending = list(roots)
        while pending:
            function = pending.pop()
            if function in found or _is_left_alone(function, self._facts):
                continue
            found.add(function)
            pending += self._called(function)
        return found

    def _called(self, function: cst.FunctionDef) -> Iterator[cst.FunctionDef]:
        for node in descendants(function.body):
            for callee in self._facts.flow.callees(node) if isinstance(node, cst.Call) else ():
                if isinstance(callee.function, cst.FunctionDef):
                    yield callee.function


def compiles_modules(facts: FileFacts) -> bool:
    """Whether the file hands something to TorchScript or fx that is no function of its own."""
    for uses in list(facts.index.uses.values()):
        for use in uses:
            call = facts.index.parents.get(use.node)
            called = isinstance(call, cst.Call) and call.func is use.node and call.args
            if called and facts.means(use.node, *SCRIPT_FUNCTIONS):
                return True
    return False


def is_in_forward(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` stands in the method `forward` of a class, or in one that it calls.

    Another file may have TorchScript compile such a class.
    """
    owner = enclosing_class(node, facts)
    if owner is None:
        return False
    run = _run_by_forward(owner, facts)
    return bool(run) and not run.isdisjoint(facts.ancestors(node))


@remembered
def _run_by_forward(owner: cst.ClassDef, facts: FileFacts) -> frozenset[cst.FunctionDef]:
    """The method ``forward`` of a class, and those that it calls on ``self``."""
    del facts
    methods = {each.name.value: each for each in _functions_of(owner)}
    reached: dict[str, cst.FunctionDef] = {}
    pending = ["forward"]
    while pending:
        name = pending.pop()
        if name not in reached and name in methods:
            reached[name] = methods[name]
            pending += _methods_called(methods[name])
    return frozenset(reached.values())


def _methods_called(function: cst.FunctionDef) -> Iterator[str]:
    for node in descendants(function.body):
        method = node.func if isinstance(node, cst.Call) else None
        if isinstance(method, cst.Attribute) and last_name(method.value) == "self":
            yield method.attr.value


def _functions_of(node: cst.CSTNode) -> Iterator[cst.FunctionDef]:
    """``node`` if it is a function, the methods if it is a class."""
    if isinstance(node, cst.FunctionDef):
        yield node
    elif isinstance(node, cst.ClassDef):
        yield from (each for each in node.body.body if isinstance(each, cst.FunctionDef))


def _is_script_module(node: cst.ClassDef) -> bool:
    return any(last_name(base.value) == "ScriptModule" for base in node.bases)


def _has_forward(node: cst.ClassDef) -> bool:
    return any(each.name.value == "forward" for each in _functions_of(node))


def _is_left_alone(function: cst.FunctionDef, facts: FileFacts) -> bool:
    return any(
        facts.means(
            each.decorator.func if isinstance(each.decorator, cst.Call) else each.decorator,
            *SCRIPT_EXCLUSIONS,
        )
        for each in function.decorators
    )
