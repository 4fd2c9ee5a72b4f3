"""Which expressions read a device: `x.device`, `args.device.type`, `str(device)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import subscript_key
from torchdet.facts.lazy import cst
from torchdet.reading.devices.sinks import DEVICE_SINKS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_TEXT_METHODS = frozenset({"lower", "strip", "split", "partition", "rpartition", "casefold"})


def is_device_expression(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` reads something that its name says is a device, or a part of one.

    ``x.device``, ``args.device``, ``device.type``, ``str(device)``, ``cfg["device"]``, and a name
    that was assigned such an expression.
    """
    return _is_device_expression(node, facts, depth=3)


def _is_device_expression(node: cst.CSTNode, facts: FileFacts, depth: int) -> bool:
    if isinstance(node, cst.Attribute):
        if node.attr.value in {"type", "index"}:
            return _is_device_expression(node.value, facts, depth)
        return DEVICE_SINKS.has_name(node.attr.value)
    if isinstance(node, cst.Name):
        if DEVICE_SINKS.has_name(node.value):
            return True
        values = [binding.value for binding in facts.bindings(node)]
        return depth > 0 and any(
            value is not None and _is_device_expression(value, facts, depth - 1) for value in values
        )
    if isinstance(node, cst.Call):
        if facts.means(node.func, "builtins.str", "torch.device") and node.args:
            return _is_device_expression(node.args[0].value, facts, depth)
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in _TEXT_METHODS:
            return _is_device_expression(node.func.value, facts, depth)
        return False
    if isinstance(node, cst.Subscript):
        key = subscript_key(node)
        if key is not None:
            return DEVICE_SINKS.has_name(key)
        return _is_device_expression(node.value, facts, depth)
    return False
