"""Names of ``torch`` outside ``torch.cuda`` that take a device and that no override mode sees."""

from __future__ import annotations

from collections.abc import Callable

import torch

from torchdet.runtime.masquerade.stand_in import (
    Answer,
    asked_by_the_program,
    class_stand_in,
    function_stand_in,
)
from torchdet.runtime.redirect.call_site import (
    CallOrigin,
    call_origin,
    calling_module,
    program_frame,
)
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.redirect.rules import create, dtype_of_cuda_type

DEVICE_CLASSES = ("Generator", "Stream", "Event")
"""Classes of ``torch`` whose constructor takes a device. Without one they are the CPU's (the
accelerator's, for streams), as ever: the table speaks of tensors, and a program's seed gives the
numbers that it gave before."""


def device_class(name: str) -> Callable[[object], object]:
    """Make the maker of the stand-in of a class that takes a device."""
    original = getattr(torch, name)

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:
        if args:
            args = (mode.explicit(args[0], original) or args[0], *args[1:])
        elif kwargs.get("device") is not None:
            kwargs["device"] = mode.explicit(kwargs["device"], original) or kwargs["device"]
        return original(*args, **kwargs)

    return class_stand_in(answer, asked_by_the_program, module="torch")


def device_keyword(original: object) -> object:
    """Make the stand-in of a function that takes ``device`` by keyword."""
    assert callable(original)

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:
        spec = kwargs.get("device", kwargs.get("map_location"))
        target = mode.explicit(spec, original)
        if target is not None:
            kwargs["device" if "device" in kwargs else "map_location"] = target
        return original(*args, **kwargs)

    return function_stand_in(answer, asked_by_the_program)(original)


def creation(original: object) -> object:
    """Make the stand-in of a creation function that torch shows to no override mode."""
    assert callable(original)

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:
        return create(mode, original, args, kwargs)

    return function_stand_in(answer, asked_by_the_program)(original)


def storage_cuda(original: object) -> object:
    """Make the stand-in of ``UntypedStorage.cuda``."""
    assert callable(original)

    def answer(
        mode: RedirectMode,
        storage: torch.UntypedStorage,
        device: object = None,
        non_blocking: bool = False,
    ) -> object:
        spec = f"cuda:{device}" if isinstance(device, int) else device or "cuda"
        target = mode.explicit(spec, original)
        if target is None:
            return original(storage, device, non_blocking)
        return storage.to(device=target, non_blocking=non_blocking)

    return function_stand_in(answer, asked_by_the_program)(original)


def set_default_tensor_type(original: object) -> object:
    """Make the stand-in that takes ``torch.cuda``'s tensor types as their dtype.

    The device half of such a default is what the table does with calls that name none.
    """
    assert callable(original)

    def answer(mode: RedirectMode, t: object) -> object:
        dtype = dtype_of_cuda_type(t)
        if dtype is None or mode.machine.count("cuda"):
            return original(t)
        torch.set_default_dtype(dtype)
        return None

    return function_stand_in(answer, asked_by_the_program)(original)


# --- mixed precision --------------------------------------------------------------------------

_MIXED_PRECISION = ("torch.cuda.amp", "torch.amp.autocast_mode")


def asked_of_mixed_precision(mode: RedirectMode) -> bool:
    """The program, or torch's code for mixed precision on its behalf.

    Other code of torch, such as checkpointing, restores what it has seen itself.
    """
    if mode.machine.count("cuda"):
        return False
    module = calling_module()
    on_behalf = isinstance(module, str) and module.startswith(_MIXED_PRECISION)
    return on_behalf or call_origin() is CallOrigin.PROGRAM


def device_type(mode: RedirectMode, kind: object) -> object:
    """Return the device type that a ``device_type=`` becomes."""
    frame = program_frame(through_bookkeeping=True)
    target = mode.explicit(kind, torch.autocast, frame) if isinstance(kind, str) else None
    return kind if target is None else target.type


# --- legacy tensor types ----------------------------------------------------------------------


def legacy_type(name: str, dtype: torch.dtype) -> tuple[Answer, Callable[[object], bool]]:
    """Return how ``torch.cuda.<name>`` is answered, and what counts as its instance.

    With no CUDA about, an instance is a tensor of the dtype: nothing tells where the program
    would have put it.
    """

    def answer(mode: RedirectMode, *args: object) -> object:
        with mode.paused():
            made = getattr(torch, name)(*args)
        return made.to(mode.explicit("cuda", answer) or mode.home)

    answer.__name__ = f"torch.cuda.{name}"
    return answer, lambda value: isinstance(value, torch.Tensor) and value.dtype == dtype
