"""Names of ``torch`` outside ``torch.cuda`` that take a device and that no override mode sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

from torchdet.runtime.devices import ConcreteDevice
from torchdet.runtime.masquerade import streams_and_events
from torchdet.runtime.masquerade.home import home_module
from torchdet.runtime.masquerade.stand_in import (
    Answer,
    Applies,
    always,
    class_stand_in,
    function_stand_in,
    lacks_any,
)
from torchdet.runtime.redirect.call_site import Caller, caller, calling_module, program_calls
from torchdet.runtime.redirect.mode import RedirectMode, torch_device
from torchdet.runtime.redirect.rules import create, dtype_of_cuda_type, generator_device

DEVICE_CLASSES = ("Generator", "Stream", "Event")
"""Classes of ``torch`` whose constructor takes a device. Without one they are the CPU's (the
accelerator's, for streams), as ever: the table speaks of tensors, and a program's seed gives the
numbers that it gave before."""


class PresentedGenerator(torch._C.Generator):
    """A generator of the home device that tells the device for which it passes."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]  # an attribute there
        """The device that the program asked for, as a machine with CUDA has it."""
        return torch_device(ConcreteDevice("cuda", generator_device(self).index or 0))


def device_class(name: str) -> Callable[[object], object]:
    """Make the maker of the stand-in of a class that takes a device."""
    original = getattr(torch, name)
    queued, instances = _QUEUED.get(name, (None, lambda _: False))

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:
        spec = args[0] if args else kwargs.get("device")
        target = mode.explicit(spec, original)
        if target is None:
            return original(*args, **kwargs)
        options = {key: value for key, value in kwargs.items() if key != "device"}
        if queued is not None and target == mode.home and home_module(mode) is None:
            return queued(mode, **options)
        presents = mode.is_masquerade and name == "Generator" and target == mode.home
        return (PresentedGenerator if presents else original)(target, *args[1:], **options)

    return class_stand_in(answer, always, instances, module="torch")


_QUEUED: Mapping[str, tuple[Answer, Callable[[object], bool]]] = MappingProxyType(
    {
        "Event": (streams_and_events.make_event, streams_and_events.is_event),
        "Stream": (streams_and_events.make_stream, streams_and_events.is_stream),
    }
)
"""Classes that torch has none of for a device with one queue."""


def device_keyword(original: object) -> object:
    """Make the stand-in of a function that takes ``device`` by keyword."""
    assert callable(original)

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:
        spec = kwargs.get("device", kwargs.get("map_location"))
        target = mode.explicit(spec, original)
        if target is not None:
            kwargs["device" if "device" in kwargs else "map_location"] = target
        return original(*args, **kwargs)

    return function_stand_in(answer, always)(original)


def creation(original: object) -> object:
    """Make the stand-in of a creation function that torch shows to no override mode."""
    assert callable(original)

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> object:
        return create(mode, original, args, kwargs)

    return function_stand_in(answer, always)(original)


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

    return function_stand_in(answer, always)(original)


def set_default_device(original: object) -> object:
    """Make the stand-in of ``torch.set_default_device``."""
    assert callable(original)

    def answer(mode: RedirectMode, device: object) -> object:
        return original(mode.explicit(device, original) or device)

    return function_stand_in(answer, always)(original)


def get_default_device(original: object) -> object:
    """Make the stand-in of ``torch.get_default_device``."""
    assert callable(original)

    def answer(mode: RedirectMode) -> object:
        placed = mode.implicit(original) or original()
        assert isinstance(placed, torch.device)
        return mode.presented(placed) if program_calls() else placed

    return function_stand_in(answer, always)(original)


def data_parallel(original: object) -> object:
    """Make the stand-in of the function ``data_parallel``, for which all devices are one."""
    assert callable(original)

    def answer(  # noqa: PLR0913 - torch's signature
        mode: RedirectMode,  # noqa: ARG001 - the protocol's signature
        module: torch.nn.Module,
        inputs: object,
        device_ids: object = None,  # noqa: ARG001 - the device that is there
        output_device: object = None,  # noqa: ARG001
        dim: int = 0,  # noqa: ARG001
        module_kwargs: Mapping[str, object] | None = None,
    ) -> object:
        values = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
        return module(*values, **(module_kwargs or {}))

    return function_stand_in(answer, lacks_any)(original)


# --- mixed precision --------------------------------------------------------------------------

_MIXED_PRECISION = ("torch.cuda.amp", "torch.amp.autocast_mode")


def asked_of_mixed_precision(mode: RedirectMode) -> bool:
    """The program, or torch's code for mixed precision on its behalf.

    Other code of torch, such as checkpointing, restores what it has seen itself.
    """
    if mode.machine.count("cuda"):
        return False
    module = calling_module()
    return module is None or module.startswith(_MIXED_PRECISION)


def device_type(mode: RedirectMode, kind: object) -> object:
    """Return the device type that a ``device_type=`` becomes."""
    who = Caller(caller().line)
    target = mode.explicit(kind, torch.autocast, who) if isinstance(kind, str) else None
    return kind if target is None else target.type


AUTOCAST_QUESTIONS = (
    *("get_autocast_dtype", "is_autocast_enabled"),
    *("set_autocast_dtype", "set_autocast_enabled"),
)
"""Functions of ``torch`` that take the device type of a mixed precision first."""


def autocast_question(original: object) -> object:
    """Make the stand-in of one of them."""
    assert callable(original)

    def answer(mode: RedirectMode, *args: object) -> object:
        if args and isinstance(args[0], str):
            args = (device_type(mode, args[0]), *args[1:])
        return original(*args)

    return function_stand_in(answer, asked_of_mixed_precision)(original)


# --- legacy tensor types ----------------------------------------------------------------------


def legacy_type(
    name: str, dtype: torch.dtype, applies: Applies
) -> tuple[Answer, Applies, Callable[[object], bool]]:
    """Return how ``torch.cuda.<name>`` is answered, when, and what counts as its instance.

    With no CUDA about, an instance is a tensor of the dtype: nothing tells where the program
    would have put it.
    """

    def answer(mode: RedirectMode, *args: object) -> object:
        with mode.paused():
            made = getattr(torch, name)(*args)
        return made.to(mode.explicit("cuda", answer) or mode.home)

    answer.__name__ = f"torch.cuda.{name}"
    return answer, applies, lambda value: isinstance(value, torch.Tensor) and value.dtype == dtype
