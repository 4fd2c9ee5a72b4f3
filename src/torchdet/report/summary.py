"""The lines that end the text formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from torchdet.model.diagnostic import FileReport, Severity
from torchdet.report.consequences import by_consequence
from torchdet.report.options import RenderOptions
from torchdet.report.wording import count


def summary(reports: Sequence[FileReport], options: RenderOptions = RenderOptions()) -> str:  # noqa: B008 - frozen
    """How much was found, what it comes to and what to do next; without a newline at the end.

    >>> summary([FileReport("a.py"), FileReport("b.py")])
    'No findings in 2 files'
    """
    return "\n".join([headline(reports, options), *by_consequence(reports, options)])


def headline(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """How much was found, in one line."""
    found = [diagnostic for report in reports for diagnostic in report.diagnostics]
    if not found:
        beside = " beside imports of torch" if options.raw_imports else ""
        return f"No findings in {count(len(reports), 'file')}{beside}"
    by_severity = Counter(diagnostic.severity for diagnostic in found)
    counts = [count(by_severity[s], s.value) for s in Severity if by_severity[s]]
    files = count(sum(1 for report in reports if report.diagnostics), "file")
    parts = [f"Found {', '.join(counts)} in {files}"]
    failed = sum(1 for report in reports if report.failed)
    if failed:
        parts.append(f"{count(failed, 'file')} could not be checked")
    return "; ".join(parts)
