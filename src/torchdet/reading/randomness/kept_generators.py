"""Generators that a data set keeps, of which each worker of a `DataLoader` gets a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import calls_of, enclosing_class, enclosing_function
from torchdet.facts.expressions import last_name
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.model.diagnostic import Confidence
from torchdet.reading.randomness.data_classes import is_dataset

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_IN_WORKERS = frozenset({"__getitem__", "__getitems__", "__iter__"})
_SEEDS = frozenset({"seed", "manual_seed", "set_state", "setstate", "bit_generator"})
_DRAWN_FROM = frozenset({UseKind.METHOD, UseKind.ATTRIBUTE, UseKind.ARGUMENT, UseKind.CHOSEN})


@dataclass(frozen=True, slots=True)
class KeptGenerator:
    """A generator that workers draw from, as they spell it, and how sure it is that they do."""

    spelling: str
    confidence: Confidence


def kept_by_dataset(made: cst.Call, facts: FileFacts) -> KeptGenerator | None:
    """How a data set draws in its workers from the generator that ``made`` gives; None if it
    does not, or each worker or item gets one of its own."""
    draws: dict[cst.ClassDef, str] = {}
    reseeded: set[cst.ClassDef] = set()
    for use in _uses(made, facts):
        owner, function = enclosing_class(use.node, facts), enclosing_function(use.node, facts)
        if owner is None or function not in _run_by_workers(owner, facts):
            continue
        if use.slot in _SEEDS or _is_remade(use, owner, facts):
            reseeded.add(owner)
        elif use.kind in _DRAWN_FROM:
            draws.setdefault(owner, facts.code(use.node))
    for owner, spelling in draws.items():
        confidence = is_dataset(owner, facts)
        if confidence is not None and owner not in reseeded and not _asks_worker(owner, facts):
            return KeptGenerator(spelling, confidence)
    return None


def run_by_loader(function: cst.CSTNode, facts: FileFacts) -> Confidence | None:
    """Whether a loader runs the function for each item that it takes of a data set of the file."""
    owner = enclosing_class(function, facts)
    if owner is None or function not in _run_by_workers(owner, facts):
        return None
    return is_dataset(owner, facts)


def _uses(made: cst.Call, facts: FileFacts) -> list[Use]:
    """The uses of the generator, unless it is made for each item."""

    def transfer(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        called = node.func if isinstance(node, cst.Call) else None
        seeds = isinstance(called, cst.Attribute) and called.attr.value == "manual_seed"
        return [called.value] if isinstance(called, cst.Attribute) and seeds else None

    owner = enclosing_class(made, facts)
    if owner is not None and enclosing_function(made, facts) in _run_by_workers(owner, facts):
        return []
    return [each.use for each in facts.flow.reaches(made, transfer).every]


@remembered
def _run_by_workers(owner: cst.ClassDef, facts: FileFacts) -> frozenset[cst.CSTNode | None]:
    """The methods of a class, and the functions, that run when a loader asks for an item."""
    attributes = facts.flow.attributes
    methods = {name: attributes.method(owner, name) for name in _IN_WORKERS}
    pending: list[cst.CSTNode] = [each for each in methods.values() if each is not None]
    found: set[cst.CSTNode | None] = set()
    while pending:
        function = pending.pop()
        if function in found:
            continue
        found.add(function)
        for call in calls_of(function, facts):
            callees = (each.function for each in facts.flow.callees(call))
            pending += (each for each in callees if each is not None)
    return frozenset(found)


def _is_remade(use: Use, owner: cst.ClassDef, facts: FileFacts) -> bool:
    """Whether what runs in the workers also gives the attribute another generator, or code that
    is not of the class does, as a ``worker_init_fn`` would."""
    node = use.node
    if not isinstance(node, cst.Attribute):
        return False
    name = node.attr.value
    stored, _ = facts.flow.attributes.stored(owner, name)
    in_workers = _run_by_workers(owner, facts)
    remade = any(enclosing_function(each.node, facts) in in_workers for each in stored)
    return remade or name in _assigned_from_outside(facts.module, facts)


@remembered
def _assigned_from_outside(module: cst.Module, facts: FileFacts) -> frozenset[str]:
    """The attributes that are assigned on anything but ``self``: ``dataset.rng = ...``."""
    del module
    return frozenset(
        use.parts[-1]
        for uses in facts.index.uses.values()
        for use in uses
        if use.parts[0] != "self" and isinstance(facts.parent(use.node), cst.AssignTarget)
    )


@remembered
def _asks_worker(owner: cst.ClassDef, facts: FileFacts) -> bool:
    """Whether a method of the class asks which worker runs it."""
    methods = facts.flow.attributes.members(owner).methods.values()
    calls = (call for method in methods for call in calls_of(method, facts))
    return any(last_name(call.func) == "get_worker_info" for call in calls)
