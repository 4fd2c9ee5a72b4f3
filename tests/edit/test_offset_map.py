"""Places in a text before and after edits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from torchdet.edit.apply import apply_fixes
from torchdet.edit.offset_map import OffsetMap
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Location, Span

TEXT = "abcdefghijklmnopqrstuvwxyz"


def edit(start: int, end: int, content: str) -> TextEdit:
    return TextEdit(Span(Location(1, start + 1, start), Location(1, end + 1, end)), content)


@st.composite
def disjoint_edits(draw: st.DrawFn) -> list[TextEdit]:
    places = sorted(draw(st.lists(st.integers(0, len(TEXT)), max_size=8)))
    contents = st.sampled_from(["", "0", "12345"])
    return [
        edit(start, end, draw(contents))
        for start, end in zip(places[::2], places[1::2], strict=False)
    ]


@given(disjoint_edits())
def test_every_character_is_traced_to_where_it_stood(edits: list[TextEdit]) -> None:
    fixes = [Fix("", Applicability.SAFE, (each,)) for each in edits]
    applied = apply_fixes(TEXT, fixes)
    places = OffsetMap(each for fix in applied.applied for each in fix.edits)
    for offset, character in enumerate(applied.text):
        if character.isalpha():
            assert TEXT[places.origin(offset)] == character


def test_what_was_written_comes_from_what_it_replaced() -> None:
    places = OffsetMap([edit(2, 5, "1234")])
    assert [places.origin(offset) for offset in range(8)] == [0, 1, 2, 2, 2, 2, 5, 6]
