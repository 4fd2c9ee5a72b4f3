"""Set the default dtype through the handle, where a program may set it.

At the top level of an entry point (a file with `if __name__ == "__main__":`, or one outside of
packages) the call becomes the handle's: `rt.set_default_dtype(torch.float64)`, which checks the
value and reads it back. In a function of such a file the default gets an end: the rest of the block
goes below `with rt.default_dtype(torch.float64):`, which is an unsafe change, because what the
function calls and returns may have relied on the default.

A module of a library is refused: a default belongs to the program, and an import must not set it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome
from torchdet.findings.state.default_rewrite import rewritten_default
from torchdet.reading.state.default_writes import DefaultSetter


def rewrite(
    findings: Sequence[Finding[DefaultSetter]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        yield rewritten_default(finding, context)


CODEMOD = Codemod(__name__, __doc__ or "", DefaultSetter, rewrite)
