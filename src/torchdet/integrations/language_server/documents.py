"""What an editor has open: modules and notebooks, as torchdet reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText


class Document(Protocol):
    """Something open in an editor that torchdet checks as one file."""

    @property
    def path(self) -> str:
        """Where it is or will be saved."""

    def data(self) -> bytes:
        """What saving it now would write, as far as torchdet is concerned."""

    def uris(self) -> tuple[str, ...]:
        """The texts that it is made of, by what the editor calls them."""

    def place(self, report: FileReport, row: int) -> tuple[str, int]:
        """The text, and the row of it, that ``row`` of the ``report`` on the document is."""

    def line(self, uri: str, row: int) -> str:
        """The text of a row."""

    def texts(self, data: bytes) -> Mapping[str, str]:
        """The texts of the document that ``data`` would be."""


def _row(text: str, row: int) -> str:
    source = _source(text)
    return source.line(row) if row <= source.row_count else ""


@lru_cache(maxsize=8)
def _source(text: str) -> SourceText:
    return SourceText(text)


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file."""

    uri: str
    path: str
    text: str

    def data(self) -> bytes:
        """Editors send text, so it is UTF-8 whatever the file declares."""
        return self.text.encode("utf-8", "replace")

    def uris(self) -> tuple[str, ...]:
        """The file alone."""
        return (self.uri,)

    def place(self, _report: FileReport, row: int) -> tuple[str, int]:
        """The same row of the file."""
        return self.uri, row

    def line(self, _uri: str, row: int) -> str:
        """The text of a row."""
        return _row(self.text, row)

    def texts(self, data: bytes) -> Mapping[str, str]:
        """The text of the file."""
        return {self.uri: data.decode()}


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """A cell: what the editor calls it, its text, and whether it is code."""

    uri: str
    text: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook, whose cells are texts of their own to an editor."""

    path: str
    cells: Sequence[NotebookCell]

    def data(self) -> bytes:
        """A notebook with these cells; outputs and metadata stay in the editor."""
        cells = [
            {"cell_type": "code", "source": cell.text, "metadata": {}, "outputs": []}
            | {"execution_count": None}
            if cell.is_code
            else {"cell_type": "markdown", "source": cell.text, "metadata": {}}
            for cell in self.cells
        ]
        document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        return json.dumps(document).encode()

    def uris(self) -> tuple[str, ...]:
        """Each cell."""
        return tuple(cell.uri for cell in self.cells)

    def place(self, report: FileReport, row: int) -> tuple[str, int]:
        """The cell that ``row`` belongs to, and its row there."""
        number = report.cell(row)
        assert number is not None, "reports on notebooks have cells"
        return self.cells[number - 1].uri, max(report.row(row), 1)

    def line(self, uri: str, row: int) -> str:
        """The text of a row of a cell."""
        return _row(next(cell.text for cell in self.cells if cell.uri == uri), row)

    def texts(self, data: bytes) -> Mapping[str, str]:
        """The texts of the cells with code."""
        sources = [cell["source"] for cell in json.loads(data)["cells"]]
        return {
            cell.uri: "".join(source)
            for cell, source in zip(self.cells, sources, strict=True)
            if cell.is_code
        }
