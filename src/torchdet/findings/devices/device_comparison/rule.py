"""A comparison with a device type treats one maker's hardware apart.

## What it does
Reports comparisons of a device with an accelerator by name: `x.device.type == "cuda"`,
`device in ("cuda", "mps")`, `str(device).startswith("cuda")`, `"cuda" in str(device)`,
`device == torch.device("cuda")`, a `match` on the type, and the attributes `is_cuda`, `is_xpu`,
`is_mps` and the like of tensors. Comparisons with `"cpu"` and `"meta"` are not reported, nor is
what a test requires (`skipUnless(device == "cuda", ...)`), a check whether the device that was
asked for is there (`if device == "npu" and not is_npu_available(): raise`), and code in a function,
class or module named after the accelerator. The rule is off by default.

## Why is this bad?
Often the question behind the comparison is another one: whether there is an accelerator, whether
memory can be pinned, whether a dtype or a kernel exists. Spelled as a device type it has the wrong
answer on hardware that the author did not have, and results come out of another code path there.
Code that really serves one maker's hardware has every reason to compare; the rule helps to look
through these places.

## Example
Bad:

```python
def pin(x, device):
    return x.pin_memory() if device.type == "cuda" else x
```

Good:

```python
def pin(x, device):
    return x.pin_memory() if device.type != "cpu" else x
```

## Fix safety
There is no fix: what the comparison is meant to find out is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.devices.device_expressions import is_device_expression
from torchdet.reading.devices.device_text import (
    ACCELERATOR_TRIGGERS,
    device_text,
)
from torchdet.reading.devices.dispatch import (
    is_expected_value,
    is_named_for,
    is_requirement_of_test,
)
from torchdet.reading.devices.probes import is_probe, probed_types
from torchdet.torch_api.device_types import ACCELERATOR_TYPES, TYPE_ATTRIBUTES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_MESSAGE = (
    "asks for one kind of accelerator; ask for what the code needs, or whether the device is the "
    "CPU"
)


def check_comparison(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if not isinstance(node, cst.Comparison):
        return
    operands = [node.left, *(target.comparator for target in node.comparisons)]
    facts = context.facts
    compared = next((kind for each in operands for kind in _accelerators(each, facts)), None)
    if compared is not None and any(is_device_expression(operand, facts) for operand in operands):
        yield from _finding(node, compared, context)


def _finding(node: cst.BaseExpression, kind: str, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if is_requirement_of_test(node, facts) or is_expected_value(node, facts):
        return
    if _checks_presence(node, facts):
        return
    if not is_named_for(kind, node, context):
        yield Draft(node, _MESSAGE)


def _accelerators(operand: cst.BaseExpression, facts: FileFacts) -> Iterator[str]:
    """The accelerators that an operand names: a literal, a collection, a `torch.device`."""
    if isinstance(operand, (cst.Tuple, cst.List, cst.Set)):
        for element in operand.elements:
            yield from _accelerators(element.value, facts)
    elif isinstance(operand, cst.Call) and facts.means(operand.func, "torch.device"):
        if operand.args:
            yield from _accelerators(operand.args[0].value, facts)
    else:
        text = device_text(operand)
        if text is not None and text.is_accelerator:
            yield text.type


def _checks_presence(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the comparison only selects the accelerator that is then demanded.

    `device == "npu" and not is_npu_available()`, and `if device == "npu":` before an `assert`.
    """
    for above in facts.ancestors(node):
        if isinstance(above, cst.BooleanOperation):
            sides = (above.left, above.right)
            if any(
                isinstance(each, cst.UnaryOperation) and is_probe(each.expression, facts)
                for each in sides
            ):
                return True
        elif isinstance(above, cst.If):
            return _asserts_presence(above.body, facts)
        elif isinstance(above, (cst.BaseSmallStatement, cst.BaseStatement)):
            return False
    return False


def _asserts_presence(body: cst.BaseSuite, facts: FileFacts) -> bool:
    """Whether the only statement asserts that an accelerator is available."""
    only = body.body[0] if len(body.body) == 1 else None
    if isinstance(only, cst.SimpleStatementLine):
        only = only.body[0]
    return isinstance(only, cst.Assert) and any(probed_types(only.test, facts))


def check_prefix(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    call = context.facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node or len(call.args) != 1:
        return
    facts = context.facts
    compared = next(_accelerators(call.args[0].value, facts), None)
    if compared is not None and is_device_expression(node.value, facts):
        yield from _finding(call, compared, context)


def check_flag(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    facts = context.facts
    above = facts.parent(node)
    if isinstance(above, cst.Call) and above.func is node:
        return  # a method: no attribute of a tensor
    if isinstance(above, (cst.AssignTarget, cst.AnnAssign, cst.Attribute)):
        return
    if isinstance(node.value, cst.Name) and node.value.value in {"self", "cls", "args"}:
        return  # an object of the project's own
    yield from _finding(node, node.attr.value.removeprefix("is_"), context)


def check_case(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if not isinstance(node, cst.MatchValue) or not any(_accelerators(node.value, context.facts)):
        return
    for above in context.facts.ancestors(node):
        if isinstance(above, cst.Match):
            if is_device_expression(above.subject, context.facts):
                yield Draft(node, _MESSAGE)
            return


RULE = Rule(
    code="DET306",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    triggers=(
        *ACCELERATOR_TRIGGERS,
        *(f".is_{kind}".encode() for kind in ACCELERATOR_TYPES),
    ),
    nodes={"Comparison": check_comparison, "MatchValue": check_case},
    attributes={"startswith": check_prefix, **dict.fromkeys(TYPE_ATTRIBUTES, check_flag)},
    default=False,
    stays=Grounds(
        "what the comparison is meant to find out only its author knows",
        "ask for the capability in question, or compare with `rt.device.type`",
    ),
)
