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

    @property
    def reason(self) -> str:
        """Why a change is refused where this does not hold."""
        return f"another module reads `{self.name}` of `{self.module}` and may want it as it is"

    @property
    def advice(self) -> str:
        """What a person should do then."""
        return f"change `{self.name}` together with its readers"


Condition: TypeAlias = NotReadElsewhere
