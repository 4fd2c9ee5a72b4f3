"""The one function of a project that returns a device for each of several makers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.devices.device_text import device_text

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def is_central_device(literal: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``literal``, a device's name, is what such a function may return."""
    function = enclosing_function(literal, facts)
    return function is not None and literal in _devices_of_several_makers(function, facts)


@remembered
def _devices_of_several_makers(
    function: cst.FunctionDef, facts: FileFacts
) -> frozenset[cst.BaseExpression]:
    """The literals that ``function`` returns, where they name accelerators of several types."""

    def transfer(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        made = isinstance(node, cst.Call) and facts.means(node.func, "torch.device", "builtins.str")
        return [arg.value for arg in node.args[:1]] if isinstance(node, cst.Call) and made else None

    found: dict[cst.BaseExpression, str] = {}
    for returned in facts.flow.returns(function).values:
        for end in facts.flow.sources(returned, transfer).expressions:
            text = device_text(end)
            if text is not None:
                found[end] = text.type
    accelerators = set(found.values()) - {"cpu"}
    return frozenset(found) if len(accelerators) > 1 else frozenset()
