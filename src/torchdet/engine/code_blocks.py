"""The blocks of Python in the text of a document: Markdown and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from torchdet.facts.nesting import NestingError, check_nesting
from torchdet.facts.syntax_tree import syntax_tree

_LANGUAGES = frozenset(
    {"python", "py", "python3", "py3", "pycon", "ipython", "ipython3", "doctest", "testcode"}
)
_FENCE = re.compile(r"(?P<margin>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)")
_DIRECTIVE = re.compile(
    r"(?P<margin>[ \t]*)\.\. (?P<name>code-block|code|sourcecode|testcode|testsetup)::[ \t]*"
    r"(?P<language>\S*)\s*"
)
_ASKS = re.compile(r"(?P<margin>[ \t]*)>>>(?: |$)")
_IMPLIED = frozenset({"testcode", "testsetup"})
_WORD = re.compile(r"[\w+-]+")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Rows of a document with Python: the first is ``row``, one-based.

    ``prefixes`` is what stands before the code in each row, ``code`` the rest of it. A row that
    holds no code, such as a result in a doctest, has the prefix None and no code.
    """

    row: int
    prefixes: tuple[str | None, ...]
    code: tuple[str, ...]

    @property
    def end(self) -> int:
        """The row behind the block."""
        return self.row + len(self.code)

    @property
    def margin(self) -> str | None:
        """The white space before every row of code; None in a doctest, whose rows differ."""
        found = {each for each in self.prefixes if each is not None}
        alike = len(found) == 1 and None not in self.prefixes
        only = found.pop() if alike else ">"
        return only if not only.strip() else None


def code_blocks(rows: Sequence[str], *, markdown: bool) -> list[CodeBlock]:
    """The blocks of Python in the ``rows`` of a document that parse, in their order.

    What does not parse is no program: documents leave out the middle of functions, and show what
    is wrong.
    """
    found = _fenced(rows) if markdown else _directed(rows)
    return [block for block in found if any(block.code) and _parses(block)]


def _fenced(rows: Sequence[str]) -> Iterator[CodeBlock]:
    """The blocks between fences that name Python."""
    opening: re.Match[str] | None = None
    first = 0
    for number, row in enumerate(rows, start=1):
        fence = _FENCE.fullmatch(row)
        if opening is None:
            opening, first = fence, number + 1
        elif fence is not None and _closes(fence, opening):
            if _is_python(opening["info"]):
                yield _block(first, rows[first - 1 : number - 1], opening["margin"])
            opening = None


def _closes(fence: re.Match[str], opening: re.Match[str]) -> bool:
    return fence["fence"].startswith(opening["fence"]) and not fence["info"].strip()


def _is_python(info: str) -> bool:
    """Whether the words after a fence name Python: ``python``, ``{.python}``, ``{code} python``."""
    words = [word.lower() for word in _WORD.findall(info)]
    if "code" in words[:1] or words[:1] in (["code-block"], ["code-cell"], ["sourcecode"]):
        words = words[1:]
    return bool(words) and words[0] in _LANGUAGES


def _directed(rows: Sequence[str]) -> Iterator[CodeBlock]:
    """The blocks below directives that name Python, and doctests between paragraphs."""
    number = 0
    while number < len(rows):
        row = rows[number]
        directive, question = _DIRECTIVE.fullmatch(row), _ASKS.match(row)
        end = number + 1
        if directive is not None:
            end = _end(rows, end, partial(_is_below, directive["margin"]))
            python = directive["language"].lower() in _LANGUAGES or (
                directive["name"] in _IMPLIED and not directive["language"]
            )
            first = _first_of_content(rows, number + 1, end)
            if python and first < end:
                yield _block(first + 1, rows[first:end], "")
        elif question is not None:
            end = _end(rows, end, _is_written)
            yield _block(number + 1, rows[number:end], "")
        number = end


def _end(rows: Sequence[str], start: int, belongs: Callable[[str], bool]) -> int:
    end = start
    while end < len(rows) and belongs(rows[end]):
        end += 1
    return end


def _is_written(row: str) -> bool:
    return bool(row.strip())


def _is_below(margin: str, row: str) -> bool:
    return not row.strip() or (row.startswith(margin) and row[len(margin)].isspace())


def _first_of_content(rows: Sequence[str], start: int, end: int) -> int:
    """The first row of a directive's content, behind its options."""
    number = start
    while number < end and rows[number].strip().startswith(":"):
        number += 1
    while number < end and not rows[number].strip():
        number += 1
    return number


def _block(row: int, rows: Sequence[str], outer: str) -> CodeBlock:
    """The block that ``rows`` make, a doctest if it begins as one. ``outer`` is its fence's margin.

    Blank rows at its end belong to the document.
    """
    while rows and not rows[-1].strip():
        rows = rows[:-1]
    written = [each for each in rows if each.strip()]
    if written and _ASKS.match(written[0]):
        parts = [_doctest_row(each) for each in rows]
        return CodeBlock(
            row, tuple(before for before, _ in parts), tuple(code for _, code in parts)
        )
    margin = min((_margin(each) for each in written), key=len, default=outer)
    if not all(each.startswith(margin) for each in written):
        return CodeBlock(row, (), ())
    prefixes = tuple(margin for _ in rows)
    return CodeBlock(row, prefixes, tuple(each[len(margin) :] for each in rows))


def _margin(row: str) -> str:
    return row[: len(row) - len(row.lstrip())]


def _doctest_row(row: str) -> tuple[str | None, str]:
    stripped = row.lstrip()
    for prompt in (">>> ", "... "):
        if stripped.startswith(prompt):
            length = len(row) - len(stripped) + len(prompt)
            return row[:length], row[length:]
    return None, ""


def _parses(block: CodeBlock) -> bool:
    text = "".join(f"{row}\n" for row in block.code)
    try:
        check_nesting(text)
    except NestingError:
        return False
    return syntax_tree(text) is not None
