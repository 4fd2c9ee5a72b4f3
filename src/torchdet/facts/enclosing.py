"""The function and the class in whose text a node stands, and the calls in each body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.facts.walk import descendants

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def enclosing_class(node: cst.CSTNode, facts: FileFacts) -> cst.ClassDef | None:
    """The innermost class in whose text ``node`` stands."""
    return _class_around(node, facts)


def enclosing_function(node: cst.CSTNode, facts: FileFacts) -> cst.FunctionDef | None:
    """The innermost function with a name in whose text ``node`` stands."""
    return _function_around(node, facts)


def enclosing_body(node: cst.CSTNode, facts: FileFacts) -> cst.FunctionDef | cst.Lambda | None:
    """The innermost function or lambda around ``node``; None for code that runs at import."""
    return _body_around(node, facts)


def body_of(node: cst.CSTNode, facts: FileFacts) -> cst.CSTNode:
    """The function, the lambda or the module whose code runs ``node``."""
    return _body_around(node, facts) or facts.module


def calls_of(body: cst.CSTNode, facts: FileFacts) -> tuple[cst.Call, ...]:
    """The calls that the code of ``body`` makes, in the order of the text."""
    return calls_by_body(facts.module, facts).get(body, ())


@remembered
def calls_by_body(
    module: cst.Module, facts: FileFacts
) -> Mapping[cst.CSTNode, tuple[cst.Call, ...]]:
    """The calls of the file by the function, the lambda or the module that makes them."""
    found: dict[cst.CSTNode, list[cst.Call]] = {}
    for node in descendants(module):
        if isinstance(node, cst.Call):
            found.setdefault(body_of(node, facts), []).append(node)
    return {body: tuple(calls) for body, calls in found.items()}


def _class_step(
    above: cst.CSTNode, _below: cst.CSTNode, outer: cst.ClassDef | None, _facts: FileFacts
) -> cst.ClassDef | None:
    return above if isinstance(above, cst.ClassDef) else outer


def _function_step(
    above: cst.CSTNode, _below: cst.CSTNode, outer: cst.FunctionDef | None, _facts: FileFacts
) -> cst.FunctionDef | None:
    return above if isinstance(above, cst.FunctionDef) else outer


def _body_step(
    above: cst.CSTNode,
    _below: cst.CSTNode,
    outer: cst.FunctionDef | cst.Lambda | None,
    _facts: FileFacts,
) -> cst.FunctionDef | cst.Lambda | None:
    return above if isinstance(above, (cst.FunctionDef, cst.Lambda)) else outer


_class_around = inherited(None, _class_step)
_function_around = inherited(None, _function_step)
_body_around = inherited(None, _body_step)
