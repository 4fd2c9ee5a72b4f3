"""How each torch function names a device, and what redirection does with it.

A function without a rule is looked at only for a ``device=`` keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import torch
from torch.utils._pytree import tree_map_only

from torchdet.runtime.devices import ACCELERATOR_TYPES
from torchdet.runtime.redirect.call_site import program_calls, program_reads
from torchdet.runtime.redirect.mode import (
    REAL_CPU,
    Arguments,
    Keywords,
    RedirectMode,
    Rule,
    TorchFunction,
    is_made_here,
)

# Functions of torch that make a tensor out of no tensor; all take `device` by keyword only.
_CREATION = """
arange bartlett_window blackman_window empty empty_permuted empty_quantized empty_strided eye
fft.fftfreq fft.rfftfreq full hamming_window hann_window kaiser_window linspace logspace normal
ones rand randint randn randperm range scalar_tensor tril_indices triu_indices zeros
"""
# The same, out of data that may itself lie somewhere.
_FROM_DATA = """
as_tensor asarray sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor
sparse_csc_tensor sparse_csr_tensor tensor
"""
_RANDOM_IN_PLACE = "bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_"
_RANDOM = "bernoulli multinomial poisson"


@lru_cache(maxsize=1)
def redirection_rules() -> Mapping[TorchFunction, Rule]:
    """Return the rule of each function that names devices in a way of its own."""
    rules: dict[TorchFunction, Rule] = {
        torch.device: _device,
        torch.Tensor.to: _to,
        torch._C._nn._parse_to: _parse_to,
        torch.Tensor.cpu: _cpu,
        torch.Tensor.numpy: _to_host_memory,
        torch.Tensor.__array__: _to_host_memory,
        torch.Tensor.pin_memory: _pin_memory,
        torch.Tensor.type: _type,
        torch.normal: _create_unless_from_tensors,
        torch._C._VariableFunctions._pack_padded_sequence: _pack_padded_sequence,
    }
    rules.update(_PRESENTED)
    for kind in ("cuda", "xpu"):
        rules[getattr(torch.Tensor, kind)] = _move_to(kind)
    for name in _RANDOM_IN_PLACE.split():
        rules[getattr(torch.Tensor, name)] = _draw_in_place
    for owner in (torch, torch.Tensor):
        for name in _RANDOM.split():
            if hasattr(owner, name):
                rules[getattr(owner, name)] = _draw
    rules.update((function, _create_from_data) for function in _functions(_FROM_DATA))
    for function in _functions(_CREATION):
        rules.setdefault(function, create)
    return rules  # a plain dict: torch.compile traces no look-up in a mappingproxy


def _functions(names: str) -> list[TorchFunction]:
    found: list[TorchFunction] = []
    for name in names.split():
        owner: object = torch
        for part in name.split("."):
            owner = getattr(owner, part, None)
        if callable(owner):  # an older torch may lack a name
            found.append(owner)
    return found


# --- creation ---------------------------------------------------------------------------------


def create(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
    """Call a function that makes a tensor out of no tensor, with its device placed."""
    spec = kwargs.get("device")
    if spec is not None:
        target = mode.explicit(spec, func)
    elif kwargs.get("out") is None:
        target = mode.implicit(func)
    else:
        target = None
    if target is not None:
        kwargs = {**kwargs, "device": target}
    if "pin_memory" in kwargs:
        kwargs = _with_possible_pinning(mode, target, kwargs)
    generator = kwargs.get("generator")
    if generator is None or target is None or _same_type(generator, target):
        return func(*args, **kwargs)
    # Drawn where the program's generator lives: a seed gives the numbers that it gave before.
    assert isinstance(generator, torch._C.Generator)
    here = generator_device(generator)
    return _tensor(func(*args, **{**kwargs, "device": here})).to(target)


def _create_from_data(
    mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords
) -> object:
    if kwargs.get("device") is None and _holds_tensor(args, kwargs):
        return func(*args, **kwargs)  # the new tensor lies where its data lies
    return create(mode, func, args, kwargs)


def _create_unless_from_tensors(
    mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords
) -> object:
    if _holds_tensor(args, kwargs):
        return _draw(mode, func, args, kwargs)
    return create(mode, func, args, kwargs)


def _holds_tensor(args: Arguments, kwargs: Keywords) -> bool:
    return any(isinstance(each, torch.Tensor) for each in (*args, *kwargs.values()))


def _with_possible_pinning(
    mode: RedirectMode, target: torch.device | None, kwargs: Keywords
) -> Keywords:
    # Torch refuses to pin where there is nothing to copy to, and memory that is not the host's.
    moved = target is not None and target.type != "cpu"
    if moved or not mode.machine.accelerators:
        return {**kwargs, "pin_memory": False}
    return kwargs


def _device(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
    if not torch.compiler.is_compiling() and (is_made_here() or not program_calls()):
        return func(*args, **kwargs)  # torch wants the type's name; calls that use it are placed
    kind = args[0] if args else kwargs.get("type", kwargs.get("device"))
    index = args[1] if len(args) > 1 else kwargs.get("index")
    spec = f"{kind}:{index}" if isinstance(kind, str) and isinstance(index, int) else kind
    target = mode.explicit(spec, func)
    # A type without an index has none on a machine with CUDA either.
    is_said_as_is = mode.is_masquerade and spec == "cuda"
    device = func(*args, **kwargs) if target is None or is_said_as_is else target
    assert isinstance(device, torch.device)
    return device if device is REAL_CPU else mode.presented(device)


# --- what a tensor says of its device, under masquerade ---------------------------------------


def _presented(name: str, read: Callable[[torch.device], object]) -> Rule:
    """Make the rule of an attribute by which a tensor tells its device."""

    def rule(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
        if not mode.is_masquerade or torch.compiler.is_compiling() or not program_reads(name):
            return func(*args, **kwargs)
        device = _device_of(_tensor(args[0]))
        presented = mode.presented(device)
        return func(*args, **kwargs) if presented is device else read(presented)

    return rule


def _is_of(kind: str) -> Callable[[torch.device], object]:
    return lambda device: device.type == kind


_device_of: Callable[[torch.Tensor], torch.device] = torch.Tensor.device.__get__

_PRESENTED: dict[TorchFunction, Rule] = {
    torch.Tensor.device.__get__: _presented("device", lambda device: device),
    torch.Tensor.get_device: _presented("get_device", lambda device: device.index),
    torch.get_device: _presented("get_device", lambda device: device.index),
    **{
        getattr(torch.Tensor, f"is_{kind}").__get__: _presented(f"is_{kind}", _is_of(kind))
        for kind in ("cpu", *ACCELERATOR_TYPES)
    },
}


# --- moves ------------------------------------------------------------------------------------


def _to(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
    spec = kwargs.get("device") if len(args) < 2 else args[1]
    if spec is None or isinstance(spec, (torch.Tensor, torch.dtype)):
        return func(*args, **kwargs)
    return _with_device_at(1, mode, func, args, kwargs)


def _parse_to(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
    return _with_device_at(0, mode, func, args, kwargs)


def _with_device_at(
    position: int, mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords
) -> object:
    if len(args) > position:
        target = mode.explicit(args[position], func)
        if target is not None:
            args = (*args[:position], target, *args[position + 1 :])
    elif kwargs.get("device") is not None:
        target = mode.explicit(kwargs["device"], func)
        if target is not None:
            kwargs = {**kwargs, "device": target}
    return func(*args, **kwargs)


def _move_to(kind: str) -> Rule:
    """Make the rule of ``Tensor.cuda`` and its like: ``(device=None, non_blocking=False)``."""

    def rule(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
        spec = args[1] if len(args) > 1 else kwargs.get("device")
        if isinstance(spec, torch.device) and not mode.machine.count(kind):
            spec = kind  # the object was made for this type, and placed when it was made
        target = mode.explicit(_of_kind(kind, spec), func)
        if target is None:
            return func(*args, **kwargs)
        options = {key: value for key, value in kwargs.items() if key != "device"}
        if len(args) > 2:
            options["non_blocking"] = args[2]
        return torch.Tensor.to(_tensor(args[0]), target, **options)  # type: ignore[call-overload]

    return rule


def _of_kind(kind: str, spec: object) -> object:
    if spec is None:
        return kind
    if isinstance(spec, int) and not isinstance(spec, bool) and spec >= 0:
        return f"{kind}:{spec}"
    return spec


def _cpu(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
    target = mode.explicit("cpu", func)
    if target is None:
        return func(*args, **kwargs)
    return torch.Tensor.to(_tensor(args[0]), target, **kwargs)  # type: ignore[call-overload]


def _type(mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords) -> object:
    wanted = args[1] if len(args) > 1 else kwargs.get("dtype")
    if wanted is None and mode.is_masquerade and program_reads("type"):
        name, presented = str(func(*args, **kwargs)), mode.presented(_device_of(_tensor(args[0])))
        return f"torch.cuda.{name.rpartition('.')[2]}" if presented.type == "cuda" else name
    if wanted is None or isinstance(wanted, torch.dtype):
        return func(*args, **kwargs)
    dtype = dtype_of_cuda_type(wanted)
    target = None if dtype is None else mode.explicit("cuda", func)
    if target is None:
        return func(*args, **kwargs)
    return _tensor(args[0]).to(target, dtype)


def dtype_of_cuda_type(wanted: object) -> torch.dtype | None:
    """Return the dtype of ``torch.cuda.FloatTensor`` or its name, None for anything else."""
    name = wanted if isinstance(wanted, str) else f"torch.cuda.{getattr(wanted, '__name__', '')}"
    if isinstance(wanted, type) and wanted.__module__ != "torch.cuda":
        return None
    return CUDA_TYPES.get(name.removeprefix("torch.cuda.")) if "torch.cuda." in name else None


CUDA_TYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {
        "BFloat16Tensor": torch.bfloat16,
        "BoolTensor": torch.bool,
        "ByteTensor": torch.uint8,
        "CharTensor": torch.int8,
        "DoubleTensor": torch.float64,
        "FloatTensor": torch.float32,
        "HalfTensor": torch.float16,
        "IntTensor": torch.int32,
        "LongTensor": torch.int64,
        "ShortTensor": torch.int16,
    }
)
"""The legacy tensor types of ``torch.cuda`` with their dtypes."""


# --- the host's memory ------------------------------------------------------------------------


def _to_host_memory(
    mode: RedirectMode,  # noqa: ARG001 - the signature of a rule
    func: TorchFunction,
    args: Arguments,
    kwargs: Keywords,
) -> object:
    tensor = _tensor(args[0])
    if _device_of(tensor).type != "cpu":
        # The program may have written .cpu() before, which the table sends to the accelerator.
        return func(tensor.cpu(), *args[1:], **kwargs)
    return func(*args, **kwargs)


def _pack_padded_sequence(
    mode: RedirectMode,  # noqa: ARG001 - the signature of a rule
    func: TorchFunction,
    args: Arguments,
    kwargs: Keywords,
) -> object:
    # The lengths have to be on the host; the table may have sent their .cpu() elsewhere.
    sequence, lengths, *rest = args
    return func(sequence, _tensor(lengths).cpu(), *rest, **kwargs)


def _pin_memory(
    mode: RedirectMode, func: TorchFunction, args: Arguments, kwargs: Keywords
) -> object:
    tensor = _tensor(args[0])
    if _device_of(tensor).type != "cpu" or not mode.machine.accelerators:
        return tensor  # nothing on this machine reads pinned memory, or it is no host memory
    return func(*args, **kwargs)


# --- random numbers ---------------------------------------------------------------------------


def _draw_in_place(
    mode: RedirectMode,  # noqa: ARG001 - the signature of a rule
    func: TorchFunction,
    args: Arguments,
    kwargs: Keywords,
) -> object:
    tensor, generator = _tensor(args[0]), kwargs.get("generator")
    if generator is None or _same_type(generator, _device_of(tensor)):
        return func(*args, **kwargs)
    assert isinstance(generator, torch._C.Generator)
    here = generator_device(generator)
    drawn = torch.empty_like(tensor, device=here)
    func(drawn, *_moved(args[1:], here), **kwargs)
    return tensor.copy_(drawn)


def _draw(
    mode: RedirectMode,  # noqa: ARG001 - the signature of a rule
    func: TorchFunction,
    args: Arguments,
    kwargs: Keywords,
) -> object:
    generator = kwargs.get("generator")
    tensor = next((each for each in args if isinstance(each, torch.Tensor)), None)
    if generator is None or tensor is None or kwargs.get("out") is not None:
        return func(*args, **kwargs)
    if _same_type(generator, _device_of(tensor)):
        return func(*args, **kwargs)
    assert isinstance(generator, torch._C.Generator)
    here = generator_device(generator)
    return _tensor(func(*_moved(args, here), **kwargs)).to(_device_of(tensor))


def _same_type(generator: object, device: torch.device) -> bool:
    # What is no generator is torch's to refuse. `torch.Generator` itself may be replaced.
    if not isinstance(generator, torch._C.Generator):
        return True
    return generator_device(generator).type == device.type


def generator_device(generator: torch._C.Generator) -> torch.device:
    """Return the device that a generator draws on, whatever it tells the program."""
    device = torch._C.Generator.device.__get__(generator)
    assert isinstance(device, torch.device)
    return device


def _moved(args: Arguments, device: torch.device) -> Arguments:
    moved: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor.to(device)  # noqa: E731
    return tuple(tree_map_only(torch.Tensor, moved, args))


def _tensor(value: object) -> torch.Tensor:
    assert isinstance(value, torch.Tensor)
    return value
