"""Whether ``torch.compile`` compiles the code around a node, as far as its file tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.torch_api.compilers import COMPILE_EXCLUSIONS, COMPILE_FUNCTIONS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_FORWARD = frozenset({"forward", "__call__"})


def is_compiled(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a function or module around ``node`` is handed to ``torch.compile`` in this file.

    A function that ``torch.compiler.disable`` decorates is not, nor what is compiled for another
    backend than Inductor, whose kernels are those of uncompiled code.
    """
    compiled = _compiled(facts.module, facts)
    for above in facts.ancestors(node):
        if isinstance(above, cst.FunctionDef):
            if any(_means(each.decorator, COMPILE_EXCLUSIONS, facts) for each in above.decorators):
                return False
            if above in compiled or any(_compiles(e.decorator, facts) for e in above.decorators):
                return True
            if above.name.value not in _FORWARD and _in_class(above, facts):
                return False
        elif isinstance(above, cst.ClassDef):
            return above in compiled
    return False


def _in_class(function: cst.FunctionDef, facts: FileFacts) -> bool:
    block = facts.parent(function)
    return isinstance(block, cst.IndentedBlock) and isinstance(facts.parent(block), cst.ClassDef)


def _means(node: cst.BaseExpression, names: tuple[str, ...], facts: FileFacts) -> bool:
    called = node.func if isinstance(node, cst.Call) else node
    return facts.means(called, *names)


def _compiles(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is ``torch.compile`` or a call of it, also in ``partial``, for Inductor."""
    if isinstance(node, cst.Call):
        if facts.means(node.func, "functools.partial") and node.args:
            return facts.means(node.args[0].value, *COMPILE_FUNCTIONS) and runs_on_inductor(node)
        return facts.means(node.func, *COMPILE_FUNCTIONS) and runs_on_inductor(node)
    return facts.means(node, *COMPILE_FUNCTIONS)


def runs_on_inductor(call: cst.Call) -> bool:
    """Whether a call of ``torch.compile`` names no other backend."""
    backend = argument(call, "backend")
    return backend is None or string_value(backend.value) in {None, "inductor"}


@remembered
def _compiled(module: cst.Module, facts: FileFacts) -> frozenset[cst.CSTNode]:
    """The functions of the file that it compiles, and the classes whose instances it does."""
    del module
    found: set[cst.CSTNode] = set()
    for uses in facts.index.uses.values():
        for use in uses:
            call = facts.index.parents.get(use.node)
            called = isinstance(call, cst.Call) and call.func is use.node and call.args
            if called and isinstance(call, cst.Call) and _compiles(call, facts):
                found.update(_handed_over(call.args[0].value, facts))
    return frozenset(found)


def _handed_over(value: cst.BaseExpression, facts: FileFacts) -> Iterator[cst.CSTNode]:
    """The functions and classes of the file that ``value`` can be, or be an instance of."""
    flow = facts.flow
    if isinstance(value, cst.Attribute):
        owner = flow.class_of_self(value.value)
        method = flow.attributes.method(owner, value.attr.value) if owner is not None else None
        if method is not None:
            yield method
    for source in flow.sources(value).every:
        if isinstance(source.node, cst.Call):
            yield from (each.made for each in flow.callees(source.node) if each.made is not None)
        else:
            yield source.node
