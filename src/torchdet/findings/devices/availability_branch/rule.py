"""A device chosen by asking which accelerator is there serves only the makers that it asks for.

## What it does
Reports choices of a device that ask whether an accelerator is available and name one: conditional
expressions, `and`/`or`, a subscript by availability, `if` statements whose arms assign or return
a device, and a default that such an `if` replaces. What they ask may be `is_available()`,
`device_count()`, a project's own `is_npu_available()`, or a name that keeps the answer. The
accelerators and the questions inside such a choice are part of this one finding. A device from
elsewhere that gives way to the CPU (`args.device if torch.cuda.is_available() else "cpu"`) is such
a choice, and so is `torch.set_default_device("cuda")` under such an `if`.

A device from elsewhere may also give way in statements: `return torch.device(name)` under
`if torch.cuda.is_available():`, and `return torch.device("cpu")` behind it.

Not reported: what is left where PyTorch itself names no accelerator, and choices that depend on
another library as well (`"CUDAExecutionProvider" in onnxruntime.get_available_providers()`). In a
project that does not use the runtime, a function with a branch for each of several makers is not
reported either: it is the one place that asks.

## Why is this bad?
The same line runs on the graphics card of one machine and quietly on the CPU of another whose
accelerator it does not ask for, and the numbers differ. The choice is repeated all over a project
and drifts apart. PyTorch answers the question once for all hardware, and the runtime's handle
answers it once for the program: it refuses instead of falling back in silence, and records what
it chose.

## Example
Bad:

```python
import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
```

Good:

```python
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
device = rt.device
```

Without the handle, `torch.accelerator.current_accelerator()` names the accelerator that PyTorch
was built for, since PyTorch 2.6, and raises or returns None where there is none.

## Fix safety
The fix asks `torch.accelerator` and is unsafe: the program then also uses accelerators that it
ignored before. It is offered for a conditional expression between one accelerator, or a chain of
them, and the CPU, if `torch-version` is 2.6 or newer. `"cuda:0"` becomes the current device of the
accelerator, which is the first unless the program chooses another. A type checker may ask for a
check against None in the result. Statements have no fix.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.screen import Mention, Outline
from torchdet.facts.walk import descendants
from torchdet.findings.base import Draft, Rule
from torchdet.findings.screen import Screen
from torchdet.findings.wording import FIRST_WITH_ACCELERATOR, runtime_device
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Place
from torchdet.reading.devices.alternatives import falls_back_from_neutral
from torchdet.reading.devices.availability import availability_branch, fallback_branch
from torchdet.reading.devices.central_device import is_central_device
from torchdet.reading.devices.device_choices import device_choice
from torchdet.reading.devices.device_text import (
    ACCELERATOR_TRIGGERS,
    device_text,
    mentions_accelerator,
    mentions_of_cpu,
    words,
)
from torchdet.reading.devices.probes import probed_types
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.device_queries import AVAILABILITY_QUERIES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.model.config import LintConfig


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    text = device_text(node)
    if text is None or not isinstance(node, cst.BaseExpression) or in_runtime_module(context):
        return
    if context.config.policy is Policy.UNDECIDED and is_central_device(node, context.facts):
        return
    find_branch = availability_branch if text.is_accelerator else fallback_branch
    branch = find_branch(node, context.facts)
    if branch is not None and not _is_left_to_others(text.type, node, context.facts):
        yield Draft(
            branch.node,
            "choosing a device by availability serves only the accelerators asked for; use "
            f"{_replacement(context.config)}",
            _fix(branch.node, context),
            subject=device_choice(branch, context.facts),
        )


def _is_left_to_others(kind: str, node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether PyTorch was asked for the accelerator first, or something else decides as well."""
    if falls_back_from_neutral(node, facts):
        return True
    test = _nearest_test(node, facts)
    if test is None:
        return False
    return _asks_for_other_only(kind, test, facts) or _asks_other_library(kind, test)


def _nearest_test(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression | None:
    """The condition under which ``node`` is taken, where it is the arm that wants it to hold."""
    below: cst.CSTNode = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.If, cst.IfExp)):
            return above.test if below is above.body else None
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return None
        below = above
    return None


def _asks_for_other_only(kind: str, test: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``test`` asks for accelerators, and for others than ``kind`` alone.

    `"cuda" if is_xla_available(on_gpu=True) else ...` tells how to speak to a device that was
    chosen before.
    """
    if any(isinstance(each, cst.UnaryOperation) for each in descendants(test)):
        return False
    asked = set(probed_types(test, facts))
    return bool(asked) and asked.isdisjoint({kind, "hip"} if kind == "cuda" else {kind})


def _asks_other_library(kind: str, test: cst.BaseExpression) -> bool:
    """Whether ``test`` looks for another library's name with ``kind`` in it."""
    texts = (node for node in descendants(test) if isinstance(node, cst.SimpleString))
    return any(
        device_text(text) is None and kind in words(string_value(text) or "") for text in texts
    )


def _replacement(config: LintConfig) -> str:
    device = runtime_device(config, indexed=False)
    if config.torch_version < FIRST_WITH_ACCELERATOR or config.policy is Policy.UNDECIDED:
        return device
    return f"{device}, or `torch.accelerator.current_accelerator()`"


def _fix(node: cst.BaseExpression, context: Context) -> NodeFix | None:
    """One question to `torch.accelerator`, where ``node`` is a chain of conditional expressions."""
    if context.config.torch_version < FIRST_WITH_ACCELERATOR or not isinstance(node, cst.IfExp):
        return None
    outcomes = list(_outcomes(node, context))
    torch = _torch_spelled(node, context)
    if torch is None or None in outcomes or "#" in context.facts.code(node):
        return None
    *accelerators, fallback = [outcome for outcome in outcomes if outcome is not None]
    if fallback[0] != "cpu" or any(kind == "cpu" for kind, _ in accelerators):
        return None
    made = {isinstance(outcome, cst.Call) for _, outcome in (*accelerators, fallback)}
    if len(made) != 1:
        return None
    accelerator = f"{torch}.accelerator.current_accelerator()" + ("" if made.pop() else ".type")
    available = f"{torch}.accelerator.is_available()"
    text = f"{accelerator} if {available} else {context.facts.code(fallback[1])}"
    return NodeFix("Ask `torch.accelerator`", Applicability.UNSAFE, (Replace(node, text),))


def _outcomes(
    node: cst.BaseExpression, context: Context
) -> Iterator[tuple[str, cst.BaseExpression] | None]:
    """The device types among which a chain chooses, in its order; None for anything else."""
    while isinstance(node, cst.IfExp):
        body, orelse = node.body, node.orelse
        if isinstance(node.test, cst.UnaryOperation) and isinstance(node.test.operator, cst.Not):
            body, orelse = orelse, body
        yield _plain_device(body, context)
        node = orelse
    yield _plain_device(node, context)


def _plain_device(
    node: cst.BaseExpression, context: Context
) -> tuple[str, cst.BaseExpression] | None:
    """The type that a literal or a `torch.device` made of one names, without an index but 0."""
    literal = node
    if isinstance(node, cst.Call) and len(node.args) == 1:
        if not context.facts.means(node.func, "torch.device"):
            return None
        literal = node.args[0].value
    text = device_text(literal) if isinstance(literal, cst.SimpleString) else None
    if text is None or (text.indexed and not context.facts.code(literal)[1:-1].endswith(":0")):
        return None
    return text.type, node


def _torch_spelled(node: cst.IfExp, context: Context) -> str | None:
    """How the tests of the chain spell `torch`; None unless each is nothing but one question."""
    spelled: str | None = None
    link: cst.BaseExpression = node
    while isinstance(link, cst.IfExp):
        test, negated = link.test, False
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            test, negated = test.expression, True
        if not isinstance(test, cst.Call) or not context.facts.means(
            test.func, *AVAILABILITY_QUERIES
        ):
            return None
        root: cst.BaseExpression = test.func
        while isinstance(root, cst.Attribute) and not context.facts.means(root, "torch"):
            root = root.value
        if not context.facts.means(root, "torch"):
            return None
        spelled = spelled or context.facts.code(root)
        link = link.body if negated else link.orelse
    return spelled


def _may_be_there(outline: Outline, _place: Place) -> bool:
    """Whether a string may spell an accelerator, or an arm of a conditional expression the CPU."""
    return mentions_accelerator(outline) or any(map(_is_arm, mentions_of_cpu(outline)))


def _is_arm(mention: Mention) -> bool:
    """Whether it is chosen by ``a if b else c``, returned or assigned, itself or as an argument."""
    around = [node for node in mention.around if not isinstance(node, ast.keyword)]
    outermost = 2 if isinstance(around[0], ast.Call) else 1
    giving = (ast.IfExp, ast.Return, ast.Assign, ast.AnnAssign)
    return any(isinstance(node, giving) for node in around[:outermost])


RULE = Rule(
    code="DET304",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(*ACCELERATOR_TRIGGERS, b"'cpu", b'"cpu'),
    nodes={"SimpleString": check, "FormattedString": check},
    screen=Screen(file=_may_be_there),
)
