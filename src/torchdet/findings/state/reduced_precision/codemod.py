"""Remove writes of reduced precision, which the runtime's policy decides.

As for `determinism-flag`: a literal that contradicts the runtime's defaults, such as
`torch.backends.cuda.matmul.allow_tf32 = True`, is removed with unsafe changes allowed and refused
otherwise: the policy is where a project says once that it wants TF32. A value that only the run
knows is always left, and so is a write whose statement does more.
"""

from __future__ import annotations

from torchdet.findings.codemod import Codemod
from torchdet.findings.state.flag_removal import remove_flag_statements
from torchdet.findings.state.flag_writes import FlagStatement

CODEMOD = Codemod(__name__, __doc__ or "", FlagStatement, remove_flag_statements)
