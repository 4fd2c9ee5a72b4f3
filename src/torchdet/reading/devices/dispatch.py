"""Code that serves each kind of device in a branch of its own, or is about one kind by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.device_conditions import (
    Told,
    device_facts,
    is_established,
    is_for_another_device,
    named_in,
)
from torchdet.reading.devices.device_text import words
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
    if is_for_another_device(kind, node, facts):
        return False
    return any(
        (word in ACCELERATOR_TYPES and word != kind) or kind in BACKEND_TYPES.get(word, ())
        for word in _named_around(node, facts)
    )


def is_asked_for(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition that decides whether ``node`` runs names ``kind``, wanted or not."""
    return kind in _named_around(node, facts)


def _named_around(node: cst.CSTNode, facts: FileFacts) -> frozenset[str]:
    """What the conditions on the way to ``node`` name, and the chains of which they are links."""
    on_way = {each.kind for each in device_facts(node, facts) if each.told is Told.NAMED}
    return _named_by_chains_around(node, facts).union(on_way)


def is_named_for(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether ``kind`` is a word of the name of a function or class around, or of the module."""
    if kind in _names_around(node, context.facts):
        return True
    return kind in words(context.module_name.rpartition(".")[2])


def _names_step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], _facts: FileFacts
) -> frozenset[str]:
    """The words of the functions around ``below``, and of the classes whose bodies hold it."""
    inside = isinstance(above, cst.FunctionDef) or (
        isinstance(above, cst.ClassDef) and below is above.body
    )
    if inside and isinstance(above, (cst.FunctionDef, cst.ClassDef)):
        return outer.union(words(above.name.value))
    return outer


_names_around = inherited(frozenset[str](), _names_step)


def _is_keyed_by(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the key of a table, or a text in the condition around, is the type."""
    return kind in _keys_around(node, facts)


def _keys_step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], _facts: FileFacts
) -> frozenset[str]:
    """The keys of tables in whose values ``below`` is, and the texts in the operands beside it."""
    if isinstance(above, cst.FunctionDef):
        return frozenset()
    beside: Iterable[cst.CSTNode] = ()
    if isinstance(above, cst.DictElement) and below is above.value:
        beside = (above.key,)
    elif isinstance(above, cst.BooleanOperation):
        beside = descendants(above.left if below is above.right else above.right)
    texts = (string_value(each) for each in beside)
    return outer.union(text for text in texts if text is not None)


_keys_around = inherited(frozenset[str](), _keys_step)


def _step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], facts: FileFacts
) -> frozenset[str]:
    """The devices of which the chains and operands beside ``below`` in its function speak."""
    if isinstance(above, (cst.FunctionDef, cst.Lambda)):
        return frozenset()
    if isinstance(above, cst.If) and not _is_elif(above, facts):
        return outer | _named_by_chains(above, facts)
    if isinstance(above, cst.BooleanOperation) and below is above.left:
        return outer | named_in(above.right)
    return outer


_named_by_chains_around = inherited(frozenset[str](), _step)


def _is_elif(statement: cst.If, facts: FileFacts) -> bool:
    above = facts.parent(statement)
    return isinstance(above, cst.If) and above.orelse is statement


def _named_by_chains(head: cst.If, facts: FileFacts) -> frozenset[str]:
    """The devices that the tests of a chain name, and those of its neighbours.

    Makers that are asked for one after another, each in an ``if`` of its own, count as a chain.
    """
    own = _named_by_chain(head, facts)
    block = facts.parent(head)
    if not isinstance(block, cst.IndentedBlock) or _ACCELERATORS.isdisjoint(own):
        return own
    return _named_in_block(block, facts)


@remembered
def _named_by_chain(head: cst.If, facts: FileFacts) -> frozenset[str]:
    del facts
    found: frozenset[str] = frozenset()
    link: cst.If | cst.Else | None = head
    while isinstance(link, cst.If):
        found |= named_in(link.test)
        link = link.orelse
    return found


@remembered
def _named_in_block(block: cst.IndentedBlock, facts: FileFacts) -> frozenset[str]:
    chains = (each for each in block.body if isinstance(each, cst.If))
    return frozenset(word for chain in chains for word in _named_by_chain(chain, facts))


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
