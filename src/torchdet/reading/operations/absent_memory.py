"""Whether a new tensor has no memory that could be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import along_way, inherited
from torchdet.reading.operations.surroundings import names_device
from torchdet.torch_api.device_types import META_BLOCKS, META_DEVICE

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.graph import Branch

# How a size is compared with 0 where it has been found to be 0, and with what outcome.
_ZERO_WHERE = {
    "Equal": True,
    "NotEqual": False,
    "GreaterThan": False,
    "LessThanEqual": True,
}


def has_no_memory(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the tensor has no elements, or lies on the device that keeps none."""
    device = argument(call, "device")
    if device is not None and names_device(device.value, META_DEVICE, facts):
        return True
    sizes = [arg.value for arg in call.args if arg.keyword is None or arg.keyword.value == "size"]
    if any(_has_zero(size) for size in sizes):
        return True
    return _is_for_no_elements(call, facts) or _is_under_meta(call, facts)


def _has_zero(size: cst.BaseExpression) -> bool:
    if isinstance(size, (cst.Tuple, cst.List)):
        return any(int_value(each.value) == 0 for each in size.elements)
    return int_value(size) == 0


def _empty_step(branch: Branch, outer: bool, facts: FileFacts) -> bool:
    def finds_zero(test: cst.BaseExpression, holds: bool) -> Iterator[bool]:
        if isinstance(test, cst.Call) and last_name(test.func) in {"numel", "len"} and not holds:
            yield True
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            (target,) = test.comparisons
            wanted = _ZERO_WHERE.get(type(target.operator).__name__)
            if wanted is holds and 0 in (int_value(test.left), int_value(target.comparator)):
                yield True

    if outer or branch.pattern is not None:
        return outer
    return bool(facts.flow.implied(((branch.test, branch.holds),), finds_zero))


# Whether a condition around has found a size to be zero.
_is_for_no_elements = along_way(False, _empty_step)


def _meta_step(above: cst.CSTNode, below: cst.CSTNode, outer: bool, facts: FileFacts) -> bool:
    if outer or not isinstance(above, cst.With) or above.body is not below:
        return outer
    return any(_makes_meta(item.item, facts) for item in above.items)


def _makes_meta(node: cst.BaseExpression, facts: FileFacts) -> bool:
    called = node.func if isinstance(node, cst.Call) else node
    return facts.means(called, *META_BLOCKS) or names_device(node, META_DEVICE, facts)


# Whether a block around makes tensors on the device that keeps none.
_is_under_meta = inherited(False, _meta_step)
