from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from tests.report.reports import LINES
from torchdet.report.display_line import Window, display_line, window_around


@pytest.mark.parametrize(
    ("text", "shown", "columns"),
    [
        ("a\tb", "a   b", (0, 1, 4, 5)),
        ("\t\tb", "        b", (0, 4, 8, 9)),
        ("中\tb", "中  b", (0, 2, 4, 5)),
        ("e\u0301x", "e\u0301x", (0, 1, 1, 2)),
        ("a\x0cb\x1b[0m", "a␌b␛[0m", (0, 1, 2, 3, 4, 5, 6, 7)),
        ("a\u202eb", "a\ufffdb", (0, 1, 2, 3)),
    ],
)
def test_layout(text: str, shown: str, columns: tuple[int, ...]) -> None:
    line = display_line(text)
    assert line.crop(Window()) == shown
    assert line.columns == columns


# Emoji that variation selectors join take one or two columns, depending on the terminal, so the
# comparison of single characters with whole strings keeps to letters.
@given(st.text(st.characters(categories=("L", "Nd", "Zs"), max_codepoint=0xFFFF)))
def test_characters_add_up_to_the_width_of_their_line(text: str) -> None:
    line = display_line(text)
    assert line.width == wcswidth(line.crop(Window()))


@given(LINES, st.integers(0, 300), st.integers(0, 60))
def test_a_window_shows_its_column_and_no_more_than_its_limit(
    text: str, index: int, length: int
) -> None:
    limit = 80
    line = display_line(text)
    column, end = line.column(index), line.column(index + length)
    window = window_around(column, end, line.width, limit)
    shown = line.crop(window)
    assert display_line(shown).width <= limit + 2
    assert window.place(column) <= window.place(end) <= limit + 1
    if index < len(text) and line.cells[index].strip() and "\ufffd" not in line.cells[index]:
        assert line.cells[index] in shown
    if line.width <= limit:
        assert shown == "".join(line.cells)
