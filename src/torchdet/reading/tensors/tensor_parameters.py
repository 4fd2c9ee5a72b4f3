"""Which parameters take tensors, where no annotation says so."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.reading.tensors.module_classes import is_module_class
from torchdet.torch_api.gradient_names import AUTOGRAD_FUNCTIONS
from torchdet.torch_api.returns import TAKING_OTHERS, TORCH_ONLY_METHODS, tensor_functions

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_FORWARD = ("forward", "forward_features", "forward_head", "_forward", "forward_pre")
# Names under which a forward receives lists, dictionaries and settings.
_OTHER_INPUTS = frozenset(
    {
        *("self", "cls", "ctx", "args", "kwargs", "batch", "batched_inputs", "config", "data"),
        *("features", "inputs", "targets", "outputs", "samples", "sizes", "shape", "shapes"),
        *("return_dict", "past_key_values", "cache", "mode", "name", "names", "params"),
    }
)
_OF_ARRAYS = frozenset({"astype", "to_numpy", "iloc", "loc", "append", "tobytes"})


@cache
def _needing_tensor() -> frozenset[str]:
    return tensor_functions() - TAKING_OTHERS


def takes_tensor(parameter: cst.Param, facts: FileFacts) -> bool:
    """Whether ``parameter`` is without annotation and likely to be given a tensor.

    It is an input of a module's ``forward``, or its function treats it as only a tensor can be
    treated. One with a default other than ``None`` is a setting.
    """
    if parameter.annotation is not None or parameter.star:
        return False
    if parameter.default is not None and not is_constant(parameter.default, "None"):
        return False
    return _is_forward_input(parameter, facts) or _is_used_as_tensor(parameter, facts)


def _is_forward_input(parameter: cst.Param, facts: FileFacts) -> bool:
    """Whether a module's forward, or autograd, takes it; ``batch`` and such may hold anything."""
    function = facts.parent(facts.parent(parameter))
    if not isinstance(function, cst.FunctionDef) or function.name.value not in _FORWARD:
        return False
    if parameter.name.value in _OTHER_INPUTS:
        return False
    owner = facts.parent(facts.parent(function))
    return isinstance(owner, cst.ClassDef) and (
        is_module_class(owner, facts) or _is_autograd_function(owner, facts)
    )


def _is_autograd_function(owner: cst.ClassDef, facts: FileFacts) -> bool:
    return any(
        name in AUTOGRAD_FUNCTIONS
        for base in owner.bases
        for name in facts.resolve(base.value).names
    )


def _is_used_as_tensor(parameter: cst.Param, facts: FileFacts) -> bool:
    """Whether the function calls a method on it that nothing else has, or the like.

    Nothing may be done with it that is done with arrays.
    """
    definition = facts.flow.definition(parameter)
    uses = facts.flow.uses(definition) if definition is not None else ()
    verdicts = {_verdict(use, facts) for use in uses if not use.captured}
    return True in verdicts and False not in verdicts


def _verdict(use: Use, facts: FileFacts) -> bool | None:
    """Whether one use speaks for a tensor, against one, or neither."""
    if use.kind in {UseKind.METHOD, UseKind.ATTRIBUTE} and use.slot in _OF_ARRAYS:
        return False
    if use.kind is UseKind.METHOD:
        return True if use.slot in TORCH_ONLY_METHODS else None
    if use.kind is not UseKind.ARGUMENT or not isinstance(use.by, cst.Call):
        return None
    if use.by.args[0].value is not use.node:
        return None
    names = facts.resolve(use.by.func).names
    if names and set(names) <= _needing_tensor():
        return True
    return False if any(name.startswith("numpy.") for name in names) else None
