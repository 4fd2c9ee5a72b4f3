"""Code that serves each kind of device, or each release of PyTorch, in a branch of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.rules.devices.device_expressions import is_device_expression
from torchdet.rules.devices.device_text import ACCELERATOR_TYPES
from torchdet.rules.devices.guards import compared_types, is_established, leaves
from torchdet.rules.devices.named_types import BACKEND_TYPES, words

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.rules.base import Context


def serves_one_type(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether the code around ``node`` is the part for devices of the type ``kind``.

    A condition says so (`is_established`), or the name of the function, class or module
    (``move_to_cuda``, ``MPSAccelerator``, ``xla_fsdp.py``), or the key of a table
    (``{"cuda": torch.cuda.synchronize}``), or the conditions around name another type, so that
    ``node`` stands in one of several branches.
    """
    facts = context.facts
    if is_established(kind, node, facts) or _is_named_for(kind, node, context):
        return True
    if _is_in_branch_of_other(kind, node, facts):
        return False
    return any(
        (word in ACCELERATOR_TYPES and word != kind) or kind in BACKEND_TYPES.get(word, ())
        for condition in _conditions(node, facts)
        for word in _words(condition)
    )


def is_asked_for(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition that decides whether ``node`` runs names ``kind``, wanted or not."""
    return any(word == kind for condition in _conditions(node, facts) for word in _words(condition))


def _is_named_for(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether the function, class, module, key or text in the condition around is the type."""
    below = node
    for above in context.facts.ancestors(node):
        if isinstance(above, cst.FunctionDef) or (
            isinstance(above, cst.ClassDef) and below is above.body
        ):
            if kind in words(above.name.value):
                return True
        elif isinstance(above, cst.DictElement) and below is above.value:
            if string_value(above.key) == kind:
                return True
        elif isinstance(above, cst.BooleanOperation):
            other = above.left if below is above.right else above.right
            if any(string_value(each) == kind for each in descendants(other)):
                return True
        below = above
    return kind in words(context.module_name.rpartition(".")[2])


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


def _conditions(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The conditions in the function around ``node`` that decide whether it runs."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return
        if isinstance(above, cst.If):
            yield from _tests(above, facts)
        elif isinstance(above, cst.IfExp):
            yield above.test
        elif isinstance(above, cst.BooleanOperation):
            yield above.left if below is above.right else above.right
        elif isinstance(above, cst.IndentedBlock):
            for passed in _left_before(above, below):
                yield from _chain(passed)
        below = above


def _tests(statement: cst.If, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The tests of the chain that ``statement`` is a link of, and of its neighbours.

    Makers that are asked for one after another, each in an ``if`` of its own, count as a chain.
    """
    head = statement
    while isinstance(above := facts.parent(head), cst.If) and above.orelse is head:
        head = above
    yield from _chain(head)
    block = facts.parent(head)
    if not isinstance(block, cst.IndentedBlock):
        return
    if any(word in ACCELERATOR_TYPES for test in _chain(head) for word in _words(test)):
        for each in block.body:
            if isinstance(each, cst.If) and each is not head:
                yield from _chain(each)


def _chain(head: cst.If) -> Iterator[cst.BaseExpression]:
    link: cst.CSTNode | None = head
    while isinstance(link, cst.If):
        yield link.test
        link = link.orelse


def _words(condition: cst.BaseExpression) -> Iterator[str]:
    """The words of the names and texts in ``condition``, in lower case."""
    for node in descendants(condition):
        if isinstance(node, (cst.Name, cst.SimpleString)):
            yield from words(node.value)


def _left_before(block: cst.IndentedBlock, statement: cst.CSTNode) -> Iterator[cst.If]:
    """The ``if`` statements before ``statement`` that are left where they hold."""
    for each in block.body:
        if each is statement:
            return
        if isinstance(each, cst.If) and leaves(each.body):
            yield each


# Alternatives.


def has_alternative(name: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether another branch beside that of ``node`` uses the qualified ``name``.

    Code that runs on several releases of PyTorch writes both: in the arms of a condition, behind
    one that returns, in a ``try`` and its handler, or in a union of types.
    """
    last = name.rpartition(".")[2]
    return _has_beside(
        node,
        lambda each: (
            isinstance(each, cst.Attribute)
            and each.attr.value == last
            and facts.resolve(each).names == (name,)
        ),
        facts,
    )


def falls_back_from_neutral(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is what is left where PyTorch itself was asked for the accelerator.

    ``torch.accelerator.current_accelerator() or torch.device("cuda")``, and what follows
    ``if torch.accelerator.is_available(): return torch.accelerator.current_accelerator()``.
    """
    return _has_beside(
        node,
        lambda each: isinstance(each, cst.Name) and each.value.endswith("current_accelerator"),
        facts,
    )


def _has_beside(node: cst.CSTNode, wanted: Callable[[cst.CSTNode], bool], facts: FileFacts) -> bool:
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
            return False
        for branch in _beside(above, below):
            if any(wanted(each) for each in descendants(branch)):
                return True
        below = above
    return False


def _beside(above: cst.CSTNode, below: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What runs where the child ``below`` of ``above`` does not, or is taken before it."""
    others: tuple[cst.CSTNode | None, ...] = ()
    if isinstance(above, (cst.If, cst.IfExp)):
        others = (above.body, above.orelse)
    elif isinstance(above, (cst.Try, cst.TryStar)):
        others = (above.body, *above.handlers, above.orelse)
    elif isinstance(above, (cst.BinaryOperation, cst.BooleanOperation)):
        others = (above.left, above.right)
    elif isinstance(above, cst.IndentedBlock):
        others = tuple(_left_before(above, below))
    return (other for other in others if other is not None and other is not below)
