"""Where in a file its program starts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from torchdet.facts.enclosing import calls_of
from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.reading.module_role import is_main_test
from torchdet.reading.randomness.program import block_name, program
from torchdet.reading.randomness.survey import MAIN, MODULE

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

START_NODES = ("If", "FunctionDef", "Expr", "Assign")
"""The types of the nodes at which programs start."""


def starts_program(node: cst.CSTNode, context: Context) -> cst.BaseExpression | None:
    """The part of ``node`` to point at, if the program of the file starts there.

    That is the test of a ``__main__`` block; without one, the name of a command or of ``main``; and
    in a script that has none, the first call that runs code of the project.
    """
    entries = program(context).entries
    if isinstance(node, cst.If):
        return node.test if MAIN in entries and is_main_test(node.test) else None
    if isinstance(node, cst.FunctionDef):
        first = min(entries, default=None)
        starts = node.name.value == first and context.facts.context(node.name) == first
        return node.name if starts else None
    if MODULE not in entries or not isinstance(node, (cst.Expr, cst.Assign)):
        return None
    call = node.value
    starts = isinstance(call, cst.Call) and call is _first_call(context)
    return call.func if isinstance(call, cst.Call) and starts else None


_first_calls: WeakKeyDictionary[FileFacts, cst.Call | None] = WeakKeyDictionary()


def _first_call(context: Context) -> cst.Call | None:
    """The first call outside of all functions that runs code of the project."""
    facts = context.facts
    if facts not in _first_calls:
        names = program(context).names_run
        leading = (
            call
            for call in calls_of(facts.module, facts)
            if last_name(call.func) in names and block_name(call, facts) == MODULE
        )
        _first_calls[facts] = next(leading, None)
    return _first_calls[facts]
