"""The list of every name that holds a stand-in while redirection is on."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from multiprocessing.process import BaseProcess
from types import ModuleType

import torch
import torch.nested

from torchdet.runtime.masquerade import (
    answers,
    identity,
    optimizers,
    ranges,
    storages,
    streams_and_events,
    torch_names,
)
from torchdet.runtime.masquerade.answers import Instances
from torchdet.runtime.masquerade.cuda_only import refusal
from torchdet.runtime.masquerade.loading import load
from torchdet.runtime.masquerade.stand_in import (
    Answer,
    argument_stand_in,
    class_stand_in,
    function_stand_in,
    lacks,
    lacks_any,
    masquerades,
)
from torchdet.runtime.redirect.processes import inheriting_process_start
from torchdet.runtime.redirect.replacements import Replacement
from torchdet.runtime.redirect.rules import CUDA_TYPES
from torchdet.runtime.redirect.threads import inheriting_start, redirected_backward
from torchdet.torch_api.device_modules import DeviceModuleName, device_module_names

Make = Callable[[object], object]

# What works on any machine: the device is an argument of what these call.
_WORKS_ANYWHERE = ("torch.cuda.amp",)
_KEPT_NAMES = ("check_error", "cudaStatus")
_KEPT_CLASSES = (BaseException, torch.TypedStorage, torch.Tensor)
# The submodules that define what their package offers under the same name.
_DEFINING = ("", ".event", ".graphs", ".memory", ".random", ".streams")


def replacements() -> list[Replacement]:
    """Return every replacement; making the list changes nothing."""
    return [
        Replacement(threading.Thread, "start", inheriting_start),
        Replacement(BaseProcess, "start", inheriting_process_start),
        Replacement(torch.autograd, "_engine_run_backward", redirected_backward),
        *_names_of_torch(),
        *storages.replacements(),
        *optimizers.replacements(),
        *_names_of_distributed(),
        *identity.replacements(),
        *_device_modules(),
    ]


def _names_of_torch() -> Iterator[Replacement]:
    for name in torch_names.DEVICE_CLASSES:
        yield Replacement(torch, name, torch_names.device_class(name))
    yield Replacement(torch.Tensor, "record_stream", streams_and_events.record_stream)
    yield Replacement(torch, "range", torch_names.creation)
    yield Replacement(torch, "load", load)
    yield Replacement(torch.serialization, "load", load)
    yield Replacement(torch.jit, "load", torch_names.device_keyword)
    yield Replacement(torch.nested, "nested_tensor", torch_names.device_keyword)
    yield Replacement(torch.nested, "as_nested_tensor", torch_names.device_keyword)
    yield Replacement(torch, "set_default_tensor_type", torch_names.set_default_tensor_type)
    yield Replacement(torch, "set_default_device", torch_names.set_default_device)
    yield Replacement(torch, "get_default_device", torch_names.get_default_device)
    for name in torch_names.AUTOCAST_QUESTIONS:
        yield Replacement(torch, name, torch_names.autocast_question)
    asks = torch_names.asked_of_mixed_precision
    for amp, argument in ((torch.amp.autocast, "device_type"), (torch.amp.GradScaler, "device")):
        placed = argument_stand_in(argument, torch_names.device_type, asks)
        yield Replacement(amp, "__init__", placed)
    for name in ("torch.nn.parallel", "torch.nn.parallel.data_parallel"):
        owner = importlib.import_module(name)
        yield Replacement(owner, "data_parallel", torch_names.data_parallel)
    yield Replacement(
        torch.autograd.profiler,
        "emit_nvtx",
        class_stand_in(
            ranges.NoAnnotations,
            lacks("cuda"),
            lambda value: isinstance(value, ranges.NoAnnotations),
        ),
    )


def _names_of_distributed() -> list[Replacement]:
    if not torch.distributed.is_available():
        return []
    from torchdet.runtime.masquerade import distributed

    return distributed.replacements()


# --- the modules of accelerators --------------------------------------------------------------


def _device_modules() -> Iterator[Replacement]:
    for kind in ("cuda", "xpu"):
        yield from _package(kind, answers.FUNCTIONS, answers.CLASSES)
    yield from _package("mps", answers.MPS, {"Event": answers.CLASSES["Event"]})
    for name, private in answers.PRIVATE.items():
        yield Replacement(torch.cuda.memory, name, function_stand_in(private, lacks("cuda")))
    for name, query in answers.QUERIES.items():
        make = function_stand_in(query, masquerades, constant=True)
        for owner in (torch.cuda, torch.cuda.memory, torch.cuda.random):
            yield Replacement(owner, name, make)
    for name, dtype in CUDA_TYPES.items():
        legacy = class_stand_in(*torch_names.legacy_type(name, dtype, lacks("cuda")))
        yield Replacement(torch.cuda, name, legacy)
    for row in device_module_names("torch.accelerator"):
        answer, module = answers.ACCELERATOR.get(row.name), _module(row.module)
        if answer is None or module is None:
            continue
        if row.is_class:
            yield Replacement(module, row.name, class_stand_in(answer, lacks_any))
        else:
            yield Replacement(module, row.name, function_stand_in(answer, lacks_any))


def _package(
    kind: str,
    functions: Mapping[str, Answer],
    classes: Mapping[str, tuple[Answer, Instances]],
) -> Iterator[Replacement]:
    """Yield a stand-in for every public name of a package, with an answer or a refusal."""
    package = f"torch.{kind}"
    makers: dict[str, Make] = {}  # a class is the same one by each of its names
    for row in device_module_names(package):
        owner = _module(row.module)
        if owner is None or _is_kept(row, owner):
            continue
        defines = row.module.removeprefix(package) in _DEFINING
        key = row.name if defines else f"{row.module}.{row.name}"
        if key not in makers:
            makers[key] = _maker(row, functions, classes, package, defines=defines)
        yield Replacement(owner, row.name, makers[key])


def _maker(
    row: DeviceModuleName,
    functions: Mapping[str, Answer],
    classes: Mapping[str, tuple[Answer, Instances]],
    package: str,
    *,
    defines: bool,
) -> Make:
    applies = lacks(package.rpartition(".")[2])
    answer = answers.IN_SUBMODULES.get(f"{row.module}.{row.name}")
    instances: Instances = _is_none
    if defines and row.name in classes:
        answer, instances = classes[row.name]
    elif defines:
        answer = functions.get(row.name)
    answer = answer or refusal(package, row.module, row.name)
    if row.is_class:
        statics = streams_and_events.STATICS.get(row.name, {})
        return class_stand_in(answer, applies, instances, statics=statics)
    return function_stand_in(answer, applies, constant=row.name in answers.CONSTANT)


def _is_none(value: object) -> bool:  # noqa: ARG001 - no object is an instance of a refusal
    return False


def _is_kept(row: DeviceModuleName, owner: ModuleType) -> bool:
    if row.module.startswith(_WORKS_ANYWHERE) or row.name in (*_KEPT_NAMES, *answers.QUERIES):
        return True
    found = getattr(owner, row.name, None)
    is_legacy = owner is torch.cuda and row.name in CUDA_TYPES
    return is_legacy or (isinstance(found, type) and issubclass(found, _KEPT_CLASSES))


@cache
def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None  # a module that this release of torch has not
