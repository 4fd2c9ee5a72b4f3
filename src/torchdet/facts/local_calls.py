"""From a call to the function of the same file that it runs, and to the parameters it fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_class
from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def receiving_parameter(arg: cst.Arg, call: cst.Call, facts: FileFacts) -> cst.Param | None:
    """The parameter of a function of this file that receives the argument."""
    called = local_function(call, facts)
    if called is None:
        return None
    function, bound = called
    params = [*function.params.posonly_params, *function.params.params]
    if arg.keyword is not None:
        every = [*params, *function.params.kwonly_params]
        chosen = [each for each in every if each.name.value == arg.keyword.value]
    else:
        index = call.args.index(arg)
        if any(each.star for each in call.args[:index]):
            return None
        chosen = params[index + bound : index + bound + 1]
    return chosen[0] if chosen else None


def local_function(call: cst.Call, facts: FileFacts) -> tuple[cst.FunctionDef, int] | None:
    """The function of this file that is called, and how many parameters are bound before."""
    func = call.func
    if isinstance(func, cst.Name):
        in_class = func.value == "cls"
        definition = enclosing_class(call, facts) if in_class else _definition(func, facts)
        if isinstance(definition, cst.FunctionDef):
            return definition, 0
        if isinstance(definition, cst.ClassDef):
            method = _method(definition, "__init__")
            return (method, 1) if method is not None else None
        return None
    if not isinstance(func, cst.Attribute) or not isinstance(func.value, cst.Name):
        return None
    on_instance = func.value.value in {"self", "cls"}
    owner = enclosing_class(call, facts) if on_instance else _definition(func.value, facts)
    method = _method(owner, func.attr.value) if isinstance(owner, cst.ClassDef) else None
    return (method, _bound_before(method, on_instance)) if method is not None else None


def _definition(name: cst.Name, facts: FileFacts) -> cst.CSTNode | None:
    """The function or class that ``name`` means, where nothing else is bound to it."""
    bindings = facts.bindings(name)
    return bindings[0].node if len(bindings) == 1 else None


def _method(owner: cst.ClassDef, name: str) -> cst.FunctionDef | None:
    for statement in owner.body.body:
        if isinstance(statement, cst.FunctionDef) and statement.name.value == name:
            return statement
    return None


def _bound_before(method: cst.FunctionDef, on_instance: bool) -> int:
    """How many parameters a call through an instance, or through the class, fills by itself."""
    decorators = {last_name(each.decorator) for each in method.decorators}
    if "staticmethod" in decorators:
        return 0
    return 1 if on_instance or "classmethod" in decorators else 0
