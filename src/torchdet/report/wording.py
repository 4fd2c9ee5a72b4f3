"""Words that several renderers share."""

from __future__ import annotations

from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.report.characters import printable


def place_and_row(report: FileReport, diagnostic: Diagnostic) -> str:
    """Where ``diagnostic`` stands: ``path:row``, in a notebook ``path:cell 3:row``."""
    row = diagnostic.span.start.row
    cell = report.cell(row)
    inside = "" if cell is None else f"cell {cell}:"
    return f"{printable(report.path)}:{inside}{report.row(row)}"


def count(number: int, noun: str) -> str:
    """``number`` with ``noun``, in the plural where it belongs.

    >>> count(1, "finding"), count(2, "finding")
    ('1 finding', '2 findings')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
