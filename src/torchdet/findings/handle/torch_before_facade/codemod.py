"""The facade is imported first, and every other import stays as it is.

For projects that want no handle: `--facade`, or `policy = "facade"`. Where torch is imported under
a condition or in a function the import of the facade comes right before it, so that the file needs
torch no sooner than it did. In such a migration DET101 and DET103 are answered in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome
from torchdet.findings.handle.facade_first import facade_first
from torchdet.reading.imports import ModuleImport


def rewrite(
    findings: Sequence[Finding[ModuleImport]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    for finding in findings:
        yield facade_first(finding, context)


CODEMOD = Codemod(__name__, __doc__ or "", ModuleImport, rewrite)
