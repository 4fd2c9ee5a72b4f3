"""From text to tree, or to the reason why not."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst

from torchdet.facts.nesting import NestingError, check_nesting
from torchdet.facts.syntax_error import explain
from torchdet.model.source import SourceText

_VALIDATE = cst.CSTNode.__post_init__


@contextmanager
def _without_validation() -> Iterator[None]:
    """Keep nodes from validating themselves while LibCST's own parser makes them.

    The checks are for trees that people put together; on the parser's they take an eighth of
    its time. Should another thread make nodes meanwhile, those are not validated either; the
    original always comes back, whatever the order in which threads leave.
    """
    cst.CSTNode.__post_init__ = _pass  # type: ignore[assignment, method-assign]  # the point of it
    try:
        yield
    finally:
        cst.CSTNode.__post_init__ = _VALIDATE  # type: ignore[method-assign]


def _pass(node: cst.CSTNode) -> None:
    """Validate the one thing that the parser leaves to the nodes: strings beside bytes."""
    if type(node) is cst.ConcatenatedString:
        node._validate()


TOO_DEEP = "nested too deeply to be checked: Python's stack is too small"


class UnparseableError(ValueError):
    """The text is nothing that LibCST can parse; ``row`` and ``column`` are one-based.

    Raised for ``TOO_DEEP`` where a tree is parsed or written back to text, which is where depth
    is a property of the file; a ``RecursionError`` from anywhere else is a fault of torchdet.
    """

    def __init__(self, reason: str, row: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        self.column = column


def parse_source(source: SourceText) -> cst.Module:
    """The tree of ``source``.

    Raises ``UnparseableError`` for text that is no Python, and for text that nests deeper than
    the parser can bear.

    >>> parse_source(SourceText("x = (1,\\n")).body
    Traceback (most recent call last):
    torchdet.facts.parse.UnparseableError: not valid Python: invalid syntax at `,`
    """
    try:
        check_nesting(source.text)
        with _without_validation():
            return cst.parse_module(source.text)
    except RecursionError:
        raise UnparseableError(TOO_DEEP) from None
    except NestingError as error:
        row, column, _ = source.location(error.offset)
        raise UnparseableError(error.reason, row, column) from None
    except cst.ParserSyntaxError as error:
        fault = explain(error, source)
        row, column, _ = source.location(fault.offset)
        raise UnparseableError(
            f"{_whose_fault(source.text)}: {fault.reason}", row, column
        ) from None
    except cst.CSTValidationError as error:  # a rule beside the grammar; it tells no place
        raise UnparseableError(f"{_whose_fault(source.text)}: {error}") from None


def _whose_fault(text: str) -> str:
    """Whether ``text``, which LibCST turned down, is wrong, or a limit of LibCST was met."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return "not valid Python"
    return "valid Python that LibCST cannot parse"
