"""The plan: which changes are made, over the whole project."""

from __future__ import annotations

from torchdet.findings.base import Grounds
from torchdet.findings.project_conditions import NotReadElsewhere
from torchdet.migrate.file_survey import Change, FileSurvey
from torchdet.migrate.plan import demanded, plan_file
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Location, Span

RISK = Grounds("it may move", "make it with `--unsafe-fixes` if it may")
CONDITION = NotReadElsewhere("kit.config", "DEVICE")


def span(start: int, end: int) -> Span:
    return Span(Location(1, start + 1, start), Location(1, end + 1, end))


def fix(*edits: tuple[int, int, str]) -> Fix:
    texts = tuple(TextEdit(span(start, end), content) for start, end, content in edits)
    return Fix("write it otherwise", Applicability.SAFE, texts)


def change(
    start: int,
    end: int,
    *,
    unsafe: bool = False,
    conditions: tuple[NotReadElsewhere, ...] = (),
) -> Change:
    edits = fix((start, end, "x"))
    return Change(
        "DET301",
        span(start, end),
        edits,
        risk=RISK if unsafe else None,
        conditions=conditions,
    )


def test_a_change_whose_condition_does_not_hold_is_refused_with_the_reason() -> None:
    survey = FileSurvey("a.py", (change(4, 6, conditions=(CONDITION,)),))
    plan = plan_file(survey, frozenset({CONDITION}), unsafe=False)
    assert plan.changes == ()
    (refusal,) = plan.refusals
    assert (refusal.code, refusal.location.offset) == ("DET301", 4)
    assert "`DEVICE` of `kit.config`" in refusal.reason
    assert refusal.advice


def test_unsafe_changes_are_made_only_when_asked_for() -> None:
    survey = FileSurvey("a.py", (change(4, 6, unsafe=True),))
    careful = plan_file(survey, frozenset(), unsafe=False)
    bold = plan_file(survey, frozenset(), unsafe=True)
    (refusal,) = careful.refusals
    assert (careful.changes, refusal.reason, refusal.advice) == ((), RISK.reason, RISK.advice)
    assert (len(bold.changes), len(bold.refusals)) == (1, 0)


def test_every_condition_of_every_file_is_demanded_once() -> None:
    other = NotReadElsewhere("kit.config", "SEED")
    surveys = [
        FileSurvey("a.py", (change(0, 1, conditions=(CONDITION, other)),)),
        FileSurvey("b.py", (change(0, 1, conditions=(CONDITION,)),)),
    ]
    assert demanded(surveys) == {CONDITION, other}
