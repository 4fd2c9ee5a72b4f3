"""Whether a file is where a program starts, and which of its code runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

_NEVER_STARTED = ("conftest", "setup")


def is_entry_point(context: Context) -> bool:
    """Whether the file has ``if __name__ == "__main__":``, or is a script outside of packages."""
    name = context.module_name
    if any(_is_guard(statement) for statement in context.facts.module.body):
        return True
    is_script = "." not in name and not context.path.endswith("__init__.py")
    return is_script and name not in _NEVER_STARTED and not name.startswith("test_")


def is_top_level(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` runs when the program starts: in no function, class or loop."""
    inside = (cst.FunctionDef, cst.ClassDef, cst.Lambda, cst.For, cst.While)
    return not any(isinstance(above, inside) for above in facts.ancestors(node))


def _is_guard(statement: cst.CSTNode) -> bool:
    test = statement.test if isinstance(statement, cst.If) else None
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return False
    sides = (test.left, test.comparisons[0].comparator)
    named = any(isinstance(side, cst.Name) and side.value == "__name__" for side in sides)
    return named and any(string_value(side) == "__main__" for side in sides)
