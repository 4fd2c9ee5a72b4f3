"""Code that has the neutral way, or that of another release of PyTorch, in a branch beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torchdet.facts.flow.graph import Branch
from torchdet.facts.flow.outcomes import other_arm
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import along_way, inherited, remembered
from torchdet.reading.devices.device_text import words_in
from torchdet.torch_api.device_apis import device_apis

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_Names = frozenset[str]


def has_alternative(name: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether another branch beside that of ``node`` uses the neutral function ``name``.

    Code that runs on several releases of PyTorch has both: in the arms of a condition, behind one
    that returns, in a ``try`` and its handler, or in a union of types.
    """
    return name in _neutral_names_beside(node, facts)


def falls_back_from_neutral(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is used where PyTorch itself, asked first, names no device.

    ``torch.accelerator.current_accelerator() or torch.device("cuda")``, and what follows
    ``if torch.accelerator.is_available(): return torch.accelerator.current_accelerator()``.
    """
    return not _neutral_names_beside(node, facts).isdisjoint(_CURRENT)


_CURRENT = (
    *("current_accelerator", "get_default_device"),
    *("available_device", "available_device_type", "current_device_type", "default_device_type"),
)
"""Last words of functions, a project's own included, that ask PyTorch for a device."""


def is_for_one_release(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is in one of two branches that a question for PyTorch's release makes."""
    return _is_behind_release(node, facts)


def _step_release(branch: Branch, outer: bool, facts: FileFacts) -> bool:
    if outer or other_arm(branch, facts.index.parents).body is None:
        return outer
    spoken = set(words_in(branch.test))
    return "torch" in spoken and not spoken.isdisjoint(_COMPARING)


_is_behind_release = along_way(start=False, step=_step_release)
_COMPARING = frozenset({"version", "greater", "less", "least", "gt", "ge", "lt", "le"})


# What stands beside.


def _neutral_names_beside(node: cst.CSTNode, facts: FileFacts) -> _Names:
    if not _neutral_names(facts.module, facts):
        return frozenset()
    return _names_in_other_arms(node, facts) | _names_in_neighbours(node, facts)


def _add_other_arm(branch: Branch, outer: _Names, facts: FileFacts) -> _Names:
    other = other_arm(branch, facts.index.parents).body
    return outer if other is None else outer | _names_in(other, facts)


_names_in_other_arms = along_way(_Names(), _add_other_arm)


def _add_neighbours(
    above: cst.CSTNode, below: cst.CSTNode, outer: _Names, facts: FileFacts
) -> _Names:
    others: tuple[cst.CSTNode | None, ...] = ()
    if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
        return _Names()
    if isinstance(above, (cst.Try, cst.TryStar)):
        others = (above.body, *above.handlers, above.orelse)
    elif isinstance(above, (cst.BinaryOperation, cst.BooleanOperation)):
        others = (above.left, above.right)
    beside = (each for each in others if each is not None and each is not below)
    return outer.union(*(_names_in(each, facts) for each in beside))


_names_in_neighbours = inherited(_Names(), _add_neighbours)


def _names_in(node: cst.CSTNode, facts: FileFacts) -> _Names:
    return _neutral_names(facts.module, facts).get(node, _Names())


@remembered
def _neutral_names(module: cst.Module, facts: FileFacts) -> Mapping[cst.CSTNode, _Names]:
    """The neutral functions of PyTorch that each node uses somewhere inside it."""
    del module
    wanted = {api.replacement for api in device_apis().values()}
    found: dict[cst.CSTNode, _Names] = {}
    for uses in facts.index.uses.values():
        for use in uses:
            names = {name for name in facts.resolver.use(use).names if name in wanted}
            names.update(each for each in _CURRENT if use.parts[-1].endswith(each))
            for node in (use.node, *facts.ancestors(use.node)) if names else ():
                found[node] = found.get(node, _Names()) | names
    return found
