"""Where a parameter goes in a signature, and an argument in a call."""

from __future__ import annotations

import libcst as cst

from torchdet.edit.node_edit import InsertAfter, InsertBefore, NodeEdit
from torchdet.facts.file_facts import FileFacts


def indentation(node: cst.CSTNode, facts: FileFacts) -> str:
    """The indentation of the block that ``node`` stands in."""
    blocks = [each for each in facts.ancestors(node) if isinstance(each, cst.IndentedBlock)]
    default = facts.module.default_indent
    return "".join(default if each.indent is None else each.indent for each in reversed(blocks))


def added_parameter(
    node: cst.FunctionDef, text: str, facts: FileFacts, *, fixture: bool = False
) -> NodeEdit:
    """The edit that adds the parameter ``text``, by keyword; a ``fixture`` as the others stand."""
    block = indentation(node, facts)
    params = node.params
    starred = isinstance(params.star_arg, cst.Param) or bool(params.kwonly_params)
    by_position = fixture and not any(each.default for each in params.params)
    added = (text,) if starred or by_position else ("*", text)
    if params.star_kwarg is not None:
        return InsertBefore(params.star_kwarg, "".join(f"{each}, " for each in added))
    last = _last(params)
    if last is None:
        return InsertAfter(params, ", ".join(added))
    inside, closing = _rows_of(params, block), last.comma
    if not isinstance(closing, cst.Comma):
        between = f",{inside}" if inside else ", "
        return InsertAfter(params, "".join(f"{between}{each}" for each in added))
    outside = _row_break(closing.whitespace_after, block)
    if inside.startswith(outside) and outside:
        rows = f",{inside}".join(added)
        return InsertAfter(params, f"{inside.removeprefix(outside)}{rows},{outside}")
    return InsertAfter(params, ", ".join(added))


def _last(params: cst.Parameters) -> cst.Param | cst.ParamSlash | None:
    """What the parameters end with, where none takes all keywords."""
    if params.kwonly_params:
        return params.kwonly_params[-1]
    if isinstance(params.star_arg, cst.Param):
        return params.star_arg
    if params.params:
        return params.params[-1]
    slash = params.posonly_ind
    return slash if isinstance(slash, cst.ParamSlash) else None


def _rows_of(params: cst.Parameters, block: str) -> str:
    """The row break before each parameter; empty where they share a row."""
    every = (*params.posonly_params, *params.params, *params.kwonly_params)
    for each in every[:-1]:
        if isinstance(each.comma, cst.Comma):
            return _row_break(each.comma.whitespace_after, block)
    return ""


def _row_break(space: cst.BaseParenthesizableWhitespace, block: str) -> str:
    """The row break and the indentation in ``space``; empty for blanks in one row."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return ""
    return f"\n{block if space.indent else ''}{space.last_line.value}"


def added_argument(call: cst.Call, text: str, facts: FileFacts) -> tuple[NodeEdit, ...]:
    """The edits that pass ``text`` in a call that passes something already."""
    last = call.args[-1]
    only = last.value
    if len(call.args) == 1 and isinstance(only, cst.GeneratorExp) and not only.lpar:
        return InsertBefore(last, "("), InsertAfter(last, f"), {text}")
    rows = next(
        (
            _row_break(each.comma.whitespace_after, indentation(call, facts))
            for each in call.args[:-1]
            if isinstance(each.comma, cst.Comma)
        ),
        "",
    )
    return (InsertAfter(last, f",{rows}{text}" if rows else f", {text}"),)
