"""From the bytes of a file to the text of its Python, whatever kind of file that is."""

from __future__ import annotations

from torchdet.model.file_kinds import DOCUMENTS, MARKDOWN, NOTEBOOK
from torchdet.model.source import SourceText, is_utf_16


def decode_source(path: str, data: bytes) -> SourceText:
    """The Python in the file at ``path`` with the content ``data``. Raises ``DecodeError``."""
    if path.endswith(NOTEBOOK):
        from torchdet.engine.notebook import NotebookText  # brings nbformat

        return NotebookText.decode(data)
    if path.endswith(DOCUMENTS):
        from torchdet.engine.document import DocumentText

        return DocumentText.decode_as(data, markdown=path.endswith(MARKDOWN))
    return SourceText.decode(data)


def searchable(path: str, data: bytes) -> bytes | None:
    """Bytes in which words of the source are found as they are; None where they may not be."""
    if is_utf_16(data):
        return None
    return data.replace(b'\\"', b'"') if path.endswith(NOTEBOOK) else data
