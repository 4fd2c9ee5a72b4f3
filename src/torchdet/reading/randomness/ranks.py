"""Whether the processes of a distributed program draw the same random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.torch_api.device_arguments import DATA_PARALLEL_WRAPPERS
from torchdet.torch_api.random_numbers import seeds_torch

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_GROUPS = frozenset(
    {
        "torch.distributed.init_process_group",
        *(name for name in DATA_PARALLEL_WRAPPERS if "Distributed" in name),
    }
)


def is_seeded_alike_on_all_ranks(facts: FileFacts) -> bool:
    """Whether the file starts a process group, and seeds torch with no number that has the rank."""
    return _is_seeded_alike(facts.module, facts)


@remembered
def _is_seeded_alike(module: cst.Module, facts: FileFacts) -> bool:
    del module
    in_group = False
    seeds: list[cst.Call] = []
    for uses in facts.index.uses.values():
        for use in uses:
            names = facts.resolver.use(use).names
            call = facts.parent(use.node)
            if not names or not isinstance(call, cst.Call) or call.func is not use.node:
                continue
            in_group = in_group or not _GROUPS.isdisjoint(names)
            if all(map(seeds_torch, names)):
                seeds.append(call)
    return in_group and bool(seeds) and not any(_has_rank(each, facts) for each in seeds)


def _has_rank(call: cst.Call, facts: FileFacts) -> bool:
    """Whether a seed is computed from something that differs between ranks."""
    for arg in call.args:
        ends = facts.flow.sources(arg.value).every
        if any("rank" in facts.code(each.node).lower() for each in ends):
            return True
        if "rank" in facts.code(arg.value).lower():
            return True
    return False
