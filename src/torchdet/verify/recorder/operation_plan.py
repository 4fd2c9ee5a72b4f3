"""What an operation does with its arguments, worked out once from its schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

from torchdet.verify.trace.records import SiteKind

_ALLOCATES = frozenset({
    "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided",
    "resize_", "resize_as_", "_resize_output_",
})  # fmt: skip
_OVERWRITES = frozenset({
    "bernoulli_", "cauchy_", "copy_", "exponential_", "fill_", "geometric_", "log_normal_",
    "normal_", "random_", "set_", "uniform_", "zero_", "_foreach_copy_", "_foreach_zero_",
})  # fmt: skip
_ENTRIES = frozenset({"lift", "lift_fresh", "lift_fresh_copy", "set_"})
_COLLECTIVES = frozenset({"c10d", "c10d_functional", "_c10d_functional"})
_UNRECORDED = frozenset({"profiler", "prim", "debug_mode_ops"})


@dataclass(frozen=True, slots=True, eq=False)
class OperationPlan:
    """How an operation is recorded.

    ``writes`` and ``overwrites`` are the positions and names of the arguments that it changes, and
    of those among them whose old content it does not read.
    """

    name: str
    kind: SiteKind
    is_recorded: bool
    is_view: bool
    allocates: bool
    writes: frozenset[int | str]
    overwrites: frozenset[int | str]
    is_plain: bool
    """Whether its outputs are all that is to be said about it, as long as memory is ordinary."""


@cache
def operation_plan(operation: torch._ops.OpOverload) -> OperationPlan:
    """The plan of an operation, such as ``torch.ops.aten.add_.Tensor``."""
    schema = operation._schema
    namespace, _, name = schema.name.partition("::")
    writes: set[int | str] = set()
    overwrites: set[int | str] = set()
    views = False
    for position, argument in enumerate(schema.arguments):
        alias = argument.alias_info
        if alias is None:
            continue
        if not alias.is_write:
            views = True
            continue
        key = argument.name if argument.kwarg_only else position
        writes.add(key)
        if argument.is_out or (name in _OVERWRITES and position == 0):
            overwrites.add(key)
    kind = _kind(operation, namespace, name)
    return OperationPlan(
        name=f"{namespace}.{name}",
        kind=kind,
        is_recorded=namespace not in _UNRECORDED,
        is_view=views and not writes and name not in _ENTRIES,
        allocates=name in _ALLOCATES,
        writes=frozenset(writes),
        overwrites=frozenset(overwrites),
        is_plain=name not in _ALLOCATES and kind is not SiteKind.COLLECTIVE,
    )


def _kind(operation: torch._ops.OpOverload, namespace: str, name: str) -> SiteKind:
    if namespace in _COLLECTIVES:
        return SiteKind.COLLECTIVE
    if name in _ENTRIES:
        return SiteKind.ENTRY
    if torch.Tag.nondeterministic_seeded in operation.tags:
        return SiteKind.RANDOM
    return SiteKind.OPERATION
