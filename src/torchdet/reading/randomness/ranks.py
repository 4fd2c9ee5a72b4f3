"""Whether the processes of a distributed program draw the same random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.enclosing import calls_by_body
from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.randomness.program import program
from torchdet.reading.randomness.streams import is_helper
from torchdet.torch_api.device_arguments import DATA_PARALLEL_WRAPPERS
from torchdet.torch_api.random_numbers import seeds_torch

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

_GROUPS = frozenset(
    {
        "torch.distributed.init_process_group",
        *(name for name in DATA_PARALLEL_WRAPPERS if "Distributed" in name),
    }
)


def is_seeded_alike_on_all_ranks(context: Context) -> bool:
    """Whether the file starts a process group, and seeds torch with no number that has the rank.

    By functions of torch, or by a helper of the project that looks at no rank itself.
    """
    facts = context.facts
    groups, seeds = _groups_and_seeds(facts.module, facts)
    if not groups or not seeds or any(_has_rank(each, facts) for each in seeds):
        return False
    helpers = [last_name(each.func) or "" for each in seeds if not _seeds_itself(each, facts)]
    return all(map(program(context).seeds_without_rank, helpers))


@remembered
def _groups_and_seeds(module: cst.Module, facts: FileFacts) -> tuple[bool, tuple[cst.Call, ...]]:
    """Whether the file starts a process group, and its calls that seed, or do so by their names."""
    calls = [call for found in calls_by_body(module, facts).values() for call in found]
    seeds = [
        call
        for call in calls
        if _seeds_itself(call, facts) or is_helper(last_name(call.func) or "")
    ]
    return any(facts.means(call.func, *_GROUPS) for call in calls), tuple(seeds)


def _seeds_itself(call: cst.Call, facts: FileFacts) -> bool:
    names = facts.resolve(call.func).names
    return bool(names) and all(map(seeds_torch, names))


def _has_rank(call: cst.Call, facts: FileFacts) -> bool:
    """Whether a seed is computed from something that differs between ranks."""
    for arg in call.args:
        ends = facts.flow.sources(arg.value).every
        if any("rank" in facts.code(each.node).lower() for each in ends):
            return True
        if "rank" in facts.code(arg.value).lower():
            return True
    return False
