"""Code that serves each kind of device, or each release of PyTorch, in a branch of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.rules.devices.device_text import ACCELERATOR_TYPES
from torchdet.rules.devices.guards import is_established

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_WORD = re.compile(r"[a-z]+")
# Communication libraries that serve one type of device.
_BACKENDS = {"nccl": "cuda", "rccl": "cuda", "xccl": "xpu", "hccl": "npu"}


def serves_one_type(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the code around ``node`` is the part for devices of the type ``kind``.

    A condition or a class says so (`is_established`), or the name of the function
    (``move_to_cuda``), or the key of a table (``{"cuda": torch.cuda.synchronize}``), or the
    conditions around name another type, so that ``node`` stands in one of several branches.
    """
    return (
        is_established(kind, node, facts)
        or _is_named_for(kind, node, facts)
        or any(
            (word in ACCELERATOR_TYPES and word != kind) or _BACKENDS.get(word) == kind
            for condition in _conditions(node, facts)
            for word in _words(condition)
        )
    )


def is_asked_for(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition that decides whether ``node`` runs names ``kind``, wanted or not."""
    return any(word == kind for condition in _conditions(node, facts) for word in _words(condition))


def _is_named_for(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the function, the key or a text in the condition around ``node`` is the type."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.FunctionDef):
            return kind in _WORD.findall(above.name.value.lower())
        if isinstance(above, cst.DictElement) and below is above.value:
            return string_value(above.key) == kind
        if isinstance(above, cst.BooleanOperation) and any(
            string_value(each) == kind for each in descendants(above)
        ):
            return True
        below = above
    return False


def _conditions(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The conditions in the function around ``node`` that decide whether it runs."""
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return
        if isinstance(above, cst.If):
            yield from _tests(above, facts)
        elif isinstance(above, cst.IfExp):
            yield above.test
        elif isinstance(above, cst.BooleanOperation):
            yield above


def _tests(statement: cst.If, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The tests of the chain that ``statement`` is a link of, and of its neighbours.

    Makers that are asked for one after another, each in an ``if`` of its own, count as a chain.
    """
    head = statement
    while isinstance(above := facts.parent(head), cst.If) and above.orelse is head:
        head = above
    block = facts.parent(head)
    body = block.body if isinstance(block, cst.IndentedBlock) else (head,)
    for each in body:
        link: cst.CSTNode | None = each
        while isinstance(link, cst.If):
            yield link.test
            link = link.orelse


def _words(condition: cst.BaseExpression) -> Iterator[str]:
    """The words of the names and texts in ``condition``, in lower case."""
    for node in descendants(condition):
        if isinstance(node, (cst.Name, cst.SimpleString)):
            yield from _WORD.findall(node.value.lower())


def has_alternative(name: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether another branch beside that of ``node`` uses the qualified ``name``.

    Code that runs on several releases of PyTorch writes both: in the arms of a condition, in a
    ``try`` and its handler, or in a union of types.
    """
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
            return False
        if isinstance(above, cst.IfExp):
            others: tuple[cst.CSTNode | None, ...] = (above.body, above.orelse)
        elif isinstance(above, cst.If):
            others = (above.body, above.orelse)
        elif isinstance(above, (cst.Try, cst.TryStar)):
            others = (above.body, *above.handlers, above.orelse)
        elif isinstance(above, cst.BinaryOperation):
            others = (above.left, above.right)
        else:
            others = ()
        if any(_uses(name, each, facts) for each in others if each not in (None, below)):
            return True
        below = above
    return False


def _uses(name: str, branch: cst.CSTNode | None, facts: FileFacts) -> bool:
    if branch is None:
        return False
    last = name.rpartition(".")[2]
    return any(
        facts.resolve(node).names == (name,)
        for node in descendants(branch)
        if isinstance(node, cst.Attribute) and node.attr.value == last
    )
