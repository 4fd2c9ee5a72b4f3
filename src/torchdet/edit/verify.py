"""Whether an edited text is what its edits were meant to make of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from torchdet.edit.python_tree import parse_python
from torchdet.edit.structure import first_difference
from torchdet.edit.tree_node import TreeNode
from torchdet.model.fix import TextEdit
from torchdet.model.source import SourceText


def fault_of_edits(before: str, after: str, edits: Sequence[TextEdit]) -> str | None:
    """Why ``edits``, which made ``after`` of ``before``, are not to be trusted; None if they are.

    The running Python parses and compiles both, executing nothing. A text that it could not parse
    before the edits, for instance because it is written for a newer Python, is parsed by LibCST.
    """
    try:
        old = parse_python(before)
    except SyntaxError:
        return _fault_by_libcst(before, after, edits)
    fault = _syntax_fault(after)
    if fault is not None and _syntax_fault(before) is None:
        return fault
    return _difference(old, parse_python(after), before, edits)


def _fault_by_libcst(before: str, after: str, edits: Sequence[TextEdit]) -> str | None:
    from torchdet.edit.libcst_tree import parse_libcst
    from torchdet.facts.parse import UnparseableError

    try:
        old, new = parse_libcst(before), parse_libcst(after)
    except UnparseableError as error:
        return f"the fixed text does not parse (row {error.row}: {error.reason})"
    except ValueError as error:
        return f"the fixed text cannot be compared: {error}"
    return _difference(old, new, before, edits)


def _difference(old: TreeNode, new: TreeNode, before: str, edits: Sequence[TextEdit]) -> str | None:
    offset = first_difference(old, new, before, edits)
    if offset is None:
        return None
    row = SourceText(before).location(offset).row
    return f"the fixed text would mean something else where no edit was made (row {row})"


def _syntax_fault(text: str) -> str | None:
    """Why ``text`` does not compile; None when it does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the code, which is not ours
        try:
            compile(text, "the fixed text", "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"the fixed text does not parse (row {error.lineno}: {error.msg})"
        except (ValueError, RecursionError, MemoryError) as error:
            return f"the fixed text does not parse ({error or type(error).__name__})"
    return None
