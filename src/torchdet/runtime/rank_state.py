"""The generators of this rank, or of all ranks, as a state that knows whose it is."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import ModuleType
from typing import cast

from torchdet.runtime.errors import StateError
from torchdet.runtime.events import EventKind, RuntimeEvent, emit
from torchdet.runtime.generator_states import State, read_generators, write_generators
from torchdet.runtime.probe import probe_distributed_rank

FORMAT = 1
"""The number of this format; a state of another one is refused."""


def read_rank_state(torch: ModuleType, *, all_ranks: bool) -> dict[str, State]:
    """Return the generators of this rank; with `all_ranks`, those of every rank of the job.

    Then each rank has to call it, as it is a collective operation.
    """
    place = probe_distributed_rank()
    rank, world_size = (0, 1) if place is None else (place.rank, place.world_size)
    own = read_generators(torch)
    ranks: dict[str, State] = {str(rank): own}
    if all_ranks and world_size > 1:
        gathered: list[dict[str, State] | None] = [None] * world_size
        torch.distributed.all_gather_object(gathered, own)
        ranks = {str(number): states for number, states in enumerate(gathered)}
    return {"format": FORMAT, "world_size": world_size, "ranks": ranks}


def write_rank_state(torch: ModuleType, state: Mapping[str, State], *, strict: bool) -> None:
    """Give the generators of this rank their state back.

    Raises `StateError` for what is no such state, and for a state that holds nothing of this rank:
    without `strict` the generators stay as they are then, which is logged.
    """
    if not isinstance(state, Mapping) or state.get("format") != FORMAT:
        raise StateError(
            f"expected what rt.state_dict() returns (format {FORMAT}), got "
            f"{_shown(state)}; load the entry under which it was saved"
        )
    place = probe_distributed_rank()
    rank = 0 if place is None else place.rank
    ranks = cast("dict[str, dict[str, State]]", state["ranks"])
    if str(rank) in ranks:
        write_generators(torch, ranks[str(rank)])
        return
    message = (
        f"this state holds the generators of rank {', '.join(ranks)} of {state['world_size']}, "
        f"and this is rank {rank}"
    )
    if strict:
        raise StateError(
            f"{message}; save with rt.save_checkpoint, or rt.state_dict(all_ranks=True) on every "
            "rank, or load with strict=False"
        )
    event = RuntimeEvent(EventKind.STATE_MISSING, f"{message}; they stay as they are")
    emit(event, logging.WARNING)


def _shown(state: object) -> str:
    if isinstance(state, Mapping):
        return f"a mapping with {', '.join(map(repr, list(state)[:5])) or 'nothing'}"
    return f"a {type(state).__name__}"
