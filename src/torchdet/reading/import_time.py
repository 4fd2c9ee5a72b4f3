"""Which code runs when its module is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def runs_at_import(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is evaluated on import: outside of functions, or as a default of one.

    What stands under ``if __name__ == "__main__":`` runs only in the program itself.
    """
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)) and below is above.body:
            return False
        if isinstance(above, cst.If) and below is above.body and is_main_guard(above.test):
            return False
        below = above
    return True


def is_main_guard(test: cst.BaseExpression) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return False
    sides = (test.left, test.comparisons[0].comparator)
    named = any(isinstance(side, cst.Name) and side.value == "__name__" for side in sides)
    return named and any(string_value(side) == "__main__" for side in sides)
