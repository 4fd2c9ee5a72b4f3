"""Remove writes of determinism flags that agree with the runtime.

A statement that only writes what the runtime writes anyway is removed:
`torch.use_deterministic_algorithms(True)`, `torch.backends.cudnn.benchmark = False`. The runtime
sets all of these flags when the handle is made, and reads each one back.

A write of another value is refused, because somebody must decide: the runtime's policy is where a
project says once that it wants warnings only. With unsafe changes allowed, literal values that
contradict the runtime's defaults are removed as well, so that the policy holds. A value that only
the run knows is always left, and so is a write whose statement does more, or one in a module that
other programs import: they may never apply the runtime.
"""

from __future__ import annotations

from torchdet.findings.codemod import Codemod
from torchdet.findings.state.flag_removal import remove_flag_statements
from torchdet.findings.state.flag_writes import FlagStatement

CODEMOD = Codemod(__name__, __doc__ or "", FlagStatement, remove_flag_statements)
