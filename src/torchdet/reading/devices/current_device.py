"""Whether code chooses the current device by hand, so that it need not be the handle's.

The handle's device is that of the local rank, or the first. A call of ``.cuda()`` means the
current device of the thread, whichever that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value
from torchdet.facts.lazy import cst
from torchdet.torch_api.device_arguments import (
    CURRENT_DEVICE_BLOCKS,
    CURRENT_DEVICE_BLOCKS_BY_TENSOR,
    CURRENT_DEVICE_SETTERS,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

CHOOSING_WORDS = ("set_device",)
"""The words without one of which a file chooses no current device for others."""


def chooses_device(facts: FileFacts) -> bool:
    """Whether the file chooses a current device, other than the first or that of the local rank."""
    return _calls_with_device(facts, CURRENT_DEVICE_SETTERS)


def chooses_device_for_itself(facts: FileFacts) -> bool:
    """Whether it does so at least within a block: ``with torch.cuda.device(1):``."""
    blocks = (*CURRENT_DEVICE_BLOCKS, *CURRENT_DEVICE_BLOCKS_BY_TENSOR)
    return _calls_with_device(facts, (*CURRENT_DEVICE_SETTERS, *blocks))


def _calls_with_device(facts: FileFacts, functions: tuple[str, ...]) -> bool:
    """Whether one of ``functions`` is called with something else than 0 or a local rank."""
    for uses in list(facts.index.uses.values()):
        for use in uses:
            call = facts.index.parents.get(use.node)
            if not isinstance(call, cst.Call) or call.func is not use.node or not call.args:
                continue
            if not facts.means(use.node, *functions):
                continue
            given = call.args[0].value
            if int_value(given) != 0 and not _names_local_rank(given, facts):
                return True
    return False


def _names_local_rank(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` speaks of the local rank, or comes from something that does."""
    sources = facts.flow.sources(node)
    said = (*sources.passed, *(each.node for each in sources.every))
    return any("local_rank" in facts.code(each).lower() for each in said)
