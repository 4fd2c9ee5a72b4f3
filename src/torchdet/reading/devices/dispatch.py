"""Code that serves each kind of device in a branch of its own, or is about one kind by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.device_expressions import is_device_expression
from torchdet.reading.devices.guards import compared_types, exits, is_established, positions_in
from torchdet.reading.devices.named_types import words, words_in
from torchdet.torch_api.device_types import ACCELERATOR_TYPES, BACKEND_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

_ACCELERATORS = frozenset(ACCELERATOR_TYPES)


def serves_one_type(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether the code around ``node`` is the part for devices of the type ``kind``.

    A condition says so (`is_established`), or the name of the function, class or module
    (``move_to_cuda``, ``MPSAccelerator``, ``xla_fsdp.py``), or the key of a table
    (``{"cuda": torch.cuda.synchronize}``), or the conditions around name another type, so that
    ``node`` stands in one of several branches.
    """
    facts = context.facts
    if (
        is_established(kind, node, facts)
        or is_named_for(kind, node, context)
        or _is_keyed_by(kind, node, facts)
    ):
        return True
    if _is_in_branch_of_other(kind, node, facts):
        return False
    return any(
        (word in ACCELERATOR_TYPES and word != kind) or kind in BACKEND_TYPES.get(word, ())
        for word in _words_around(node, facts)
    )


def is_where_asked_for_accelerator(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` stands where a condition that names an accelerator holds."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return False
        if (
            isinstance(above, (cst.If, cst.IfExp))
            and below is above.body
            and not _ACCELERATORS.isdisjoint(words_in(above.test))
        ):
            return True
        below = above
    return False


def is_asked_for(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition that decides whether ``node`` runs names ``kind``, wanted or not."""
    return kind in _words_around(node, facts)


def is_named_for(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether ``kind`` is a word of the name of a function or class around, or of the module."""
    below = node
    for above in context.facts.ancestors(node):
        if (
            isinstance(above, (cst.FunctionDef, cst.ClassDef))
            and (below is above.body or isinstance(above, cst.FunctionDef))
            and kind in words(above.name.value)
        ):
            return True
        below = above
    return kind in words(context.module_name.rpartition(".")[2])


def _is_keyed_by(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the key of a table, or a text in the condition around, is the type."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.FunctionDef):
            return False
        if isinstance(above, cst.DictElement) and below is above.value:
            if string_value(above.key) == kind:
                return True
        elif isinstance(above, cst.BooleanOperation):
            other = above.left if below is above.right else above.right
            if any(string_value(each) == kind for each in descendants(other)):
                return True
        below = above
    return False


def _is_in_branch_of_other(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the nearest condition on a device has just found another type than ``kind``."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return False
        if isinstance(above, (cst.If, cst.IfExp)) and below is above.body:
            operands = above.test.children if isinstance(above.test, cst.Comparison) else ()
            if any(is_device_expression(operand, facts) for operand in operands):
                found = set(compared_types(above.test)).intersection(ACCELERATOR_TYPES)
                return bool(found) and kind not in found
        below = above
    return False


def _step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], facts: FileFacts
) -> frozenset[str]:
    """The words of the conditions in the function around that decide whether ``below`` runs."""
    if isinstance(above, (cst.FunctionDef, cst.Lambda)):
        return frozenset()
    said: Iterable[str] = ()
    if isinstance(above, cst.If) and not _is_elif(above, facts):
        said = _words_of_tests(above, facts)
    elif isinstance(above, cst.IfExp):
        said = words_in(above.test)
    elif isinstance(above, cst.BooleanOperation):
        said = words_in(above.left if below is above.right else above.right)
    elif isinstance(above, cst.IndentedBlock):
        position = positions_in(above, facts).get(below, len(above.body))
        passed = _words_passed(above, facts)
        said = (word for word, first in passed.items() if first < position)
    return outer.union(said)


_words_around = inherited(frozenset[str](), _step)


def _is_elif(statement: cst.If, facts: FileFacts) -> bool:
    above = facts.parent(statement)
    return isinstance(above, cst.If) and above.orelse is statement


def _words_of_tests(head: cst.If, facts: FileFacts) -> frozenset[str]:
    """The words of the tests of a chain, and of its neighbours.

    Makers that are asked for one after another, each in an ``if`` of its own, count as a chain.
    """
    own = _words_of_chain(head, facts)
    block = facts.parent(head)
    if not isinstance(block, cst.IndentedBlock) or _ACCELERATORS.isdisjoint(own):
        return own
    return _words_of_block(block, facts)


@remembered
def _words_of_chain(head: cst.If, facts: FileFacts) -> frozenset[str]:
    del facts
    return frozenset(word for test in _chain(head) for word in words_in(test))


@remembered
def _words_of_block(block: cst.IndentedBlock, facts: FileFacts) -> frozenset[str]:
    chains = (each for each in block.body if isinstance(each, cst.If))
    return frozenset(word for chain in chains for word in _words_of_chain(chain, facts))


@remembered
def _words_passed(block: cst.IndentedBlock, facts: FileFacts) -> Mapping[str, int]:
    """The words of the exits of ``block``, each with the position of the first that has it.

    Only those that name a device, whose number does not grow with the block.
    """
    first: dict[str, int] = {}
    positions = positions_in(block, facts)
    for statement in exits(block, facts):
        for word in _words_of_chain(statement, facts) & _TELLING:
            first.setdefault(word, positions[statement])
    return first


_TELLING = _ACCELERATORS.union(BACKEND_TYPES, *BACKEND_TYPES.values(), {"cpu"})


def _chain(head: cst.If) -> Iterator[cst.BaseExpression]:
    link: cst.CSTNode | None = head
    while isinstance(link, cst.If):
        yield link.test
        link = link.orelse


def is_requirement_of_test(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is part of what `skipIf`, `skipUnless` or `skipif` asks for.

    Or of the condition under which a test is skipped: ``if not torch.cuda.is_available():
    return unittest.skip("needs CUDA")(test)``.
    """
    below: cst.CSTNode = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.If) and below is above.test:
            return len(above.body.body) == 1 and any(
                isinstance(each, cst.Call) and last_name(each.func) in {"skip", "skipTest"}
                for each in descendants(above.body)
            )
        called = last_name(above.func) if isinstance(above, cst.Call) else None
        if called is not None and called.lower() in {"skipif", "skipunless"}:
            return True
        below = above
        if isinstance(above, cst.BaseStatement):
            return False
    return False
