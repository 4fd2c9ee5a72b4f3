"""The second phase: which changes are made and which are refused, over the whole project.

Pure: surveys in, plans out. Nothing is read, and no file is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torchdet.findings.project_conditions import Condition
from torchdet.migrate.file_survey import Change, FileSurvey
from torchdet.model.migration import Refusal


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What is to be done to one file: ``changes`` in the order of the text, some of which overlap.

    ``refusals`` are the findings that stay.
    """

    path: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def demanded(surveys: Iterable[FileSurvey]) -> frozenset[Condition]:
    """Every condition on which a change of ``surveys`` depends."""
    return frozenset(
        condition
        for survey in surveys
        for change in survey.changes
        for variant in change.variants
        for condition in variant.conditions
    )


def plan_file(survey: FileSurvey, violated: frozenset[Condition], *, unsafe: bool) -> FilePlan:
    """What is to be done to one file. ``violated`` are the conditions that do not hold."""
    refusals = list(survey.refusals)
    allowed: list[Change] = []
    for preferred in survey.changes:
        change = _possible(preferred, violated)
        against = next((each for each in change.conditions if each in violated), None)
        if against is not None:
            refusals.append(_refused(change, against.reason, against.advice))
        elif change.risk is not None and not unsafe:
            refusals.append(_refused(change, change.risk.reason, change.risk.advice))
        else:
            allowed.append(change)
    ordered = sorted(refusals, key=lambda refusal: (refusal.location.offset, refusal.code))
    return FilePlan(survey.path, tuple(allowed), tuple(ordered))


def _possible(change: Change, violated: frozenset[Condition]) -> Change:
    """The first variant of ``change`` whose conditions hold; the last one where none does."""
    *_, last = change.variants
    possible = (each for each in change.variants if violated.isdisjoint(each.conditions))
    return next(possible, last)


def _refused(change: Change, reason: str, advice: str) -> Refusal:
    return Refusal(change.code, change.span.start, reason, advice)
