"""What identifies a finding after its line has moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from torchdet.model.diagnostic import Diagnostic, FileReport


class Identity(NamedTuple):
    """The rule, the functions and classes around the finding, and the text of its line.

    White space in ``line`` is folded, so that a changed indentation keeps the identity.
    """

    code: str
    context: str
    line: str


def identities(report: FileReport) -> Iterator[tuple[Diagnostic, Identity]]:
    """Each diagnostic of ``report`` with its identity; equal findings have equal ones."""
    lines = dict(report.lines)
    for diagnostic in report.diagnostics:
        line = " ".join(lines.get(diagnostic.span.start.row, "").split())
        yield diagnostic, Identity(diagnostic.code, diagnostic.context, line)
