"""The list of every name that holds a stand-in while redirection is on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import torch
import torch.cuda.amp
import torch.nested

from torchdet.runtime.masquerade import (
    device,
    memory_figures,
    random_state,
    ranges,
    streams_and_events,
    torch_names,
)
from torchdet.runtime.masquerade.cuda_only import REASONS, refusal
from torchdet.runtime.masquerade.loading import load
from torchdet.runtime.masquerade.stand_in import (
    Answer,
    argument_stand_in,
    class_stand_in,
    function_stand_in,
    no_cuda_and_asked_by_the_program,
)
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.redirect.processes import inheriting_process_start
from torchdet.runtime.redirect.replacements import Replacement
from torchdet.runtime.redirect.rules import CUDA_TYPES
from torchdet.runtime.redirect.threads import inheriting_start, redirected_backward


def _returning(value: object) -> Answer:
    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:  # noqa: ARG001
        return value

    return answer


# Answers that do not change while a program runs: torch.compile may take them for constants.
_CONSTANT: dict[str, Answer] = {
    "can_device_access_peer": _returning(False),
    "current_device": device.current_device,
    "device_count": device.device_count,
    "get_arch_list": lambda mode: [],  # noqa: ARG005 - a fresh list each time
    "get_device_capability": device.get_device_capability,
    "get_device_name": device.get_device_name,
    "get_gencode_flags": _returning(""),
    "is_available": device.is_available,
    "is_bf16_supported": device.is_bf16_supported,
    "is_current_stream_capturing": _returning(False),
    "is_initialized": _returning(True),
    "is_tf32_supported": _returning(False),
}

_FUNCTIONS: dict[str, Answer] = {
    "current_stream": streams_and_events.current_stream,
    "default_stream": streams_and_events.default_stream,
    "empty_cache": memory_figures.empty_cache,
    "get_device_properties": device.get_device_properties,
    "get_per_process_memory_fraction": memory_figures.get_per_process_memory_fraction,
    "get_rng_state": random_state.get_rng_state,
    "get_rng_state_all": random_state.get_rng_state_all,
    "init": ranges.nothing,
    "initial_seed": random_state.initial_seed,
    "ipc_collect": ranges.nothing,
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
    "stream": streams_and_events.stream_block,
    "synchronize": device.synchronize,
}

_NVTX: dict[str, Answer] = {
    "mark": ranges.nothing,
    "range": ranges.range_block,
    "range_end": ranges.nothing,
    "range_pop": ranges.range_pop,
    "range_push": ranges.range_push,
    "range_start": ranges.range_start,
}

_PROFILER: dict[str, Answer] = {"start": ranges.nothing, "stop": ranges.nothing}

_CLASSES: dict[str, tuple[Answer, Callable[[object], bool]]] = {
    "Event": (streams_and_events.make_event, streams_and_events.is_event),
    "Stream": (streams_and_events.make_stream, streams_and_events.is_stream),
    "device": (device.DeviceBlock, lambda value: isinstance(value, device.DeviceBlock)),
    "device_of": (device.DeviceBlock, lambda value: isinstance(value, device.DeviceBlock)),
}


def replacements() -> list[Replacement]:
    """Return every replacement; making the list changes nothing."""
    made = [
        Replacement(threading.Thread, "start", inheriting_start),
        Replacement(BaseProcess, "start", inheriting_process_start),
        Replacement(torch.autograd, "_engine_run_backward", redirected_backward),
    ]
    made += [Replacement(torch, name, torch_names.device_class(name))
             for name in torch_names.DEVICE_CLASSES]  # fmt: skip
    made += [
        Replacement(torch.Tensor, "record_stream", streams_and_events.record_stream),
        Replacement(torch, "range", torch_names.creation),
        Replacement(torch, "load", load),
        Replacement(torch.serialization, "load", load),
        Replacement(torch.jit, "load", torch_names.device_keyword),
        Replacement(torch.nested, "nested_tensor", torch_names.device_keyword),
        Replacement(torch.nested, "as_nested_tensor", torch_names.device_keyword),
        Replacement(torch, "set_default_tensor_type", torch_names.set_default_tensor_type),
        Replacement(torch.storage._StorageBase, "cuda", torch_names.storage_cuda),
    ]
    for owner, argument in ((torch.amp.autocast, "device_type"), (torch.amp.GradScaler, "device")):
        maker = argument_stand_in(
            argument, torch_names.device_type, torch_names.asked_of_mixed_precision
        )
        made.append(Replacement(owner, "__init__", maker))
    return made + _cuda_replacements()


def _cuda_replacements() -> list[Replacement]:
    applies = no_cuda_and_asked_by_the_program
    makers: dict[str, Callable[[object], object]] = {}
    for name, answer in _CONSTANT.items():
        makers[name] = function_stand_in(answer, applies, constant=True)
    for name, answer in _FUNCTIONS.items():
        makers[name] = function_stand_in(answer, applies)
    for name, (answer, instances) in _CLASSES.items():
        makers[name] = class_stand_in(answer, applies, instances)
    for name, dtype in CUDA_TYPES.items():
        answer, instances = torch_names.legacy_type(name, dtype)
        makers[name] = class_stand_in(answer, applies, instances)
    for name in REASONS:
        is_class = isinstance(getattr(torch.cuda, name, None), type)
        make = class_stand_in if is_class else function_stand_in
        makers[name] = make(refusal(name), applies)
    # Names that programs use by their submodule too (torch.cuda.memory.empty_cache).
    submodules = ("graphs", "memory", "random", "streams")
    owners = [torch.cuda, *(getattr(torch.cuda, each) for each in submodules)]
    made = [Replacement(owner, name, maker) for name, maker in makers.items() for owner in owners]
    for module, answers in ((torch.cuda.nvtx, _NVTX), (torch.cuda.profiler, _PROFILER)):
        for name, answer in answers.items():
            made.append(Replacement(module, name, function_stand_in(answer, applies)))
    return made
