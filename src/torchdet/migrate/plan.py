"""The second phase: which changes are made and which are refused, over the whole project.

Pure: surveys in, plans out. Nothing is read, and no file is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torchdet.edit.apply import EditSet
from torchdet.findings.project_conditions import Condition
from torchdet.migrate.file_survey import Change, FileSurvey
from torchdet.model.fix import Fix, TextEdit
from torchdet.model.migration import Refusal


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What is to be done to one file: ``changes`` in the order of the text.

    ``handle`` are the edits that bind the handle, if one of them needs it. ``refusals`` are the
    findings that stay.
    """

    path: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    handle: Fix | None = None

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """What to apply, the binding of the handle first."""
        bound = () if self.handle is None else (self.handle,)
        return (*bound, *(change.fix for change in self.changes))


def plan_files(
    surveys: Iterable[FileSurvey], violated: frozenset[Condition], *, unsafe: bool
) -> tuple[FilePlan, ...]:
    """What is to be done to each file. ``violated`` are the conditions that do not hold."""
    return tuple(_plan_file(survey, violated, unsafe) for survey in surveys)


def demanded(surveys: Iterable[FileSurvey]) -> frozenset[Condition]:
    """Every condition on which a change of ``surveys`` depends."""
    return frozenset(
        condition
        for survey in surveys
        for change in survey.changes
        for variant in change.variants
        for condition in variant.conditions
    )


def _plan_file(survey: FileSurvey, violated: frozenset[Condition], unsafe: bool) -> FilePlan:
    refusals = list(survey.refusals)
    allowed: list[Change] = []
    for preferred in survey.changes:
        change = _possible(preferred, violated)
        against = next((each for each in change.conditions if each in violated), None)
        if against is not None:
            refusals.append(_refused(change, against.reason, against.advice))
        elif change.unsafe and not unsafe:
            refusals.append(_refused(change, *_UNSAFE))
        else:
            allowed.append(change)
    changes = _compatible(allowed, survey.handle)
    handle = survey.handle if any(change.needs_handle for change in changes) else None
    ordered = sorted(refusals, key=lambda refusal: (refusal.location.offset, refusal.code))
    return FilePlan(survey.path, changes, tuple(ordered), handle)


def _possible(change: Change, violated: frozenset[Condition]) -> Change:
    """The first variant of ``change`` whose conditions hold; the last one where none does."""
    *_, last = change.variants
    possible = (each for each in change.variants if violated.isdisjoint(each.conditions))
    return next(possible, last)


_UNSAFE = (
    "the change may alter what the program does",
    "look at it with `--unsafe-fixes --diff`, and make it with `--unsafe-fixes`",
)


def _refused(change: Change, reason: str, advice: str) -> Refusal:
    return Refusal(change.code, change.span.start, reason, advice)


def _compatible(changes: Sequence[Change], handle: Fix | None) -> tuple[Change, ...]:
    """``changes`` without those whose edits overlap a larger one's, in their order.

    Those that overlap the edits of the ``handle`` wait until it is bound, if another change needs
    it: an unused import may go together with the blank rows below it, where the handle is put. What
    is left out is found again in the next round, if it is still there.
    """
    if handle is not None and any(change.needs_handle for change in changes):
        beside = _disjoint(changes, handle.edits)
        if any(change.needs_handle for change in beside):
            return beside
    return _disjoint(changes, ())


def _disjoint(changes: Sequence[Change], around: Iterable[TextEdit]) -> tuple[Change, ...]:
    """As many of ``changes`` as overlap neither each other nor ``around``, the largest first."""
    taken = EditSet()
    for edit in around:
        taken.add(edit)
    chosen: set[int] = set()
    by_size = sorted(range(len(changes)), key=lambda index: -_largest(changes[index].fix))
    for index in by_size:
        edits = changes[index].fix.edits
        if not any(map(taken.overlap, edits)):
            chosen.add(index)
            for edit in edits:
                taken.add(edit)
    return tuple(change for index, change in enumerate(changes) if index in chosen)


def _largest(fix: Fix) -> int:
    return max((edit.span.end.offset - edit.span.start.offset for edit in fix.edits), default=0)
