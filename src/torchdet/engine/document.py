"""The Python in a document as one module, each piece in its own row, and the module's text back.

Rows of the text are rows of the document; what is no code is blank, and the rows before and behind
a block are comments that no code has. An edit may touch any block. What cannot be written back as
it was, with all else untouched, is not written at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from torchdet.engine.code_blocks import CodeBlock, code_blocks
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.fix import TextEdit
from torchdet.model.location import Location, Span
from torchdet.model.source import EncodeError, SourceText

_NEWLINE = re.compile(r"\r\n|\r|\n")


class DocumentText(SourceText):
    """The code of a document as text; ``encode`` gives the document with another text in it."""

    def __init__(self, text: str, document: SourceText, blocks: Sequence[CodeBlock]) -> None:
        super().__init__(text)
        self._document = document
        self._blocks = tuple(blocks)

    @classmethod
    def decode_as(cls, data: bytes, *, markdown: bool) -> DocumentText:
        """Read a document. Raises ``DecodeError`` for what is no text."""
        document = SourceText.decode(data)
        rows = [document.line(row) for row in range(1, document.row_count + 1)]
        blocks = code_blocks(rows, markdown=markdown)
        return cls("\n".join(_rows(rows, blocks)), document, blocks)

    def with_text(self, text: str) -> DocumentText:
        """The same document with another ``text`` of its code."""
        return DocumentText(text, self._document, self._blocks)

    def encode(self, text: str) -> bytes:
        """The document with ``text`` in its blocks.

        Raises ``EncodeError`` where ``text`` has code outside of them, and where a row of a
        doctest comes or goes.
        """
        document = self._document
        original = [document.line(row) for row in range(1, document.row_count + 1)]
        ends = _NEWLINE.findall(document.text)
        written = text.split("\n")
        kept = _rows(original, self._blocks)
        out: list[str] = []
        place, row = 0, 1
        for block in self._blocks:
            before = kept[row - 1 : block.row - 1]
            if written[place : place + len(before)] != before:
                raise EncodeError("an edit stands outside the code of the document")
            out += (f"{original[i - 1]}{ends[i - 1]}" for i in range(row, block.row))
            place += len(before)
            behind = kept[block.end - 1 : block.end]
            is_there = bool(behind) and behind[0] in written[place:]
            stop = written.index(behind[0], place) if is_there else len(written)
            out += _written_block(block, written[place:stop], original, ends, document.newline)
            place, row = stop, block.end
        if written[place:] != kept[row - 1 :]:
            raise EncodeError("an edit stands outside the code of the document")
        out += (f"{original[i - 1]}{(*ends, '')[i - 1]}" for i in range(row, len(original) + 1))
        return document.encode("".join(out))

    def placed(self, report: FileReport) -> FileReport:
        """``report`` with columns and rows as a reader of the document sees them.

        A fix that cannot be written back exactly is not offered.
        """
        shifts = {
            row: len(prefix)
            for block in self._blocks
            for row, prefix in enumerate(block.prefixes, start=block.row)
            if prefix
        }
        diagnostics = tuple(self._shifted(each, shifts) for each in report.diagnostics)
        rows = range(1, self._document.row_count + 1)
        lines = tuple((row, self._document.line(row)) for row, _ in report.lines if row in rows)
        return replace(report, diagnostics=diagnostics, lines=lines)

    def _shifted(self, diagnostic: Diagnostic, shifts: dict[int, int]) -> Diagnostic:
        fix = diagnostic.fix
        if fix is not None and all(map(self._can_write, fix.edits)):
            edits = tuple(replace(each, span=_moved(each.span, shifts)) for each in fix.edits)
            fix = replace(fix, edits=edits)
        else:
            fix = None
        return replace(diagnostic, span=_moved(diagnostic.span, shifts), fix=fix)

    def _can_write(self, edit: TextEdit) -> bool:
        """Whether an edit stays in one block, and in its row where rows do not all begin alike."""
        first, last = edit.span.start.row, edit.span.end.row
        for block in self._blocks:
            if block.row <= first and last < block.end:
                return block.margin == "" or (first == last and "\n" not in edit.content)
        return False


def _moved(span: Span, shifts: dict[int, int]) -> Span:
    return Span(_shift(span.start, shifts), _shift(span.end, shifts))


def _shift(place: Location, shifts: dict[int, int]) -> Location:
    return place._replace(column=place.column + shifts.get(place.row, 0))


def _rows(rows: Sequence[str], blocks: Sequence[CodeBlock]) -> list[str]:
    """The rows of the text: code, comments at the borders of blocks, and nothing elsewhere."""
    border = "# %% "
    while any(border in row for row in rows):
        border = f"{border[:-1]}. "
    text = ["" for _ in rows]
    for block in blocks:
        for row in (block.row - 1, block.end):
            if 1 <= row <= len(rows):
                text[row - 1] = f"{border}{row}"
    for block in blocks:
        text[block.row - 1 : block.end - 1] = block.code
    return text


def _written_block(
    block: CodeBlock,
    code: Sequence[str],
    original: Sequence[str],
    ends: Sequence[str],
    newline: str,
) -> Iterator[str]:
    """The rows of the document for the ``code`` of a block, with how they end."""
    row_ends = (*ends[block.row - 1 : block.end - 1], "")[: len(block.code)]
    if len(code) == len(block.code):
        for index, (old, new) in enumerate(zip(block.code, code, strict=True)):
            prefix = block.prefixes[index]
            if prefix is None and new:
                raise EncodeError("an edit stands outside the code of the document")
            row = original[block.row + index - 1]
            yield f"{row if new == old else f'{prefix}{new}'}{row_ends[index]}"
        return
    if block.margin is None:
        raise EncodeError("an edit adds or takes rows of a doctest")
    for new in code:
        yield f"{block.margin if new else ''}{new}{newline}"
