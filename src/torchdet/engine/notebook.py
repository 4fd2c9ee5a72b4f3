"""A Jupyter notebook as one module of Python, and the module's text back in its cells.

The cells stand in their order, each below a comment that tells its number. An edit may touch any of
them; a text in which the comments no longer stand as they did is given back to no notebook. Of the
file, only the sources of changed cells change: not their outputs, not any metadata, not the layout.
"""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torchdet.engine.magics import Magics
from torchdet.engine.notebook_json import (
    JsonSpan,
    rows_of_lines,
    source_spans,
    value_at,
    written_like,
)
from torchdet.model.cells import Cell
from torchdet.model.source import DecodeError, EncodeError, SourceText

_FORMAT = 4
_LANGUAGES = frozenset({"python", "ipython", "python3"})


@dataclass(frozen=True, slots=True)
class _CodeCell:
    """A cell with code: its number, its source, and the source's place in the JSON."""

    number: int
    source: str
    span: JsonSpan


class NotebookText(SourceText):
    """The code of a notebook as text; ``encode`` gives the notebook with another text in it."""

    def __init__(
        self, text: str, document: str, cells: Sequence[_CodeCell], magics: Magics, prefix: str
    ) -> None:
        super().__init__(text)
        self._document = document
        self._code = tuple(cells)
        self._magics = magics
        self._prefix = prefix

    @classmethod
    def decode(cls, data: bytes) -> NotebookText:
        """Read a notebook. Raises ``DecodeError`` for what is none, or none of Python's."""
        try:
            document = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8, as notebooks are: {error.reason}") from None
        magics = Magics()
        cells = _code_cells(document)
        prefix = _prefix(cells)
        blocks = [_block(prefix, cell.number, magics.hide(cell.source)) for cell in cells]
        return cls("".join(blocks), document, cells, magics, prefix)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Where each cell begins in the text: at the comment above it."""
        marks = {f"{self._prefix}{cell.number}": cell for cell in self._code}
        rows = ((row, self.line(row)) for row in range(1, self.row_count + 1))
        return tuple(
            Cell(row, marks[line].number, rows_of_lines(self._document, marks[line].span))
            for row, line in rows
            if line in marks
        )

    def with_text(self, text: str) -> NotebookText:
        """The same notebook with another ``text`` of its code."""
        return NotebookText(text, self._document, self._code, self._magics, self._prefix)

    def encode(self, text: str) -> bytes:
        """The notebook with ``text`` in its cells.

        Raises ``EncodeError`` where the cells of ``text`` are not those of the notebook.
        """
        parts: list[str] = []
        done = 0
        for cell, source in zip(self._code, self._sources(text), strict=True):
            if source != cell.source:
                before = self._document[cell.span.start : cell.span.end]
                parts += (self._document[done : cell.span.start], written_like(before, source))
                done = cell.span.end
        document = "".join((*parts, self._document[done:]))
        try:
            return document.encode()
        except UnicodeEncodeError:
            raise EncodeError("UTF-8 cannot express a lone surrogate") from None

    def _sources(self, text: str) -> list[str]:
        """The sources of the cells that ``text`` is made of."""
        bodies: list[list[str]] = []
        above: list[str] = []
        marks = [f"{self._prefix}{cell.number}" for cell in self._code]
        for line in text.removesuffix("\n").split("\n"):
            if len(bodies) < len(marks) and line == marks[len(bodies)]:
                bodies.append([])
            elif bodies:
                bodies[-1].append(line)
            else:
                above.append(line)
        if len(bodies) != len(marks):
            raise EncodeError("an edit crosses the border of two cells")
        if bodies and above:  # what was put before everything belongs to the first cell
            bodies[0] = above + bodies[0]
        return [self._magics.show("\n".join(body)) for body in bodies]


def _block(prefix: str, number: int, source: str) -> str:
    return f"{prefix}{number}\n{source}\n"


def _prefix(cells: Sequence[_CodeCell]) -> str:
    """The beginning of the comments above cells, which begins no line of a cell."""
    prefix = "# %% cell "
    while any(prefix in cell.source for cell in cells):
        prefix = f"{prefix}."
    return prefix


def _code_cells(document: str) -> list[_CodeCell]:
    """The cells with code of a notebook. Raises ``DecodeError`` for what is none of Python's."""
    import nbformat
    from nbformat.reader import NotJSONError
    from nbformat.validator import NotebookValidationError, ValidationError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about identifiers of cells, which are not ours to add
            read: Callable[..., object] = nbformat.reads
            notebook = read(document, as_version=nbformat.NO_CONVERT)
    except (
        *(NotJSONError, NotebookValidationError, ValidationError),
        *(ValueError, AttributeError, KeyError, TypeError),
    ) as error:
        raise DecodeError(f"not a notebook: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise DecodeError("not a notebook: its JSON is nested too deeply") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != _FORMAT:
        raise DecodeError("not a notebook of format 4; open it in Jupyter and save it")
    language = _language(notebook.get("metadata"))
    if language is not None and language.lower() not in _LANGUAGES:
        raise DecodeError(f"a notebook of {language}, not of Python")
    cells = notebook.get("cells", [])
    code = []
    for number, (cell, span) in enumerate(zip(cells, source_spans(document), strict=True), start=1):
        if cell.get("cell_type") == "code" and span is not None:
            if value_at(document, span) != cell["source"]:
                raise DecodeError(f"not a notebook: cell {number} has several sources")
            code.append(_CodeCell(number, cell["source"], span))
    return code


def _language(metadata: object) -> str | None:
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        table = metadata.get(key) if isinstance(metadata, dict) else None
        value = table.get(name) if isinstance(table, dict) else None
        if isinstance(value, str):
            return value
    return None
