"""An operation raises under `torch.use_deterministic_algorithms(True)`.

## What it does
Reports calls of functions, modules and tensor methods for which PyTorch has no deterministic
implementation and says so with a RuntimeError in deterministic mode: `torch.nn.AvgPool3d`,
`torch.nn.AdaptiveAvgPool2d(7)`, `F.interpolate(x, mode="bicubic")`, `torch.median(x, dim=0)`,
`x.put_(index, source)` and others, on the condition that the catalogue of operations names
(`torchdet catalogue` prints it). The message says on which devices and in which pass.

Arguments decide where the file shows their values: literals, names and attributes that hold one,
defaults, what calls in the file pass. An argument that only the run knows counts as what it usually
is: a pooling module with an unknown output size is reported, a padding with an unknown mode is not.
Methods are reported on what is known or likely to be a tensor.

Not reported: gradients under `torch.no_grad()` and of detached or integer tensors, CUDA's
operations on what was moved to the CPU, and code that runs depending on the answer of
`torch.are_deterministic_algorithms_enabled()`.

`target-devices` names the devices to check for: without it, CUDA and the CPU. `torch-version` is
the oldest release that you support: what raises only in older ones is not reported.

## Why is this bad?
The run stops here, often hours in: most of these raise in the first backward pass only, and none
of them on the machine without a GPU where you tried the code.

## Example
Bad:

```python
import torch

pool = torch.nn.AdaptiveAvgPool2d(7)
middle = torch.median(torch.ones(3, 4), dim=1).values
```

Good:

```python
import torch

pool = torch.nn.AvgPool2d(2)
middle = torch.ones(3, 4).sort(dim=1).values[:, 1]
```

## Fix safety
`torch.take(x, index)` becomes `x.flatten()[index]`, whose values and gradients are the same, but
which raises other errors for invalid input: safe where `x` is certainly a tensor. Adaptive maximum
pooling to size 1 becomes `amax`, which shares the gradient among equal maxima instead of giving it
to one of them: unsafe. In a project that uses the runtime, a function or method with a version in
`torchdet.runtime.deterministic` becomes a call of that version, whose results are equal within
rounding: unsafe.

Where you want the operation as it is, say so and why: the runtime lets it through in
`with rt.allow_nondeterminism("max_unpool2d", reason="..."):`, and its audit counts it.
"""

from __future__ import annotations

from torchdet.findings.base import Grounds, Rule
from torchdet.findings.operations.drafts import checks_of
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.torch_api.operations import Behaviour

_CHECKS = checks_of(Behaviour.ERRORS, "raises in deterministic mode")

RULE = Rule(
    code="DET401",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.ERROR,
    causes=Consequence.STOPS,
    requires=(b"torch",),
    triggers=_CHECKS.triggers,
    names=_CHECKS.names,
    attributes=_CHECKS.attributes,
    screen=_CHECKS.screen,
    stays=Grounds(
        "the operation itself is the reason, not the device or the import",
        "apply `torchdet fix`, or write what the finding's message names (`torchdet catalogue` "
        "knows more); `rt.allow_nondeterminism` lets the operation through for a reason",
    ),
)
