"""How each name of torch's modules of accelerators is answered.

A name that is missing here is refused, see `cuda_only`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torchdet.runtime.masquerade import (
    collectives,
    device,
    memory_figures,
    random_state,
    ranges,
    streams_and_events,
)
from torchdet.runtime.masquerade.stand_in import Answer
from torchdet.runtime.redirect.mode import RedirectMode

Instances = Callable[[object], bool]


def returning(value: object) -> Answer:
    """Make an answer that is always the same."""

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:  # noqa: ARG001
        return value

    return answer


QUERIES: Mapping[str, Answer] = MappingProxyType(
    {
        "device_count": device.device_count,
        "is_available": device.is_available,
        "is_initialized": returning(True),
    }
)
"""Questions about the machine. In the honest mode torch itself answers them."""

_CONSTANT = """
can_device_access_peer current_device device_count get_arch_list get_device_capability
get_device_name get_gencode_flags is_available is_bf16_supported is_current_stream_capturing
is_initialized is_tf32_supported
"""
CONSTANT = frozenset(_CONSTANT.split())
"""Answers that do not change while a program runs: torch.compile may take them for constants."""

FUNCTIONS: Mapping[str, Answer] = MappingProxyType(
    {
        "can_device_access_peer": returning(False),
        "current_device": device.current_device,
        "current_stream": streams_and_events.current_stream,
        "default_stream": streams_and_events.default_stream,
        "empty_cache": memory_figures.empty_cache,
        "get_allocator_backend": returning("native"),
        "get_arch_list": lambda mode: [],  # noqa: ARG005 - a fresh list each time
        "get_device_capability": device.get_device_capability,
        "get_device_name": device.get_device_name,
        "get_device_properties": device.get_device_properties,
        "get_gencode_flags": returning(""),
        "get_per_process_memory_fraction": memory_figures.get_per_process_memory_fraction,
        "get_rng_state": random_state.get_rng_state,
        "get_rng_state_all": random_state.get_rng_state_all,
        "get_sync_debug_mode": returning(0),
        "init": ranges.nothing,
        "initial_seed": random_state.initial_seed,
        "ipc_collect": ranges.nothing,
        "is_bf16_supported": device.is_bf16_supported,
        "is_current_stream_capturing": returning(False),
        "is_tf32_supported": returning(False),
        "manual_seed": random_state.manual_seed,
        "manual_seed_all": random_state.manual_seed,
        "max_memory_allocated": memory_figures.max_memory_allocated,
        "max_memory_cached": memory_figures.max_memory_reserved,
        "max_memory_reserved": memory_figures.max_memory_reserved,
        "mem_get_info": memory_figures.mem_get_info,
        "memory_allocated": memory_figures.memory_allocated,
        "memory_cached": memory_figures.memory_reserved,
        "memory_reserved": memory_figures.memory_reserved,
        "memory_snapshot": memory_figures.memory_snapshot,
        "memory_stats": memory_figures.memory_stats,
        "memory_stats_as_nested_dict": memory_figures.memory_stats_as_nested_dict,
        "memory_summary": memory_figures.memory_summary,
        "reset_accumulated_memory_stats": memory_figures.reset_accumulated_memory_stats,
        "reset_max_memory_allocated": memory_figures.reset_peak_memory_stats,
        "reset_max_memory_cached": memory_figures.reset_peak_memory_stats,
        "reset_peak_memory_stats": memory_figures.reset_peak_memory_stats,
        "seed": random_state.seed,
        "seed_all": random_state.seed,
        "set_device": device.set_device,
        "set_per_process_memory_fraction": memory_figures.set_per_process_memory_fraction,
        "set_rng_state": random_state.set_rng_state,
        "set_rng_state_all": random_state.set_rng_state_all,
        "set_stream": streams_and_events.set_stream,
        "stream": streams_and_events.StreamBlock,
        "synchronize": device.synchronize,
    }
)
"""Requests to a device, under the names that ``torch.cuda`` and ``torch.xpu`` share."""

PRIVATE: Mapping[str, Answer] = MappingProxyType(
    {
        "_dump_snapshot": memory_figures.dump_snapshot,
        "_record_memory_history": memory_figures.record_history,
        "_snapshot": memory_figures.snapshot,
    }
)
"""Names of ``torch.cuda.memory`` that torch's documentation tells people to use."""

CLASSES: Mapping[str, tuple[Answer, Instances]] = MappingProxyType(
    {
        "Event": (streams_and_events.make_event, streams_and_events.is_event),
        "Stream": (streams_and_events.make_stream, streams_and_events.is_stream),
        "StreamContext": (
            streams_and_events.StreamBlock,
            lambda value: isinstance(value, streams_and_events.StreamBlock),
        ),
        "device": (device.DeviceBlock, lambda value: isinstance(value, device.DeviceBlock)),
        "device_of": (device.DeviceBlock, lambda value: isinstance(value, device.DeviceBlock)),
    }
)

IN_SUBMODULES: Mapping[str, Answer] = MappingProxyType(
    {
        "torch.cuda.comm.broadcast": collectives.broadcast,
        "torch.cuda.comm.broadcast_coalesced": collectives.broadcast_coalesced,
        "torch.cuda.comm.gather": collectives.gather,
        "torch.cuda.comm.reduce_add": collectives.reduce_add,
        "torch.cuda.comm.reduce_add_coalesced": collectives.reduce_add_coalesced,
        "torch.cuda.comm.scatter": collectives.scatter,
        "torch.cuda.nvtx.mark": ranges.nothing,
        "torch.cuda.nvtx.range": ranges.range_block,
        "torch.cuda.nvtx.range_end": ranges.nothing,
        "torch.cuda.nvtx.range_pop": ranges.range_pop,
        "torch.cuda.nvtx.range_push": ranges.range_push,
        "torch.cuda.nvtx.range_start": ranges.range_start,
        "torch.cuda.profiler.start": ranges.nothing,
        "torch.cuda.profiler.stop": ranges.nothing,
        "torch.mps.profiler.is_capturing_metal": returning(False),
        "torch.mps.profiler.is_metal_capture_enabled": returning(False),
        "torch.mps.profiler.profile": ranges.range_of_profile,
        "torch.mps.profiler.start": ranges.nothing,
        "torch.mps.profiler.stop": ranges.nothing,
    }
)
"""Names that mean something else in their module than in ``torch.cuda`` itself."""

_SHARED = """
current_stream empty_cache get_device_capability max_memory_allocated max_memory_reserved
memory_allocated memory_reserved memory_stats reset_accumulated_memory_stats
reset_peak_memory_stats set_stream synchronize
"""
ACCELERATOR: Mapping[str, Answer] = MappingProxyType(
    {
        **{name: FUNCTIONS[name] for name in _SHARED.split()},
        "current_device_idx": device.current_device,
        "current_device_index": device.current_device,
        "device_index": device.DeviceBlock,
        "empty_host_cache": ranges.nothing,
        "get_memory_info": memory_figures.mem_get_info,
        "set_device_idx": device.set_device,
        "set_device_index": device.set_device,
    }
)
"""Requests to whatever accelerator there is, made where there is none."""

MPS: Mapping[str, Answer] = MappingProxyType(
    {
        "current_allocated_memory": memory_figures.memory_allocated,
        "driver_allocated_memory": memory_figures.memory_reserved,
        "empty_cache": memory_figures.empty_cache,
        "get_rng_state": random_state.get_rng_state,
        "manual_seed": random_state.manual_seed,
        "recommended_max_memory": memory_figures.total_memory,
        "seed": random_state.seed,
        "set_per_process_memory_fraction": memory_figures.set_per_process_memory_fraction,
        "set_rng_state": random_state.set_rng_state,
        "synchronize": device.synchronize,
    }
)
"""Requests to MPS, made where there is none."""
