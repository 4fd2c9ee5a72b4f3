"""A file could not be checked.

## What it does
Reports a file that cannot be read, decoded or parsed, with the place and the reason. The run ends
with exit code 2, and every other file is still checked. Where the text is valid Python that LibCST,
torchdet's parser, does not know, the message says so.

Only files in which a selected rule could fire are parsed. An error of syntax in any other file is
not reported: run Python's own `python -m compileall` to find those.

## Why is this bad?
A file that is skipped in silence looks like a clean one.

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
