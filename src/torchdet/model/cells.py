"""The cells of a notebook, in the text that their code makes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple


class Cell(NamedTuple):
    """One cell: the ``row`` of the text above its first, and its one-based ``number``.

    ``file_rows`` are the rows of the notebook's file in which its rows begin.
    """

    row: int
    number: int
    file_rows: tuple[int, ...] = ()


def cell_at(cells: Sequence[Cell], row: int) -> Cell | None:
    """The cell that ``row`` of the text stands in; None in a file without cells.

    >>> cell_at((Cell(1, 1), Cell(5, 3)), 7)
    Cell(row=5, number=3, file_rows=())
    """
    if not cells:
        return None
    return cells[max(bisect_right([cell.row for cell in cells], row) - 1, 0)]
