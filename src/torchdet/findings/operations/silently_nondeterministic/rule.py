"""An operation stays nondeterministic in deterministic mode, and nothing says so.

## What it does
Reports calls of functions, modules and tensor methods whose results can differ from run to run
although `torch.use_deterministic_algorithms(True)` is on: `torch.nn.AdaptiveMaxPool3d` with sizes
that do not divide each other, `torch.sparse.mm` on CUDA, `torch.unique(x, sorted=False)`,
`torch.distributed.recv(x)` from any rank, and, where `target-devices` names `"mps"`, the gradients
of `grid_sample`, three-dimensional pooling and embeddings. The message says on which devices and in
which pass. Arguments, tensors, `target-devices` and `torch-version` decide as they do for
`raises-in-deterministic-mode`.

Not reported: what differs only for unusual data (equal values in `topk`, degenerate matrices in
`svd`) or with the number of threads, which `torchdet catalogue` lists; and results of which only
the shape is used.

## Why is this bad?
The mode that promises repeatable results neither switches the algorithm nor raises: two runs drift
apart, and nothing says where.

## Example
Bad:

```python
import torch


def labels(x: torch.Tensor) -> torch.Tensor:
    return torch.unique(x, sorted=False)
```

Good:

```python
import torch


def labels(x: torch.Tensor) -> torch.Tensor:
    return torch.unique(x, sorted=True)
```

## Fix safety
`sorted=False` becomes `sorted=True`, which is one of the orders that were allowed before: safe
where the call is certainly PyTorch's. The others have no fix.
"""

from __future__ import annotations

from torchdet.findings.base import Grounds, Rule
from torchdet.findings.operations.drafts import checks_of
from torchdet.model.diagnostic import Severity
from torchdet.torch_api.operations import Behaviour

_CHECKS = checks_of(Behaviour.SILENT, "stays nondeterministic in deterministic mode")

RULE = Rule(
    code="DET403",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch", b"flash_attn", b"deepspeed"),
    triggers=_CHECKS.triggers,
    names=_CHECKS.names,
    attributes=_CHECKS.attributes,
    screen=_CHECKS.screen,
    stays=Grounds(
        "the operation itself is the reason, not the device or the import",
        "apply `torchdet fix`, or write what the finding's message names; `torchdet "
        "catalogue` knows more",
    ),
)
