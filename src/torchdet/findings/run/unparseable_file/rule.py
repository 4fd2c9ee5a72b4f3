"""A file could not be checked.

## What it does
Reports a file that cannot be read, decoded or parsed, with the place and the reason. The run ends
with exit code 2, and every other file is still checked.

## Why is this bad?
A file that is skipped in silence looks like a clean one. Files in which no selected rule could
fire are not parsed at all, so that errors in those are left to Python itself.

## Example
Bad:

```python
import torch
print "Python 2"
```

Good:

```python
print("Python 3")
```

## Fix safety
There is no fix.
"""

from __future__ import annotations

from torchdet.findings.base import Rule
from torchdet.model.diagnostic import Severity

RULE = Rule(
    code="DET901",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.ERROR,
    triggers=(),
)
