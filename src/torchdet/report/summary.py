"""The line that ends the text formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from torchdet.model.diagnostic import Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability
from torchdet.report.wording import count


def summary(reports: Sequence[FileReport]) -> str:
    """How much was found, without a newline.

    >>> summary([FileReport("a.py"), FileReport("b.py")])
    'No findings in 2 files'
    """
    found = [diagnostic for report in reports for diagnostic in report.diagnostics]
    if not found:
        return f"No findings in {count(len(reports), 'file')}"
    by_severity = Counter(diagnostic.severity for diagnostic in found)
    counts = [count(by_severity[s], s.value) for s in Severity if by_severity[s]]
    files = count(sum(1 for report in reports if report.diagnostics), "file")
    parts = [f"Found {', '.join(counts)} in {files}", *_fixable(found)]
    failed = sum(1 for report in reports if report.failed)
    if failed:
        parts.append(f"{count(failed, 'file')} could not be checked")
    return "; ".join(parts)


def _fixable(found: Sequence[Diagnostic]) -> list[str]:
    fixes = Counter(diagnostic.fix.applicability for diagnostic in found if diagnostic.fix)
    safe, unsafe = fixes[Applicability.SAFE], fixes[Applicability.UNSAFE]
    if not safe:
        return [f"{unsafe} fixable with unsafe fixes"] if unsafe else []
    return [f"{safe} fixable" + (f", {unsafe} more with unsafe fixes" if unsafe else "")]
