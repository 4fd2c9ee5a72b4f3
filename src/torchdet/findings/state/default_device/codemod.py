"""Set the default device through the handle, where a program may set it.

As for `default-dtype`: `rt.set_default_device(...)` at the top level of an entry point, the rest of
the block below `with rt.default_device(...):` in a function of one, which is unsafe. A literal that
names the accelerator becomes `rt.device`. A module of a library is refused.
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
