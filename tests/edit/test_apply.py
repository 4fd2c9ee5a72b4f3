"""Fixes applied to text, as properties."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from torchdet.edit.apply import apply_fixes
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Span
from torchdet.model.source import SourceText

TEXT = "".join(chr(0x4E00 + number) for number in range(30))
"""Characters that all differ, so that each can be found again."""


def edit(start: int, end: int, content: str) -> TextEdit:
    source = SourceText(TEXT)
    return TextEdit(Span(source.location(start), source.location(end)), content)


def fix(*edits: TextEdit) -> Fix:
    return Fix("Fix it", Applicability.SAFE, edits)


def span(one: TextEdit) -> tuple[int, int]:
    return one.span.start.offset, one.span.end.offset


@st.composite
def fixes(draw: st.DrawFn) -> Fix:
    """A fix with up to three edits that are sorted and do not overlap."""
    places = sorted(draw(st.lists(st.integers(0, len(TEXT)), min_size=2, max_size=6)))
    content = st.text("xyz", max_size=2)
    edits = [edit(a, b, draw(content)) for a, b in list(pairwise(places))[::2]]
    return fix(*edits)


FIXES = st.lists(fixes(), max_size=8)


def touched(one: Fix) -> set[int]:
    return {offset for e in one.edits for offset in range(*span(e))}


@given(FIXES)
def test_characters_outside_of_the_edits_stay_in_their_order(given_fixes: list[Fix]) -> None:
    result = apply_fixes(TEXT, given_fixes)
    gone = set().union(*(touched(one) for one in result.applied))
    kept = [character for character in result.text if character in TEXT]
    assert kept == [c for offset, c in enumerate(TEXT) if offset not in gone]


@given(FIXES)
def test_fixes_are_applied_as_a_whole_or_not_at_all(given_fixes: list[Fix]) -> None:
    result = apply_fixes(TEXT, given_fixes)
    assert sorted(map(id, (*result.applied, *result.skipped))) == sorted(map(id, given_fixes))
    inserted = sum(len(e.content) for one in result.applied for e in one.edits)
    removed = sum(len(touched(one)) for one in result.applied)
    assert len(result.text) == len(TEXT) + inserted - removed


def overlap(left: TextEdit, right: TextEdit) -> bool:
    (a, b), (c, d) = span(left), span(right)
    return (a < d and c < b) or (span(left) == span(right) and left.content == right.content)


@given(FIXES)
def test_what_is_skipped_overlaps_an_earlier_fix_and_nothing_else_is(
    given_fixes: list[Fix],
) -> None:
    applied: list[Fix] = []
    for one in given_fixes:
        if not any(overlap(e, o) for e in one.edits for other in applied for o in other.edits):
            applied.append(one)
    result = apply_fixes(TEXT, given_fixes)
    assert list(map(id, result.applied)) == list(map(id, applied))


@given(FIXES)
def test_splicing_from_the_back_gives_the_same_text(given_fixes: list[Fix]) -> None:
    result = apply_fixes(TEXT, given_fixes)
    edits = [e for one in result.applied for e in one.edits]
    text = TEXT
    for one in sorted(edits, key=span)[::-1]:  # stable: later insertions are put in first
        text = text[: span(one)[0]] + one.content + text[span(one)[1] :]
    assert result.text == text


@given(st.permutations(range(6)))
def test_the_order_of_fixes_that_do_not_overlap_makes_no_difference(order: list[int]) -> None:
    every = [
        fix(edit(0, 2, "a"), edit(28, 30, "b")),
        fix(edit(2, 2, "(")),
        fix(edit(3, 5, "")),
        fix(edit(5, 7, "cd"), edit(9, 9, ")")),
        fix(edit(10, 12, "e")),
        fix(edit(12, 12, "f"), edit(13, 14, "g")),
    ]
    result = apply_fixes(TEXT, [every[index] for index in order])
    assert result.skipped == ()
    assert result.text == apply_fixes(TEXT, every).text


def test_insertions_at_one_place_stand_in_the_order_given() -> None:
    first, second = fix(edit(4, 4, "a")), fix(edit(4, 4, "b"))
    assert "ab" in apply_fixes(TEXT, [first, second]).text
    assert "ba" in apply_fixes(TEXT, [second, first]).text


def test_insertions_beside_a_replacement_are_kept_on_their_side() -> None:
    result = apply_fixes(TEXT, [fix(edit(4, 6, "X")), fix(edit(6, 6, ")")), fix(edit(4, 4, "("))])
    assert result.text == f"{TEXT[:4]}(X){TEXT[6:]}"


def test_the_same_insertion_twice_is_made_once() -> None:
    twice = [fix(edit(0, 0, "import a\n"), edit(5, 6, "x")), fix(edit(0, 0, "import a\n"))]
    result = apply_fixes(TEXT, twice)
    assert result.applied == (twice[0],)
    assert result.text.count("import a") == 1


def test_nothing_to_do() -> None:
    assert apply_fixes("", []).text == ""
    assert apply_fixes(TEXT, [fix()]).text == TEXT


def test_many_fixes() -> None:
    """Looking for overlaps must not compare each with each."""
    text = "x" * 80_000
    source = SourceText(text)
    places = [source.location(offset) for offset in range(len(text))]
    many = [fix(TextEdit(Span(a, b), "y")) for a, b in zip(places[::4], places[1::4], strict=True)]
    result = apply_fixes(text, many)
    assert len(result.applied) == len(many)
    assert result.text == "yxxx" * 20_000
