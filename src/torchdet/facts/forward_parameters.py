"""Which parameters of a module's ``forward`` take tensors, as far as such code usually goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class, enclosing_function
from torchdet.facts.module_classes import is_module_class
from torchdet.torch_api.gradient_names import AUTOGRAD_FUNCTIONS

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


def is_forward_input(parameter: cst.Param, facts: FileFacts) -> bool:
    """Whether ``parameter`` is an unannotated input of a module's forward.

    One with a default other than ``None`` is a setting; names such as ``batch`` may hold anything.
    """
    if parameter.annotation is not None or parameter.star:
        return False
    if parameter.default is not None and not is_constant(parameter.default, "None"):
        return False
    if parameter.name.value in _OTHER_INPUTS:
        return False
    function = enclosing_function(parameter, facts)
    if function is None or function.name.value not in _FORWARD:
        return False
    owner = enclosing_class(function, facts)
    return owner is not None and (
        is_module_class(owner, facts) or _is_autograd_function(owner, facts)
    )


def _is_autograd_function(owner: cst.ClassDef, facts: FileFacts) -> bool:
    return any(
        name in AUTOGRAD_FUNCTIONS
        for base in owner.bases
        for name in facts.resolve(base.value).names
    )
