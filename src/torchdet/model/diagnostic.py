"""What a check of one file yields: diagnostics, and the report that holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from torchdet.model.cells import Cell, cell_at
from torchdet.model.documentation import rule_url
from torchdet.model.fix import Fix
from torchdet.model.location import Span


class Severity(Enum):
    """How much a diagnostic matters: what breaks, what drifts, what is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    def reaches(self, least: Severity) -> bool:
        """Whether this is as grave as ``least`` or graver."""
        return _BY_GRAVITY.index(self) <= _BY_GRAVITY.index(least)


_BY_GRAVITY = tuple(Severity)


class Confidence(Enum):
    """How sure a rule is that its finding is one.

    ``CERTAIN``: what the file says leaves no doubt. ``LIKELY``: it rests on what such code
    usually means, such as a parameter of ``forward`` being a tensor.
    """

    CERTAIN = "certain"
    LIKELY = "likely"

    def reaches(self, least: Confidence) -> bool:
        """Whether this is as sure as ``least`` or surer."""
        return self is Confidence.CERTAIN or least is Confidence.LIKELY


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding at one place, or one ``failure``: something that could not be checked there.

    ``noqa_row`` is the row on which ``# noqa`` belongs. ``context`` is the dotted name of the
    functions and classes around the place (empty at module level): with the text of the line it
    identifies the finding in a baseline after lines have moved.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    noqa_row: int
    context: str = ""
    fix: Fix | None = None
    confidence: Confidence = Confidence.CERTAIN
    failure: bool = False

    @property
    def url(self) -> str:
        """The rule's documentation page."""
        return rule_url(self.name)


@dataclass(frozen=True, slots=True)
class FileReport:
    """All that is to be said of one file.

    Failures are among the ``diagnostics``: the one that says why the file could not be checked at
    all, and those of single rules, beside which all findings of the others stand. ``lines`` holds
    the text of the rows that the diagnostics and their edits touch, keyed by one-based row, so
    that a renderer needs no second look at the file. ``suppressed`` counts what a comment or a
    baseline silenced. ``cells`` are those of a notebook: all rows are rows of the text that its
    code makes.
    """

    path: str
    diagnostics: tuple[Diagnostic, ...] = ()
    lines: tuple[tuple[int, str], ...] = ()
    suppressed: int = 0
    cells: tuple[Cell, ...] = ()

    def cell(self, row: int) -> int | None:
        """The number of the cell that ``row`` stands in; None in a file without cells."""
        found = cell_at(self.cells, row)
        return None if found is None else found.number

    def row(self, row: int) -> int:
        """``row`` as it is counted in the cell that it stands in, or in the file."""
        found = cell_at(self.cells, row)
        return row if found is None else row - found.row

    def file_row(self, row: int) -> int:
        """Where ``row`` begins in the file itself, as it lies on the disk."""
        found = cell_at(self.cells, row)
        if found is None:
            return row
        return found.file_rows[min(row - found.row, len(found.file_rows)) - 1]

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that say something about the file."""
        return tuple(each for each in self.diagnostics if not each.failure)

    @property
    def failures(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that say what could not be checked."""
        return tuple(each for each in self.diagnostics if each.failure)

    def without_findings(self) -> FileReport:
        """What could not be checked, and nothing else."""
        return replace(self, diagnostics=self.failures)

    @property
    def failed(self) -> bool:
        """Whether the file, or a part of it, could not be checked."""
        return any(each.failure for each in self.diagnostics)
