"""What is known of one file between the phases: spans and texts, no trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from torchdet.findings.base import Grounds
from torchdet.findings.project_conditions import Condition
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.fix import Fix
from torchdet.model.location import Span
from torchdet.model.migration import Refusal


@dataclass(frozen=True, slots=True)
class Change:
    """A rewrite as edits of the text. ``span`` is the place of the finding that it mends.

    ``otherwise`` is made in its place where one of ``conditions`` does not hold. ``shared`` is made
    with it, once for all changes that have the same.
    """

    code: str
    span: Span
    fix: Fix
    needs_handle: bool = False
    needs_torch: bool = False
    risk: Grounds | None = None
    conditions: tuple[Condition, ...] = ()
    otherwise: Change | None = None
    shared: Fix | None = None

    @property
    def variants(self) -> Iterator[Change]:
        """The change itself, and what is made otherwise."""
        variant: Change | None = self
        while variant is not None:
            yield variant
            variant = variant.otherwise


@dataclass(frozen=True, slots=True)
class NameBindings:
    """The edits that bind the handle, torch, or both at module level; None where none are needed.

    One import may bring both, so that it is known only with the changes what it has to bring.
    """

    handle: Fix | None = None
    torch: Fix | None = None
    both: Fix | None = None

    def needed_by(self, changes: Iterable[Change]) -> Fix | None:
        """What binds the names that ``changes`` use."""
        used = list(changes)
        handle = any(change.needs_handle for change in used)
        torch = any(change.needs_torch for change in used)
        if handle and torch:
            return self.both
        return self.handle if handle else self.torch if torch else None


@dataclass(frozen=True, slots=True)
class FileSurvey:
    """What the survey of one file found.

    ``changes`` and ``refusals`` together are all the findings, in the order of the text.
    ``names`` binds what they need at module level. ``runtime`` is the module of the package that
    the file imports them from, as it spells it. ``failed`` is the report on a file that cannot be
    surveyed, ``faults`` are the failures of single rules and codemods, beside which all the rest
    stands.
    """

    path: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    names: NameBindings = field(default_factory=NameBindings)
    runtime: str = ""
    failed: FileReport | None = None
    faults: tuple[Diagnostic, ...] = ()

    def shared_by(self, changes: Sequence[Change]) -> tuple[Fix, ...]:
        """What ``changes`` need beside their own edits: names that are bound, and imports."""
        binding = self.names.needed_by(changes)
        shared = dict.fromkeys((binding, *(change.shared for change in changes)))
        return tuple(fix for fix in shared if fix is not None)
