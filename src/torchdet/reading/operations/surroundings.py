"""What stands around a call and takes it out of reach of a nondeterministic kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import argument, last_name, string_value
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.inductive import Every, Judgement, inductive
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import along_way
from torchdet.torch_api.device_types import DEVICE_TYPE, HOST_DEVICE
from torchdet.torch_api.dtypes import FLOATING_DTYPES, INTEGRAL_DTYPES
from torchdet.torch_api.switches import DETERMINISTIC_MODE_READERS
from torchdet.torch_api.tensor_methods import (
    HOST_FUNCTIONS,
    SHAPE_ATTRIBUTES,
    SHAPE_FUNCTIONS,
    SHAPE_METHODS,
    STAYING_METHODS,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.graph import Branch


def is_other_path(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the code asks for deterministic mode itself, and the answer leads to ``node``."""
    current: cst.CSTNode | None = node
    while current is not None:
        if _depends_on_mode(current, facts):
            return True
        current = enclosing_function(current, facts)
    return False


def _mode_step(branch: Branch, outer: bool, facts: FileFacts) -> bool:
    def asks(test: cst.BaseExpression, _holds: bool) -> Iterator[bool]:
        compared = test.left if isinstance(test, cst.Comparison) else test
        if isinstance(compared, cst.Call) and facts.means(
            compared.func, *DETERMINISTIC_MODE_READERS
        ):
            yield True

    if outer or branch.pattern is not None:
        return outer
    return bool(facts.flow.implied(((branch.test, branch.holds),), asks))


_depends_on_mode = along_way(False, _mode_step)


def _cpu_step(branch: Branch, outer: bool, facts: FileFacts) -> bool:
    def finds_cpu(test: cst.BaseExpression, holds: bool) -> Iterator[bool]:
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            (target,) = test.comparisons
            wanted = isinstance(target.operator, cst.Equal)
            is_type = last_name(test.left) in {"type", "device_type"}
            if is_type and holds is wanted and string_value(target.comparator) == HOST_DEVICE:
                yield isinstance(target.operator, (cst.Equal, cst.NotEqual))

    if outer or branch.pattern is not None:
        return outer
    return True in facts.flow.implied(((branch.test, branch.holds),), finds_cpu)


is_for_cpu = along_way(False, _cpu_step)
"""Whether the code around has found that a tensor is on the CPU: `x.device.type == "cpu"`."""


def only_shape_is_read(call: cst.Call, facts: FileFacts) -> bool:
    """Whether nothing but the shape of the result is asked for: ``torch.unique(x).shape[0]``."""
    arrivals = facts.flow.reaches(call)
    return arrivals.complete and all(_asks_for_shape(each.use, facts) for each in arrivals.ends)


def _asks_for_shape(use: Use, facts: FileFacts) -> bool:
    if use.kind is UseKind.ATTRIBUTE:
        return use.slot in SHAPE_ATTRIBUTES
    if use.kind is UseKind.METHOD:
        return use.slot in SHAPE_METHODS
    if use.kind is not UseKind.ARGUMENT or not isinstance(use.by, cst.Call):
        return False
    return facts.means(use.by.func, "builtins.len", *SHAPE_FUNCTIONS)


def _judge_place(node: cst.BaseExpression, facts: FileFacts) -> Judgement:
    if not isinstance(node, cst.Call):
        return None
    if facts.means(node.func, *HOST_FUNCTIONS):
        return True
    if not isinstance(node.func, cst.Attribute) or facts.flow.callees(node):
        return None
    method = node.func.attr.value
    if method == HOST_DEVICE:
        return True
    receiver = Every((node.func.value,))
    if method == "to":
        return _is_moved_to_cpu(node, facts) or (_is_converted(node, facts) and receiver)
    return method in STAYING_METHODS and receiver


def _is_moved_to_cpu(call: cst.Call, facts: FileFacts) -> bool:
    device = argument(call, "device", 0)
    return device is not None and names_device(device.value, HOST_DEVICE, facts)


def names_device(node: cst.BaseExpression, name: str, facts: FileFacts) -> bool:
    """Whether ``node`` can be nothing but the device ``name``, as a text or a ``torch.device``."""

    def transfer(each: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        made = isinstance(each, cst.Call) and each.args and facts.means(each.func, DEVICE_TYPE)
        return [each.args[0].value] if made and isinstance(each, cst.Call) else None

    sources = facts.flow.sources(node, transfer)
    return sources.complete and all(string_value(each.node) == name for each in sources.every)


def _is_converted(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``to`` is given nothing but a dtype."""
    dtypes = FLOATING_DTYPES | INTEGRAL_DTYPES
    return len(call.args) == 1 and facts.means(call.args[0].value, *dtypes)


stays_on_cpu = inductive(_judge_place)
"""Whether a tensor was moved to the CPU, or comes from NumPy, and has not left since."""
