"""The second phase: which changes are made and which are refused, over the whole project.

Pure: surveys in, plans out. Nothing is read, and no file is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torchdet.edit.apply import EditSet
from torchdet.findings.project_conditions import Condition
from torchdet.migrate.file_survey import Change, FileSurvey, NameBindings
from torchdet.model.fix import Fix, TextEdit
from torchdet.model.migration import Refusal


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What is to be done to one file: ``changes`` in the order of the text.

    ``names`` binds what they use at module level. ``refusals`` are the findings that stay.
    """

    path: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    names: NameBindings = field(default_factory=NameBindings)

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """What to apply."""
        return self.fixes_of(self.changes)

    def fixes_of(self, changes: Sequence[Change]) -> tuple[Fix, ...]:
        """What to apply for some of the changes: first what binds the names that they use."""
        binding = self.names.needed_by(changes)
        return (*(() if binding is None else (binding,)), *(change.fix for change in changes))


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
    changes = _compatible(allowed, survey.names)
    ordered = sorted(refusals, key=lambda refusal: (refusal.location.offset, refusal.code))
    return FilePlan(survey.path, changes, tuple(ordered), survey.names)


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


def _compatible(changes: Sequence[Change], names: NameBindings) -> tuple[Change, ...]:
    """``changes`` without those whose edits overlap a larger one's, in their order.

    Those that overlap what binds the ``names`` wait until they are bound, if another change needs
    them: an unused import may go together with the blank rows below it, where the handle is put.
    What is left out is found again in the next round, if it is still there.
    """
    binding = names.needed_by(changes)
    if binding is not None:
        beside = _disjoint(changes, binding.edits)
        if any(change.needs_handle or change.needs_torch for change in beside):
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
