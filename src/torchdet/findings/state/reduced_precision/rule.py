"""Reduced precision is switched on for the whole process: TF32, or half-precision reductions.

## What it does
Reports code that switches on TF32 (`allow_tf32 = True`, `set_float32_matmul_precision("high")`,
`fp32_precision = "tf32"` or `"bf16"` on any backend) or reductions and accumulation in half
precision (`allow_fp16_reduced_precision_reduction`, `allow_bf16_reduced_precision_reduction`,
`allow_fp16_accumulation`, `allow_fp16_bf16_reduction_math_sdp`), also by `setattr` and through
`torch.backends.cudnn.flags(...)`. Switching them off is no finding, and neither is a value that
only the run knows.

## Why is this bad?
The switches belong to the process: they change every product and convolution, also those of other
modules. TF32 exists on some GPUs only and is wrong from the fourth digit on, so that the same
program with the same seed gives visibly other results on the next machine.

## Example
Bad:

```python
import torch

torch.backends.cuda.matmul.allow_tf32 = True
torch.set_float32_matmul_precision("high")
```

Good:

```python
import torch

torch.backends.cuda.matmul.allow_tf32 = False
torch.set_float32_matmul_precision("highest")
```

A project that wants TF32 says so in one place, the policy of its runtime:
`RuntimePolicy(precision=Precision.TF32)`.

## Fix safety
Where a literal switches it on, the fix writes the value of full precision. It is unsafe: matrix
products can become several times slower.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.findings.base import Draft, Rule
from torchdet.findings.state.flag_writes import FlagStatement, FlagWrite, checks_of_writes
from torchdet.findings.wording import or_in_policy
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.torch_api.switches import PRECISION_SWITCHES


def check(writes: tuple[FlagWrite, ...], context: Context) -> Iterator[Draft]:
    elsewhere = or_in_policy(context.config, "ask for it in the runtime's policy")
    for write in writes:
        if write.bad_values(context.facts):
            yield Draft(
                write.node,
                f"{write.accusation(context.facts)}{elsewhere}",
                write.fix(),
                subject=FlagStatement(writes),
            )


RULE = Rule(
    code="DET205",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    causes=Consequence.VARIES,
    requires=(b"torch", b"transformers"),
    triggers=(
        b"tf32",
        b"fp32_precision",
        b"matmul_precision",
        b"reduced_precision",
        b"allow_fp16",
        b"cudnn",
        b"mkldnn",
    ),
    names=checks_of_writes(PRECISION_SWITCHES, check),
)
