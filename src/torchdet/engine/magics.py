"""Lines of a notebook's cell that IPython reads and Python does not: ``%time``, ``!ls``, ``x?``."""

from __future__ import annotations

import ast
import re
import warnings

_LINE = re.compile(r"[ \t]*[%!?]|.*\?[ \t]*$|[ \t]*(?:pip|conda|mamba|ls|cd|pwd|cat|mkdir|cp|mv) ")
_ASSIGNED = re.compile(r"([ \t]*\w+)[ \t]*=[ \t]*[%!]")
_CELL = re.compile(r"%%(?P<name>\w+)")
_OF_PYTHON = frozenset(
    {"capture", "debug", "memit", "mprun", "prun", "snakeviz", "time", "timeit", "wandb"}
)
"""Cell magics whose cell is Python that runs in the notebook's own process."""

_MARK = "# IPython: "


class Magics:
    """Puts Python in the place of each such line, and the lines back again.

    >>> magics = Magics()
    >>> magics.hide("%time x = 1\\ny = 2")
    'pass  # IPython: %time x = 1\\ny = 2'
    >>> magics.show("pass  # IPython: %time x = 1\\ny = 3")
    '%time x = 1\\ny = 3'
    """

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}

    def hide(self, source: str) -> str:
        """The ``source`` of a cell with nothing in it that is not Python's, row by row."""
        lines = source.split("\n")
        first = next((row for row, line in enumerate(lines) if line.strip()), 0)
        cell = _CELL.match(lines[first])
        if cell is not None:
            whole = cell["name"] not in _OF_PYTHON
            for row in range(first, len(lines) if whole else first + 1):
                self._hide(lines, row, "")
        while (error := _row_of_error(lines)) is not None and _may_be_magic(lines[error]):
            row = error
            while row < len(lines) and _may_be_magic(lines[row]):
                row = self._hide_statement(lines, row)
        return "\n".join(lines)

    def show(self, text: str) -> str:
        """``text`` with the lines that were hidden."""
        return "\n".join(self._lines.get(line, line) for line in text.split("\n"))

    def _hide_statement(self, lines: list[str], row: int) -> int:
        """Hide the line at ``row`` and those that it goes on in; the row after them."""
        line = lines[row]
        assigned = _ASSIGNED.match(line)
        indent = line[: len(line) - len(line.lstrip())]
        # What is assigned stays bound, to something that nothing is known of.
        self._hide(lines, row, f"{assigned[1]} = ...  " if assigned else f"{indent}pass  ")
        while line.endswith("\\") and row + 1 < len(lines):
            row += 1
            line = lines[row]
            self._hide(lines, row, "")
        return row + 1

    def _hide(self, lines: list[str], row: int, instead: str) -> None:
        hidden = f"{instead}{_MARK}{lines[row].strip()}"
        self._lines[hidden] = lines[row]
        lines[row] = hidden


def _may_be_magic(line: str) -> bool:
    if _MARK in line:
        return False
    return _LINE.match(line) is not None or _ASSIGNED.match(line) is not None


def _row_of_error(lines: list[str]) -> int | None:
    """The row, from 0, at which Python ceases to understand; None where it understands all.

    Of a statement over rows that end in a backslash it is the first.
    """
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile("\n".join(lines), "<cell>", "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        row = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
        while row > 0 and lines[row - 1].endswith("\\"):
            row -= 1
        return row
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
