"""The files that ``torchdet lint`` has checked, and what their configurations make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torchdet.engine.discover import SourceFile
from torchdet.model.config import Policy
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.reading.test_files import is_test_file
from torchdet.report.raw_imports import is_raw_import


@dataclass(frozen=True, slots=True)
class Checked:
    """The reports on ``files``, and on paths that could not be looked at."""

    reports: tuple[FileReport, ...]
    files: tuple[SourceFile, ...]

    def tests(self) -> frozenset[str]:
        """The paths of the files that are tests."""
        return frozenset(
            file.path
            for file in self.files
            if is_test_file(file.path, file.module_name, file.config)
        )

    def undecided(self) -> frozenset[str]:
        """The paths of the files whose project has chosen no policy."""
        return frozenset(file.path for file in self.files if file.config.policy is Policy.UNDECIDED)

    def without_raw_imports(self) -> tuple[Checked, int]:
        """The same without what only a project with a policy would change, and how much that was.

        Where the rule was asked for by its name, its findings are warnings and stay.
        """
        undecided = self.undecided()
        reports = tuple(
            replace(
                report,
                diagnostics=tuple(d for d in report.diagnostics if not is_raw_import(d)),
            )
            if report.path in undecided
            else report
            for report in self.reports
        )
        left_out = sum(len(report.diagnostics) for report in self.reports) - sum(
            len(report.diagnostics) for report in reports
        )
        return replace(self, reports=reports), left_out

    def fails(self, fail_on: Severity | None) -> bool:
        """Whether a file has a finding as grave as ``fail_on``, or as its configuration says."""
        least: Mapping[str, Severity] = {file.path: file.config.fail_on for file in self.files}
        return any(
            diagnostic.severity.reaches(fail_on or least[report.path])
            for report in self.reports
            for diagnostic in report.findings
        )
