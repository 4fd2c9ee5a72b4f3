"""`.cuda()` moves a tensor or module to one maker's hardware and to no other.

## What it does
Reports calls of the method `cuda`, and of its counterparts for other accelerators: `xpu`, `hpu`,
`npu`, `mlu`, `musa`, `ipu` and `mtia`. Silent inside a method of that name, which overrides it,
for `super().cuda()`, for calls whose arguments the method of a tensor or module does not take, on
an object that `isinstance` has just found to be of another library, and in code for this maker
alone: under `if device.type == "cuda":`, in one of several branches for different makers, in a
function, class or module named after it (`move_to_cuda`).

## Why is this bad?
The call raises on a machine without that accelerator, so the program runs on one kind of hardware
only, and each such line has to be found when it shall run elsewhere, the CPU of a test machine
included. A device that was chosen once and is passed on says where the program runs in one place.

## Example
Bad:

```python
import torch

model = torch.nn.Linear(8, 8).cuda()
```

Good:

```python
import torch

device = torch.accelerator.current_accelerator() or torch.device("cpu")
model = torch.nn.Linear(8, 8).to(device)
```

Code on the runtime's handle writes `.to(rt.device)`.

## Fix safety
The fix writes `.to(...)` and is unsafe. It is offered where the call names a device, which is kept
(`.to(None)` is not what `.cuda(None)` is), and where a variable `device` is in scope, which is
then used. There is no fix where a class of the file has a method of that name and the object may
be one of its instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import InsertBefore, NodeEdit, NodeFix, Replace
from torchdet.facts.expressions import argument, is_constant, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited
from torchdet.facts.scope import BindingKind, Scope
from torchdet.findings.base import Draft, Rule
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.dispatch import serves_one_type
from torchdet.reading.own_methods import has_torchs_method, methods_of_classes
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.device_arguments import DEVICE_METHODS

# What `torch.Tensor.cuda` and `torch.nn.Module.cuda` take.
_KEYWORDS = frozenset({"device", "non_blocking", "memory_format"})
# Packages that have a module or a function of such a name, and no tensors that can be moved so.
_OTHER_PACKAGES = frozenset(
    {"cupy", "cupyx", "cv2", "jax", "numba", "pycuda", "taichi", "tensorflow", "triton", "tvm"}
    | {"warp"}
)
_UNBOUND = frozenset({"torch.Tensor", "torch.nn.Module"})

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class MoveCall:
    """A call of the method ``method``, such as ``x.cuda``, that moves to one kind of device.

    ``of_torch`` says that it is certainly torch's own; with ``owned`` a class of the file has a
    method of this name, which may be meant.
    """

    call: cst.Call
    method: cst.Attribute
    of_torch: bool
    owned: bool


def check(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    call = context.facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node or in_runtime_module(context):
        return
    method = node.attr.value
    owners = context.facts.resolve(node.value).names
    unbound = bool(owners) and all(owner in _UNBOUND for owner in owners)
    if not (
        unbound
        or (
            _takes_these_arguments(call)
            and not _is_module(owners, node, context)
            and not _is_override(node, context)
            and not context.facts.flow.callees(call)
            and not _is_of_other_library(node, context)
        )
    ):
        return
    if not serves_one_type(method, node, context):
        of_torch = has_torchs_method(node.value, method, context.facts)
        owned = not of_torch and method in methods_of_classes(context.facts)
        yield Draft(
            node.attr,
            f"`.{method}()` only moves to {_hardware(method)}; write `.to(device)` with a device "
            "that is chosen in one place",
            None if unbound or owned else _fix(node, call, context),
            subject=MoveCall(call, node, of_torch, owned),
        )


def _hardware(method: str) -> str:
    return "CUDA" if method == "cuda" else f"`{method}` devices"


def _takes_these_arguments(call: cst.Call) -> bool:
    """Whether the method of a tensor or module could be called so: `(device, non_blocking)`."""
    positional = [arg for arg in call.args if arg.keyword is None and not arg.star]
    keywords = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    if len(positional) > 2 or not keywords <= _KEYWORDS:
        return False
    return not any(isinstance(arg.value, (cst.Lambda, cst.List, cst.Dict)) for arg in positional)


def _is_module(owners: tuple[str, ...], node: cst.Attribute, context: Context) -> bool:
    """Whether the method is read from an imported module or package, not from a tensor."""
    if any(owner.partition(".")[0] in {"torch", *_OTHER_PACKAGES} for owner in owners):
        return True
    if not isinstance(node.value, cst.Name):
        return False
    return any(
        binding.kind is BindingKind.IMPORT
        and isinstance(context.facts.index.parents.get(binding.node), cst.Import)
        for binding in context.facts.bindings(node.value)
    )


def _is_override(node: cst.Attribute, context: Context) -> bool:
    """Whether the call belongs to a class's own method of that name.

    It stands in one, or calls the one of the class around it.
    """
    method = node.attr.value
    if isinstance(node.value, cst.Call) and context.facts.means(node.value.func, "builtins.super"):
        return True
    around = _definitions_around(node, context.facts)
    if method in around.functions:
        return True
    own = isinstance(node.value, cst.Name) and node.value.value == "self"
    return own and around.class_ is not None and method in _scope(around.class_, context).bindings


def _scope(definition: cst.ClassDef, context: Context) -> Scope:
    return context.facts.index.scopes[definition]


@dataclass(frozen=True, slots=True)
class _Definitions:
    """The innermost class around a node, and the names of the functions around it in there."""

    class_: cst.ClassDef | None = None
    functions: frozenset[str] = frozenset()


def _definitions_step(
    above: cst.CSTNode, _below: cst.CSTNode, outer: _Definitions, _facts: FileFacts
) -> _Definitions:
    if isinstance(above, cst.ClassDef):
        return _Definitions(above)
    if isinstance(above, cst.FunctionDef):
        return replace(outer, functions=outer.functions | {above.name.value})
    return outer


_definitions_around = inherited(_Definitions(), _definitions_step)


def _is_of_other_library(node: cst.Attribute, context: Context) -> bool:
    """Whether a condition around has found the object to be of a class of another package.

    Its method of that name is then that package's own.
    """
    foreign = _foreign_objects(node, context.facts)
    return bool(foreign) and context.facts.code(node.value) in foreign


def _foreign_step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], facts: FileFacts
) -> frozenset[str]:
    """The code of what ``isinstance`` has found to be of another package, around ``below``."""
    if isinstance(above, cst.FunctionDef):
        return frozenset()
    test = above.test if isinstance(above, cst.If) and below is above.body else None
    if not isinstance(test, cst.Call) or len(test.args) != 2:
        return outer
    if not facts.means(test.func, "builtins.isinstance"):
        return outer
    names = facts.resolve(test.args[1].value).names
    foreign = [name for name in names if not name.startswith((".", "torch."))]
    if not foreign or "." not in foreign[0]:
        return outer
    return outer | {facts.code(test.args[0].value)}


_foreign_objects = inherited(frozenset[str](), _foreign_step)


def _fix(node: cst.Attribute, call: cst.Call, context: Context) -> NodeFix | None:
    rename = Replace(node.attr, "to")
    given = argument(call, "device", 0)
    if any(arg.star for arg in call.args):
        return None
    if given is not None:
        later_positional = any(arg.keyword is None for arg in call.args[1:])
        if is_constant(given.value, "None") or later_positional:
            return None
        return NodeFix("Use `.to(...)`", Applicability.UNSAFE, (rename,))
    if not _device_in_scope(node, context):
        return None
    edits: tuple[NodeEdit, ...] = (rename,)
    if call.args:
        edits += (InsertBefore(call.args[0], "device, "),)
    else:  # no node stands between the parentheses, so the call is written anew
        moved = call.with_changes(
            func=node.with_changes(attr=cst.Name("to")), args=[cst.Arg(cst.Name("device"))]
        )
        edits = (Replace(call, context.facts.code(moved.with_changes(lpar=(), rpar=()))),)
    return NodeFix("Use `.to(device)`", Applicability.UNSAFE, edits)


def _device_in_scope(node: cst.Attribute, context: Context) -> bool:
    """Whether the name `device` holds a device here, as its name says."""
    owner = context.facts.scope(node).owner("device")
    if owner is None or isinstance(owner.node, cst.ClassDef):
        return False
    return all(
        (binding.kind is BindingKind.PARAMETER or binding.kind is BindingKind.ASSIGNMENT)
        and not is_constant(binding.value, "None")
        for binding in owner.bindings["device"]
    ) and not any(
        _is_compared_with_other_text(use.node, context)
        for use in context.facts.uses_of("device", owner)
    )


def _is_compared_with_other_text(node: cst.CSTNode, context: Context) -> bool:
    """Whether `device == "gpu"` tells that the name holds something of the project's own."""
    parent = context.facts.parent(node)
    if not isinstance(parent, cst.Comparison):
        return False
    sides = (parent.left, *(target.comparator for target in parent.comparisons))
    return any(string_value(side) is not None and device_text(side) is None for side in sides)


RULE = Rule(
    code="DET302",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=tuple(f".{method}".encode() for method in DEVICE_METHODS),
    attributes=dict.fromkeys(DEVICE_METHODS, check),
)
