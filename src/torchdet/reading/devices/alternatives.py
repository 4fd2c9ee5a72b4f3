"""Code that has the neutral way, or that of another release of PyTorch, in a branch beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.guards import left_before
from torchdet.reading.devices.named_types import words_in

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


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


def is_for_one_release(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` stands in one of the two arms of a question for PyTorch's release."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return False
        if isinstance(above, (cst.If, cst.IfExp)) and below is not above.test:
            spoken = set(words_in(above.test))
            if above.orelse is not None and "torch" in spoken and spoken & _COMPARING:
                return True
        below = above
    return False


_COMPARING = frozenset({"version", "greater", "less", "least", "gt", "ge", "lt", "le"})


def falls_back_from_neutral(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is what is left where PyTorch itself was asked for the accelerator.

    Or for its default device. ``torch.accelerator.current_accelerator() or torch.device("cuda")``,
    and what follows
    ``if torch.accelerator.is_available(): return torch.accelerator.current_accelerator()``.
    """
    neutral = _with_neutral_names(facts.module, facts)
    if not neutral:
        return False
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
            return False
        if any(branch in neutral for branch in _beside(above, below, facts)):
            return True
        below = above
    return False


@remembered
def _with_neutral_names(module: cst.Module, facts: FileFacts) -> frozenset[cst.CSTNode]:
    """The nodes that ask PyTorch itself for a device, somewhere inside them."""
    found: set[cst.CSTNode] = set()
    for node in descendants(module):
        if isinstance(node, cst.Name) and node.value.endswith(_NEUTRAL):
            found.update((node, *facts.ancestors(node)))
    return frozenset(found)


_NEUTRAL = ("current_accelerator", "get_default_device")


def _has_beside(node: cst.CSTNode, wanted: Callable[[cst.CSTNode], bool], facts: FileFacts) -> bool:
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
            return False
        for branch in _beside(above, below, facts):
            if any(wanted(each) for each in descendants(branch)):
                return True
        below = above
    return False


def _beside(above: cst.CSTNode, below: cst.CSTNode, facts: FileFacts) -> Iterator[cst.CSTNode]:
    """What runs where the child ``below`` of ``above`` does not, or is taken before it."""
    others: tuple[cst.CSTNode | None, ...] = ()
    if isinstance(above, (cst.If, cst.IfExp)):
        others = (above.body, above.orelse)
    elif isinstance(above, (cst.Try, cst.TryStar)):
        others = (above.body, *above.handlers, above.orelse)
    elif isinstance(above, (cst.BinaryOperation, cst.BooleanOperation)):
        others = (above.left, above.right)
    elif isinstance(above, cst.IndentedBlock):
        others = tuple(left_before(above, below, facts))
    return (other for other in others if other is not None and other is not below)
