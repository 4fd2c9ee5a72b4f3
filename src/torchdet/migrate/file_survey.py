"""What is known of one file between the phases: spans and texts, no trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.findings.project_conditions import Condition
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.fix import Fix
from torchdet.model.location import Span
from torchdet.model.migration import Refusal


@dataclass(frozen=True, slots=True)
class Change:
    """A rewrite as edits of the text. ``span`` is the place of the finding that it mends.

    ``otherwise`` is made in its place where one of ``conditions`` does not hold.
    """

    code: str
    span: Span
    fix: Fix
    needs_handle: bool = False
    unsafe: bool = False
    conditions: tuple[Condition, ...] = ()
    otherwise: Change | None = None

    @property
    def variants(self) -> Iterator[Change]:
        """The change itself, and what is made otherwise."""
        variant: Change | None = self
        while variant is not None:
            yield variant
            variant = variant.otherwise


@dataclass(frozen=True, slots=True)
class FileSurvey:
    """What the survey of one file found.

    ``changes`` and ``refusals`` together are all the findings, in the order of the text.
    ``handle`` are the edits that bind the handle at module level: None where it is bound already,
    or where no change needs it. ``failed`` is the report on a file that cannot be surveyed,
    ``faults`` are the failures of single rules and codemods, beside which all the rest stands.
    """

    path: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    handle: Fix | None = None
    failed: FileReport | None = None
    faults: tuple[Diagnostic, ...] = ()
