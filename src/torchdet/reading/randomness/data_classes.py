"""Which classes are torch's data sets and samplers, by what they derive from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.torch_api.data_loading import datasets
from torchdet.torch_api.public_names import classes_of

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def is_dataset(definition: cst.ClassDef, facts: FileFacts) -> Confidence | None:
    """Whether instances of the class are data sets; None where nothing says so."""
    return _derives(definition, datasets(), "Dataset", facts)


def is_sampler(definition: cst.ClassDef, facts: FileFacts) -> Confidence | None:
    """Whether instances of the class are samplers; None where nothing says so.

    A class that is one only by the name of its base has to have an ``__iter__``: the neighbour
    samplers of graph libraries draw, but give no order.
    """
    confidence = _derives(definition, classes_of("sampler"), "Sampler", facts)
    if confidence is Confidence.CERTAIN:
        return confidence
    methods = (each for each in definition.body.body if isinstance(each, cst.FunctionDef))
    iterates = any(method.name.value == "__iter__" for method in methods)
    return confidence if iterates else None


def _derives(
    definition: cst.ClassDef, known: frozenset[str], ending: str, facts: FileFacts
) -> Confidence | None:
    """Certain when a base, or a base of one in this file, is ``known``; likely by its name."""
    likely = False
    pending = [definition]
    seen: set[cst.ClassDef] = set()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        for base in current.bases:
            value = base.value.value if isinstance(base.value, cst.Subscript) else base.value
            names = facts.resolve(value).names
            if names and all(name in known for name in names):
                return Confidence.CERTAIN
            own = _defined_here(value, facts)
            likely = likely or (not own and (last_name(value) or "").endswith(ending))
            pending += own
    return Confidence.LIKELY if likely else None


def _defined_here(base: cst.BaseExpression, facts: FileFacts) -> list[cst.ClassDef]:
    if not isinstance(base, cst.Name):
        return []
    nodes = (binding.node for binding in facts.bindings(base))
    return [node for node in nodes if isinstance(node, cst.ClassDef)]
