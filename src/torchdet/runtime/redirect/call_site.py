"""Who asked for a device: the program's line, and the function by which it entered torch.

Torch calls itself, so the innermost frame says little: ``PackedSequence.to("cuda")`` ends in the
same ``Tensor.to`` as torch's own bookkeeping does. What counts is the frame that entered torch.
A program that called the handled function itself has asked. If it entered torch elsewhere, it has
asked for what it handed in there, and for devices of what that function computes on its behalf.
Everything else is torch's own business: the seed of a data loader or the step counter of an
optimizer stays on the host, where torch put it.
"""

from __future__ import annotations

import inspect
import sys
import sysconfig
from types import CodeType, FrameType
from typing import NamedTuple

_REDIRECTION = ("torchdet.runtime.redirect", "torchdet.runtime.masquerade")

# Packages of torch whose functions compute for their caller: a tensor that they make without
# naming a device is one that the program asked for.
_COMPUTES_FOR_ITS_CALLER = (
    "torch.distributions",
    "torch.fft",
    "torch.functional",
    "torch.linalg",
    "torch.masked",
    "torch.nested",
    "torch.nn",
    "torch.signal",
    "torch.sparse",
    "torch.special",
    "torch.testing",
    "torch.utils._device",
)
# A data loader draws on the host, and collates the program's data into the program's batches.
_COLLATES = "torch.utils.data._utils.collate"
# The compiler compares devices that it meets in graphs, and makes tensors to try kernels on.
_COMPILER = (
    "torch._dynamo",
    "torch._export",
    "torch._functorch",
    "torch._higher_order_ops",
    "torch._inductor",
    "torch._subclasses",
    "torch.export",
    "torch.fx",
)
# It calls the program's functions while it traces them, and is then no caller of its own.
_TRACES_THE_PROGRAM = ("torch._dynamo.variables.functions",)
# Module.to moves parameters to a device that was placed when it parsed its arguments.
_ALREADY_PLACED = ("torch.nn.modules.module", "convert")

# Code that hands calls on: decorators, context managers, copies. Nobody wrote a device there.
_STANDARD_LIBRARY = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
_INSTALLED = ("site-packages", "dist-packages")
_HANDS_ON = ("typing_extensions",)
_MANY_MODULES = 4096

# Whose code a frame runs. Plain numbers: this is asked at every redirected call.
_OWN, _CONDUIT, _TORCH, _PROGRAM = range(4)
_origins: dict[object, int] = {}


class Caller(NamedTuple):
    """Who made a torch call.

    ``line`` is the nearest frame of the program. ``entry`` is the function of torch that the
    program called, None if that is the handled function itself; ``maker`` the innermost frame of
    torch, which is the same unless torch calls itself.
    """

    line: FrameType
    entry: FrameType | None = None
    maker: FrameType | None = None

    def asked_for(self, spec: object) -> bool:
        """Say whether the program named ``spec``, which this call has as its device."""
        if self.entry is None or self.maker is None:
            return True
        if _is(self.maker, _ALREADY_PLACED):
            return False
        return self.entry.f_code.co_name == spec or any(
            _holds(value, spec) for value in _arguments(self.entry)
        )

    @property
    def computes_for_the_program(self) -> bool:
        """Whether a tensor without a named device is one that the program asked for."""
        if self.entry is None or self.maker is None:
            return True
        if _is(self.maker, _ALREADY_PLACED):
            return False
        return _module(self.entry).startswith(_COMPUTES_FOR_ITS_CALLER) or _module(
            self.maker
        ).startswith(_COLLATES)

    @property
    def is_compiler(self) -> bool:
        """Whether torch's compiler makes the call, for ends of its own."""
        return self.entry is not None and (
            _module(self.entry).startswith(_COMPILER)
            or (self.maker is not None and _module(self.maker).startswith(_COMPILER))
        )


def caller() -> Caller:
    """Find out who made the torch call that is being handled."""
    frame = sys._getframe(1)
    origin = _OWN
    while origin == _OWN and frame.f_back is not None:
        frame = frame.f_back
        origin = _origin(frame)
    if origin == _PROGRAM:
        return Caller(frame)
    nearest = frame
    maker = entry = None
    here: FrameType | None = frame
    while here is not None and origin != _PROGRAM:
        if origin == _TORCH:
            maker, entry = maker or here, here
        here = here.f_back
        origin = _PROGRAM if here is None else _origin(here)
    return Caller(here or nearest, entry, maker)


def program_calls() -> bool:
    """Say whether the program made the call that is being handled, and no code of torch."""
    return _torch_frame() is None


def program_reads(name: str) -> bool:
    """Say whether the program reads an attribute, itself or through a property of that name."""
    frame = _torch_frame()
    return frame is None or frame.f_code.co_name == name


def calling_module() -> str | None:
    """Return the module of torch that made the call that is being handled; None for a program."""
    frame = _torch_frame()
    return None if frame is None else _module(frame)


def _torch_frame() -> FrameType | None:
    """Return the frame of torch that made the handled call, or None if the program made it."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        origin = _origin(frame)
        if origin == _TORCH:
            return frame
        if origin == _PROGRAM:
            return None
        frame = frame.f_back
    return None


def is_traced_graph(frame: FrameType) -> bool:
    """Say whether this is the code of a graph that torch has traced.

    Its device objects were placed when it was traced: the CPU in it may be meant for once.
    """
    return frame.f_code.co_filename.startswith("<eval_with_key>")


def _arguments(frame: FrameType) -> list[object]:
    """Return the values of a function's parameters, as they are now."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount + _starred(code)
    return [values[name] for name in code.co_varnames[:count] if name in values]


def _starred(code: CodeType) -> int:
    flags = code.co_flags
    return bool(flags & inspect.CO_VARARGS) + bool(flags & inspect.CO_VARKEYWORDS)


def _holds(value: object, spec: object) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_same(each, spec) for each in value)
    if isinstance(value, dict):
        return any(_same(each, spec) for each in value.values())
    return _same(value, spec)


def _same(value: object, spec: object) -> bool:
    return value is spec or (type(value) is type(spec) and bool(value == spec))


def _is(frame: FrameType, function: tuple[str, str]) -> bool:
    return (_module(frame), frame.f_code.co_name) == function


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _origin(frame: FrameType) -> int:
    name = frame.f_globals.get("__name__")
    origin = _origins.get(name)
    if origin is None:
        if len(_origins) >= _MANY_MODULES:
            _origins.clear()
        origin = _origins[name] = _classify(name, frame.f_code.co_filename)
    return origin


def _classify(name: object, file: str) -> int:
    if not isinstance(name, str):
        return _PROGRAM
    if name.startswith(_REDIRECTION):
        return _OWN
    if name in _TRACES_THE_PROGRAM:
        return _PROGRAM
    if name == "torch" or name.startswith(("torch.", "torchdet.runtime")):
        return _TORCH
    hands_on = name in _HANDS_ON or _is_of_the_standard_library(name, file)
    return _CONDUIT if hands_on else _PROGRAM


def _is_of_the_standard_library(name: str, file: str) -> bool:
    if name == "__main__":
        return False  # a module of the library that is run as a program is the program
    if file.startswith("<frozen "):
        return True
    return file.startswith(_STANDARD_LIBRARY) and not any(each in file for each in _INSTALLED)
