"""Which expressions read a device: `x.device`, `args.device.type`, `str(device)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name, subscript_key
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.devices.sinks import DEVICE_SINKS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_TEXT_METHODS = frozenset({"lower", "strip", "split", "partition", "rpartition", "casefold"})


@remembered
def is_device_expression(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` reads something that its name says is a device, or a part of one.

    ``x.device``, ``args.device``, ``device.type``, ``str(device)``, ``cfg["device"]``, and what
    comes from such an expression.
    """
    if _is_named(node) or isinstance(node, (cst.SimpleString, cst.Integer)):
        return _is_named(node)

    def transfer(each: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        return [] if _is_named(each) else _parts_of_device(each, facts)

    sources = facts.flow.sources(node, transfer)
    parameters = (each.node for each in sources.every if isinstance(each.node, cst.Param))
    return any(map(_is_named, (*sources.passed, *parameters)))


def _is_named(node: cst.CSTNode) -> bool:
    """Whether the name, attribute, parameter or key says that it holds a device."""
    if isinstance(node, cst.Subscript):
        name = subscript_key(node)
    else:
        name = node.name.value if isinstance(node, cst.Param) else last_name(node)
    return name is not None and DEVICE_SINKS.has_name(name)


def _parts_of_device(node: cst.BaseExpression, facts: FileFacts) -> list[cst.BaseExpression] | None:
    """The device of which ``node`` is the type, the index or the text."""
    if isinstance(node, cst.Attribute) and node.attr.value in {"type", "index"}:
        return [node.value]
    if isinstance(node, cst.Subscript) and subscript_key(node) is None:
        return [node.value]
    if isinstance(node, cst.Call):
        if facts.means(node.func, "builtins.str", "torch.device") and node.args:
            return [node.args[0].value]
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in _TEXT_METHODS:
            return [node.func.value]
    return None
