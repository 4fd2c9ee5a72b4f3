"""The plan: which changes are made, over the whole project."""

from __future__ import annotations

from dataclasses import replace

from torchdet.findings.project_conditions import NotReadElsewhere
from torchdet.migrate.file_survey import Change, FileSurvey, NameBindings
from torchdet.migrate.plan import demanded, plan_files
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Location, Span

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
    needs_handle: bool = False,
    unsafe: bool = False,
    conditions: tuple[NotReadElsewhere, ...] = (),
) -> Change:
    edits = fix((start, end, "x"))
    return Change(
        "DET301",
        span(start, end),
        edits,
        needs_handle,
        unsafe=unsafe,
        conditions=conditions,
    )


def test_a_change_inside_a_larger_one_waits_for_the_next_round() -> None:
    inner, outer, apart = change(4, 6), change(0, 10), change(12, 14)
    (plan,) = plan_files([FileSurvey("a.py", (inner, outer, apart))], frozenset(), unsafe=False)
    assert plan.changes == (outer, apart)
    assert plan.refusals == ()


def test_changes_that_only_touch_are_made_together() -> None:
    left, right = change(0, 4), change(4, 6)
    (plan,) = plan_files([FileSurvey("a.py", (left, right))], frozenset(), unsafe=False)
    assert plan.changes == (left, right)


def test_what_goes_where_the_handle_is_bound_waits_until_it_is() -> None:
    binding = fix((8, 8, "rt = get_torch_handle()\n"))
    needing, unused = change(14, 16, needs_handle=True), change(0, 10)
    survey = FileSurvey("a.py", (unused, needing), names=NameBindings(handle=binding))
    (plan,) = plan_files([survey], frozenset(), unsafe=False)
    assert plan.fixes == (binding, needing.fix)


def test_what_goes_does_not_wait_for_a_handle_that_nobody_needs() -> None:
    binding = fix((8, 8, "rt = get_torch_handle()\n"))
    needing, unused = change(14, 16, needs_handle=True, unsafe=True), change(0, 10)
    survey = FileSurvey("a.py", (unused, needing), names=NameBindings(handle=binding))
    (plan,) = plan_files([survey], frozenset(), unsafe=False)
    assert plan.fixes == (unused.fix,)


def test_the_handle_is_bound_only_for_changes_that_need_it_and_are_made() -> None:
    binding = fix((0, 0, "rt = get_torch_handle()\n"))
    needing = change(4, 6, needs_handle=True, conditions=(CONDITION,))
    survey = FileSurvey("a.py", (needing, change(8, 9)), names=NameBindings(handle=binding))
    (kept,) = plan_files([survey], frozenset(), unsafe=False)
    (refused,) = plan_files([survey], frozenset({CONDITION}), unsafe=False)
    assert kept.fixes[0] is binding
    assert binding not in refused.fixes
    assert len(refused.fixes) == 1


def test_names_that_changes_share_an_import_for_come_in_one() -> None:
    handle, torch, both = (fix((0, 0, f"from kit import {name}\n")) for name in ("a", "b", "a, b"))
    uses, imports = change(4, 6, needs_handle=True), change(8, 9)
    imports = replace(imports, needs_torch=True)
    for changes, binding in (((uses,), handle), ((imports,), torch), ((uses, imports), both)):
        survey = FileSurvey("a.py", changes, names=NameBindings(handle, torch, both))
        (plan,) = plan_files([survey], frozenset(), unsafe=False)
        assert plan.fixes[0] is binding


def test_a_change_whose_condition_does_not_hold_is_refused_with_the_reason() -> None:
    survey = FileSurvey("a.py", (change(4, 6, conditions=(CONDITION,)),))
    (plan,) = plan_files([survey], frozenset({CONDITION}), unsafe=False)
    assert plan.changes == ()
    (refusal,) = plan.refusals
    assert (refusal.code, refusal.location.offset) == ("DET301", 4)
    assert "`DEVICE` of `kit.config`" in refusal.reason
    assert refusal.advice


def test_unsafe_changes_are_made_only_when_asked_for() -> None:
    survey = FileSurvey("a.py", (change(4, 6, unsafe=True),))
    (careful,) = plan_files([survey], frozenset(), unsafe=False)
    (bold,) = plan_files([survey], frozenset(), unsafe=True)
    assert (len(careful.changes), len(careful.refusals)) == (0, 1)
    assert (len(bold.changes), len(bold.refusals)) == (1, 0)


def test_every_condition_of_every_file_is_demanded_once() -> None:
    other = NotReadElsewhere("kit.config", "SEED")
    surveys = [
        FileSurvey("a.py", (change(0, 1, conditions=(CONDITION, other)),)),
        FileSurvey("b.py", (change(0, 1, conditions=(CONDITION,)),)),
    ]
    assert demanded(surveys) == {CONDITION, other}
