"""Whether ``torch.compile`` compiles the code around a node, as far as its file tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, string_value
from torchdet.facts.lazy import cst
from torchdet.torch_api.compilers import COMPILE_EXCLUSIONS, COMPILE_FUNCTIONS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_FORWARD = frozenset({"forward", "__call__"})


def is_compiled(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a function or module around ``node`` is handed to ``torch.compile`` in this file.

    A function that ``torch.compiler.disable`` decorates is not, nor what is compiled for another
    backend than Inductor, whose kernels are those of uncompiled code.
    """
    for above in facts.ancestors(node):
        if isinstance(above, cst.FunctionDef):
            if any(_means(each.decorator, COMPILE_EXCLUSIONS, facts) for each in above.decorators):
                return False
            if any(_compiles(each.decorator, facts) for each in above.decorators):
                return True
            if _is_handed_over(above.name.value, facts):
                return True
            if above.name.value not in _FORWARD and _in_class(above, facts):
                return False
        elif isinstance(above, cst.ClassDef):
            return _is_handed_over(above.name.value, facts)
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


def _is_handed_over(name: str, facts: FileFacts) -> bool:
    """Whether ``torch.compile(name)``, ``torch.compile(self.name)`` or ``torch.compile(name())``.

    Also where a variable holds the instance: ``model = name()`` and ``torch.compile(model)``.
    """
    for uses in facts.index.uses.values():
        for use in uses:
            if use.parts[-1] == name and _is_compiled_value(use.node, facts):
                return True
    return False


def _is_compiled_value(node: cst.BaseExpression, facts: FileFacts) -> bool:
    value = node
    parent = facts.parent(value)
    if isinstance(parent, cst.Call) and parent.func is value:
        value, parent = parent, facts.parent(parent)
        target = parent.targets[0].target if isinstance(parent, cst.Assign) else None
        if isinstance(target, cst.Name):
            later = facts.uses_of(target.value, facts.scope(target))
            return any(_is_first_argument(use.node, facts) for use in later)
    return _is_first_argument(value, facts)


def _is_first_argument(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is what a call of ``torch.compile`` compiles."""
    arg = facts.parent(node)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    return isinstance(call, cst.Call) and call.args[0] is arg and _compiles(call, facts)
