"""Conditions that ask which accelerators are there, directly or by a name that keeps the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from torchdet.facts.flow.outcomes import truth_of
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.devices.device_text import words
from torchdet.torch_api.device_queries import BUILD_VERSIONS
from torchdet.torch_api.device_types import ACCELERATOR_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_TYPES = "|".join((*ACCELERATOR_TYPES, "gpu", "accelerator"))
# Wrappers of projects around the probes: `is_torch_xpu_available`, `has_cuda`, `use_cuda()`.
_PROBE_FUNCTION = re.compile(
    rf"(?:.*_)?(?:{_TYPES})s?_(?:is_)?(?:available|present|count)|has_(?:{_TYPES})s?"
)
_PROBE_METHOD = re.compile(r"is_available|device_count|is_built|auto_device_count")
_PROBE_OWNER = re.compile(rf".*(?:{_TYPES})(?:accelerator)?")


def is_probe(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` asks if accelerators are there, or how many.

    ``torch.cuda.is_available()``, ``torch.xpu.device_count()``, ``torch.version.cuda``, and
    functions whose names say the same: ``is_npu_available()``.
    """
    if isinstance(node, cst.Call):
        func = node.func
        if isinstance(func, cst.Attribute):
            owner = func.value
            name = owner.attr.value if isinstance(owner, cst.Attribute) else ""
            name = owner.value if isinstance(owner, cst.Name) else name
            if _PROBE_METHOD.fullmatch(func.attr.value):
                named = _PROBE_OWNER.fullmatch(name.lower()) is not None
                return named or _is_torch_probe(func, facts)
            return _PROBE_FUNCTION.fullmatch(func.attr.value.lower()) is not None
        if isinstance(func, cst.Name):
            if _PROBE_FUNCTION.fullmatch(func.value.lower()) is not None:
                return True
            return _PROBE_METHOD.fullmatch(func.value) is not None and _is_torch_probe(func, facts)
        return False
    return isinstance(node, cst.Attribute) and facts.means(node, *BUILD_VERSIONS)


def _is_torch_probe(func: cst.BaseExpression, facts: FileFacts) -> bool:
    names = facts.resolve(func).names
    return bool(names) and all(
        len(parts := name.split(".")) > 2 and parts[0] == "torch" and parts[-2] in _PROBED
        for name in names
    )


_PROBED = frozenset((*ACCELERATOR_TYPES, "accelerator"))


def depends_on_availability(test: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a condition asks a probe, itself or through what it reads."""
    return bool(probes_of(test, facts))


def probed_types(test: cst.BaseExpression, facts: FileFacts) -> Iterator[str]:
    """The device types that the probes of a condition ask for; none for "any accelerator".

    A "GPU" is taken for one of CUDA.
    """
    for probe in probes_of(test, facts):
        asked = probe.func if isinstance(probe, cst.Call) else probe
        for word in words(facts.code(asked)):
            if word in ACCELERATOR_TYPES:
                yield word
            elif word == "gpu":
                yield "cuda"


@remembered
def probes_of(test: cst.BaseExpression, facts: FileFacts) -> tuple[cst.Call | cst.Attribute, ...]:
    """The probes whose answers decide on a condition or a count, wherever they were asked.

    Where the value is a constant, the conditions decide under which it is this one:
    ``use_cuda = False`` before ``if torch.cuda.is_available(): use_cuda = True``.
    """
    found: dict[cst.Call | cst.Attribute, None] = {}

    def transfer(node: cst.BaseExpression) -> Iterable[cst.BaseExpression] | None:
        if isinstance(node, (cst.Call, cst.Attribute)) and is_probe(node, facts):
            found[node] = None
            return ()
        return operands_of_condition(node, facts)

    asked: dict[cst.BaseExpression, None] = {test: None}
    pending = [test]
    while pending:
        for source in facts.flow.sources(pending.pop(), transfer).every:
            if _is_answer(source.node):
                tests = [each.test for each in source.conditions if each.test not in asked]
                asked.update(dict.fromkeys(tests))
                pending += tests
    return tuple(found)


def _is_answer(node: cst.CSTNode) -> bool:
    return isinstance(node, (cst.Name, cst.Integer)) and truth_of(node) is not None


def operands_of_condition(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[cst.BaseExpression, ...] | None:
    """The parts of a condition or a count that decide on its value."""
    if isinstance(node, cst.UnaryOperation):
        return (node.expression,)
    if isinstance(node, cst.Comparison):
        return (node.left, *(target.comparator for target in node.comparisons))
    if isinstance(node, cst.Call) and facts.means(node.func, *_COMBINING):
        return tuple(arg.value for arg in node.args)
    return None


_COMBINING = ("builtins.bool", "builtins.int", "builtins.min", "builtins.max")
