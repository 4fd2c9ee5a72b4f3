"""What a change in one file demands of the project's other files; the plan decides.

A closed set of frozen values: they travel between processes, and ``plan`` evaluates them over the
surveys of all files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class NotReadElsewhere:
    """No other file reads the name ``name`` of the module ``module``.

    A setting such as ``DEVICE = "cuda"`` can become a ``torch.device`` only where nobody compares
    it with a string.
    """

    module: str
    name: str


Condition: TypeAlias = NotReadElsewhere
