"""What the changes of one file need beside their own edits."""

from __future__ import annotations

from torchdet.migrate.file_survey import Change, FileSurvey, NameBindings
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Location, Span


def inserting(offset: int, text: str) -> Fix:
    place = Location(1, offset + 1, offset)
    return Fix("insert", Applicability.SAFE, (TextEdit(Span(place, place), text),))


HANDLE, TORCH, BOTH = (inserting(0, f"from kit import {names}\n") for names in ("a", "b", "a, b"))
TYPING = inserting(0, "from typing import TYPE_CHECKING\n")
SPAN = TYPING.edits[0].span
PLAIN = Change("DET301", SPAN, inserting(4, "x"))
USES = Change("DET301", SPAN, inserting(5, "rt"), needs_handle=True)
IMPORTS = Change("DET101", SPAN, inserting(6, "torch"), needs_torch=True, shared=TYPING)
SURVEY = FileSurvey("a.py", names=NameBindings(HANDLE, TORCH, BOTH))


def test_what_binds_names_depends_on_all_changes_that_are_made() -> None:
    assert SURVEY.shared_by([PLAIN]) == ()
    assert SURVEY.shared_by([PLAIN, USES, USES]) == (HANDLE,)
    assert SURVEY.shared_by([USES, IMPORTS]) == (BOTH, TYPING)


def test_an_import_that_several_changes_need_is_made_once() -> None:
    assert SURVEY.shared_by([IMPORTS, PLAIN, IMPORTS]) == (TORCH, TYPING)
