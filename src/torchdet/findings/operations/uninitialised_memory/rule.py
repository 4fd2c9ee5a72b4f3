"""A tensor of uninitialised memory is read before anything has filled it.

## What it does
Reports `torch.empty`, `empty_like`, `empty_strided`, `empty_permuted`, `new_empty`, and classes
such as `torch.Tensor` and `torch.FloatTensor` called with sizes, where the first thing that happens
to the tensor is that its values are used: by arithmetic, by a reduction, by a function of torch.

Also reports `nn.Parameter(torch.empty(...))` in a module where nothing fills the parameter: no
method of the class, nothing else in the file that names it, and no method that resets or
initialises the module. Such a finding is likely, not certain: a checkpoint may be loaded later.

Silent where the tensor is filled first, in whichever way: `copy_`, `fill_`, `normal_` and their
like, assignment to a subscript, `out=`, `nn.init`, a collective, or any function that might write
to it; where it has no elements; and on the `meta` device, which has no memory.

## Why is this bad?
The values are whatever the memory held before: another tensor's numbers, zeros on the first day,
`nan` on the second. Two runs differ without any error. In deterministic mode torch fills such
tensors with `nan` or the largest integer, so that the fault shows, and stays a fault.

## Example
Bad:

```python
import torch

total = torch.empty(4)
for row in torch.eye(4):
    total += row
```

Good:

```python
import torch

total = torch.zeros(4)
for row in torch.eye(4):
    total += row
```

## Fix safety
The fix makes zeros instead and is unsafe: zeros may not be what was meant. A parameter has no fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.expressions import argument, int_value, is_constant, last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class, enclosing_function
from torchdet.facts.reaching import reaching
from torchdet.facts.walk import descendants
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.operations.uninitialised_memory.outlined_memory import may_be_read
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.operations.memory_uses import Effect, effect_of
from torchdet.reading.operations.parameter_initialisation import is_initialised
from torchdet.torch_api.returns import LEGACY_TENSOR_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_FUNCTIONS = ("empty", "empty_like", "empty_permuted", "empty_strided")
_METHODS = ("new_empty", "new_empty_strided")
_CLASSES = tuple(sorted({"torch.Tensor", *LEGACY_TENSOR_TYPES}))
_PARAMETERS = frozenset({"torch.nn.Parameter", "torch.nn.parameter.Parameter"})
_ZEROS = {"empty": "zeros", "empty_like": "zeros_like", "new_empty": "new_zeros"}
_ON_META = frozenset({"torch.device", "accelerate.init_empty_weights"})


def check_function(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.empty`` and its like."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        yield from _check(call, reference.name, context)


def check_class(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.FloatTensor(2, 3)``, where the arguments are sizes."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node and _gives_sizes(call):
        yield from _check(call, reference.name, context)


def check_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """``x.new_empty``, on anything that is not known to be something else than a tensor."""
    facts = context.facts
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not facts.resolve(node.value).names:
        yield from _check(call, node.attr.value, context)


def _gives_sizes(call: cst.Call) -> bool:
    """Whether a tensor class is called with sizes: several arguments, or one integer."""
    positional = [arg for arg in call.args if arg.keyword is None]
    if any(arg.star == "*" for arg in positional):
        return True
    if len(positional) == 1:
        return int_value(positional[0].value) is not None
    return len(positional) > 1


def _check(call: cst.Call, name: str, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if _has_no_memory(call, facts):
        return
    parameter = _parameter_of(call, facts)
    if parameter is not None:
        yield from _check_parameter(call, name, parameter, facts)
        return
    effect, reader = effect_of(call, facts)
    if effect is Effect.READS:
        yield _draft(call, name, reader, Confidence.CERTAIN, facts)
        return
    target = _assigned_name(call, facts)
    if target is not None:
        yield from _check_variable(call, name, target, facts)


def _has_no_memory(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the tensor has no elements, or lies on the device that keeps none."""
    device = argument(call, "device")
    if device is not None and _is_meta(device.value, facts):
        return True
    sizes = [arg.value for arg in call.args if arg.keyword is None or arg.keyword.value == "size"]
    for size in sizes:
        elements = (
            [each.value for each in size.elements]
            if isinstance(size, (cst.Tuple, cst.List))
            else [size]
        )
        if any(int_value(each) == 0 for each in elements):
            return True
    return _is_for_no_elements(call, facts) or any(
        _is_meta(item.item, facts) or facts.means(item.item, *_ON_META)
        for above in facts.ancestors(call)
        if isinstance(above, cst.With)
        for item in above.items
    )


def _is_for_no_elements(call: cst.Call, facts: FileFacts) -> bool:
    """Whether a condition around has found a size to be zero."""
    below: cst.CSTNode = call
    for above in facts.ancestors(call):
        if isinstance(above, cst.FunctionDef):
            return False
        if isinstance(above, cst.If) and below is above.body:
            compared = [each for each in descendants(above.test) if int_value(each) == 0]
            if compared or any(last_name(each) == "numel" for each in descendants(above.test)):
                return True
        below = above
    return False


def _is_meta(node: cst.BaseExpression, facts: FileFacts) -> bool:
    if isinstance(node, cst.Call) and node.args and facts.means(node.func, "torch.device"):
        node = node.args[0].value
    elif isinstance(node, cst.Call):
        return facts.means(node.func, *_ON_META)
    return string_value(node) == "meta"


def _assigned_name(call: cst.Call, facts: FileFacts) -> cst.Name | None:
    """The one name that the value of ``call`` is assigned to."""
    parent = facts.parent(call)
    if isinstance(parent, cst.AnnAssign):
        return parent.target if isinstance(parent.target, cst.Name) else None
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
        return target if isinstance(target, cst.Name) else None
    return None


def _check_variable(
    call: cst.Call, name: str, target: cst.Name, facts: FileFacts
) -> Iterator[Draft]:
    """Look at the uses of ``target`` that the value reaches, up to the first that matters."""
    scope = facts.scope(target)
    for use in facts.uses_of(target.value, scope):
        if use.scope is not scope:
            return  # another function, which may run at any time
        root = _leftmost(use.node)
        if root is None or root is target:
            return
        reached = reaching(root, facts)
        if not any(each.binding.value is call for each in reached):
            continue
        effect, reader = effect_of(root, facts)
        if effect is Effect.MAY_FILL:
            return
        if effect is Effect.READS:
            if _fills_in_earlier_pass(call, root, target, facts):
                return
            sure = Confidence.CERTAIN if len(reached) == 1 else Confidence.LIKELY
            yield _draft(call, name, reader, sure, facts)
            return


def _fills_in_earlier_pass(
    call: cst.Call, reader: cst.Name, target: cst.Name, facts: FileFacts
) -> bool:
    """Whether ``reader`` stands under a condition in a loop whose passes also fill the memory.

    The condition is then most likely that this is not the first pass.
    """
    around = set(facts.ancestors(call))
    conditional = False
    for above in facts.ancestors(reader):
        conditional = conditional or isinstance(above, (cst.If, cst.Else, cst.IfExp))
        if isinstance(above, (cst.For, cst.While)) and above not in around:
            uses = facts.uses_of(target.value, facts.scope(target))
            return conditional and any(
                root is not None
                and above in set(facts.ancestors(root))
                and effect_of(root, facts)[0] is Effect.MAY_FILL
                for root in map(_leftmost, (use.node for use in uses))
            )
    return False


def _leftmost(node: cst.BaseExpression) -> cst.Name | None:
    while isinstance(node, cst.Attribute):
        node = node.value
    return node if isinstance(node, cst.Name) else None


def _draft(
    call: cst.Call, name: str, reader: cst.CSTNode, sure: Confidence, facts: FileFacts
) -> Draft:
    zeros = _ZEROS.get(name.rpartition(".")[2])
    instead = f"`{zeros}`" if zeros else "`torch.zeros`"
    return Draft(
        call.func,
        f"the memory that `{name}` gives is read in {_quoted(reader, facts)} before anything has "
        f"filled it; fill it first, or use {instead}",
        _fix(call, zeros),
        sure,
    )


def _quoted(node: cst.CSTNode, facts: FileFacts) -> str:
    lines = facts.code(node).strip().splitlines()
    text = lines[0] if len(lines) == 1 and len(lines[0]) <= 60 else "the next use of it"
    return f"`{text}`" if text != "the next use of it" else text


def _fix(call: cst.Call, zeros: str | None) -> NodeFix | None:
    if zeros is None or not isinstance(call.func, cst.Attribute):
        return None
    if zeros != "zeros_like" and argument(call, "memory_format") is not None:
        return None
    return NodeFix(f"Use `{zeros}`", Applicability.UNSAFE, (Replace(call.func.attr, zeros),))


# Parameters.


def _parameter_of(call: cst.Call, facts: FileFacts) -> cst.Call | None:
    """The call of ``nn.Parameter`` that takes the value of ``call``."""
    arg = facts.parent(call)
    above = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(above, cst.Call):
        return None
    names = facts.resolve(above.func).names
    return above if names and set(names) <= _PARAMETERS else None


def _check_parameter(
    call: cst.Call, name: str, parameter: cst.Call, facts: FileFacts
) -> Iterator[Draft]:
    trained = argument(parameter, "requires_grad", 1)
    if trained is not None and not is_constant(trained.value, "True"):
        return  # made to be loaded, as quantised weights are
    statement = facts.parent(parameter)
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return
    attribute = statement.targets[0].target
    if not isinstance(attribute, cst.Attribute) or not is_constant(attribute.value, "self"):
        return
    owner = enclosing_class(call, facts)
    function = enclosing_function(call, facts)
    if owner is None or function is None or function.name.value != "__init__":
        return
    if not is_initialised(owner, attribute, facts):
        yield Draft(
            call.func,
            f"nothing fills the memory that `{name}` gives to the parameter "
            f"`self.{attribute.attr.value}`; initialise it, with `torch.nn.init` for example",
            confidence=Confidence.LIKELY,
        )


RULE = Rule(
    code="DET404",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=b"torch",
    triggers=(b"empty", b"Tensor("),
    names={
        **dict.fromkeys((f"torch.{name}" for name in _FUNCTIONS), check_function),
        **dict.fromkeys(_CLASSES, check_class),
    },
    attributes=dict.fromkeys(_METHODS, check_method),
    screen=Screen(
        mentions=dict.fromkeys(
            (*(f"torch.{name}" for name in _FUNCTIONS), *_CLASSES, *_METHODS), may_be_read
        )
    ),
    stays=Grounds(
        "which values are meant only the code's author knows",
        "fill the tensor before it is read, or apply `torchdet fix --unsafe-fixes`, which "
        "makes zeros",
    ),
)
