from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.reports import SOURCES, fixes, replacing, rows_of, span
from torchdet.edit.apply import apply_fixes
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.source import SourceText
from torchdet.report.fix_diff import Hunk, fix_hunks

SOURCE = "import os\n\nmodel = Net()\nmodel.cuda()\nrun(model)\n"


def hunks(text: str, *pairs: tuple[str, str]) -> tuple[Hunk, ...] | None:
    return fix_hunks(replacing(text, *pairs), dict(rows_of(SourceText(text))))


def test_a_changed_row() -> None:
    assert hunks(SOURCE, (".cuda()", ".to(device)")) == (
        Hunk(4, 4, ("model.cuda()",), ("model.to(device)",)),
    )


def test_two_edits_of_one_row_are_one_hunk() -> None:
    text = "a.cuda(), b.cuda()\n"
    assert hunks(text, ("a.cuda", "a.to"), ("b.cuda", "b.to")) == (
        Hunk(1, 1, ("a.cuda(), b.cuda()",), ("a.to(), b.to()",)),
    )


def test_rows_after_an_insertion_are_numbered_anew() -> None:
    assert hunks(SOURCE, ("\n\nmodel =", "\nimport rt\n\nmodel ="), ("cuda", "to")) == (
        Hunk(2, 2, (), ("import rt",)),
        Hunk(4, 5, ("model.cuda()",), ("model.to()",)),
    )


def test_a_deleted_row() -> None:
    assert hunks(SOURCE, ("model.cuda()\n", "")) == (Hunk(4, 4, ("model.cuda()",), ()),)


def test_an_edit_of_an_unknown_row_has_no_diff() -> None:
    fix = replacing(SOURCE, (".cuda()", ".to(device)"))
    assert fix_hunks(fix, {3: "model = Net()"}) is None


def test_rows_joined_by_any_newline() -> None:
    source = SourceText("a\rb\r\nc\n")
    fix = Fix("", Applicability.SAFE, (TextEdit(span(source, 0, 1), "x\r\ny"),))
    assert fix_hunks(fix, dict(rows_of(source))) == (Hunk(1, 1, ("a",), ("x", "y")),)


@settings(deadline=None)
@given(st.data())
def test_hunks_turn_the_old_rows_into_the_fixed_ones(data: st.DataObject) -> None:
    source = data.draw(SOURCES)
    fix = data.draw(fixes(source))
    old = rows_of(source)
    found = fix_hunks(fix, dict(old))
    assert found is not None
    rows = [text for _, text in old]
    for hunk in reversed(found):
        assert tuple(rows[hunk.row - 1 : hunk.row - 1 + len(hunk.removed)]) == hunk.removed
        rows[hunk.row - 1 : hunk.row - 1 + len(hunk.removed)] = hunk.added
    fixed = apply_fixes("\n".join(text for _, text in old), [_moved(fix, source)]).text
    expected = SourceText(fixed)
    assert rows == [expected.line(row) for row in range(1, expected.row_count + 1)]
    for hunk in found:
        assert tuple(rows[hunk.new_row - 1 :][: len(hunk.added)]) == hunk.added


def _moved(fix: Fix, source: SourceText) -> Fix:
    """``fix`` for the text whose rows are joined by a single newline each."""
    joined = SourceText("\n".join(text for _, text in rows_of(source)))
    edits = [
        TextEdit(
            span(joined, *(joined.offset(place.row, place.column) for place in edit.span)),
            edit.content,
        )
        for edit in fix.edits
    ]
    return Fix(fix.message, fix.applicability, tuple(edits))
