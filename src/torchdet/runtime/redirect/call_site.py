"""Where a torch call comes from: the line of the program, and whether torch itself asks."""

from __future__ import annotations

import sys
from enum import Enum
from types import FrameType

_REDIRECTION = ("torchdet.runtime.redirect", "torchdet.runtime.masquerade")

# Torch's own bookkeeping: here "cpu" and an unnamed device mean the host, on purpose. Moving a
# tensor that is being unpickled, or the seed of a data loader, to the accelerator would break
# torch. Modules that only pass on what a program asked for (torch.nn, torch.functional, ...) are
# not in the list.
_HOST_SIDE = (
    "torch._",
    "torch.accelerator",
    "torch.amp",
    "torch.ao",
    "torch.autograd",
    "torch.backends",
    "torch.compiler",
    "torch.cuda",
    "torch.distributed",
    "torch.export",
    "torch.fx",
    "torch.jit",
    "torch.mps",
    "torch.multiprocessing",
    "torch.nn.init",
    "torch.nn.parallel",
    "torch.nn.utils.rnn",
    "torch.onnx",
    "torch.optim",
    "torch.overrides",
    "torch.profiler",
    "torch.quasirandom",
    "torch.random",
    "torch.serialization",
    "torch.storage",
    "torch.utils._",
    "torch.utils.checkpoint",
    "torch.utils.data._utils.fetch",
    "torch.utils.data._utils.pin_memory",
    "torch.utils.data._utils.worker",
    "torch.utils.data.dataloader",
    "torch.utils.data.distributed",
    "torch.utils.data.graph_settings",
    "torch.utils.data.sampler",
    "torch.xpu",
    "torchdet.runtime",
)
# Among those prefixes is a module that hands on the program's own request, ...
_PASSES_ON = ("torch.utils._device",)
# ... and one that calls the program's functions while the compiler traces them.
_TRACES_THE_PROGRAM = ("torch._dynamo.variables.functions",)
# Functions of torch whose request is no tensor's: one names a module, one moves parameters to a
# device that Module.to has had placed.
_LEFT_ALONE = {("torch", "get_device_module"), ("torch.nn.modules.module", "convert")}
_MANY_MODULES = 4096


# Whose code a frame runs. Plain numbers: this is asked at every redirected call.
_OWN, _HOST, _TORCH, _PROGRAM = range(4)
_origins: dict[object, int] = {}


def program_frame(*, through_bookkeeping: bool = False) -> FrameType | None:
    """Return the frame of the program behind the torch call that is being handled.

    That is the nearest frame outside torch, such as the line of ``nn.Linear(...)``; None when
    torch's own bookkeeping made the call, unless that is looked through.
    """
    frame = sys._getframe(1)
    origin = _OWN
    while origin == _OWN and frame.f_back is not None:
        frame = frame.f_back
        origin = _origin(frame)
    if origin == _HOST and not through_bookkeeping:
        return None
    if origin == _TORCH and (frame.f_globals["__name__"], frame.f_code.co_name) in _LEFT_ALONE:
        return None
    here: FrameType | None = frame
    while here is not None and origin != _PROGRAM:
        here = here.f_back
        origin = _PROGRAM if here is None else _origin(here)
    return here or frame


def is_traced_graph(frame: FrameType) -> bool:
    """Say whether this is the code of a graph that torch has traced.

    Its device objects were placed when it was traced: the CPU in it may be meant for once.
    """
    return frame.f_code.co_filename.startswith("<eval_with_key>")


class CallOrigin(Enum):
    """Whose code made a call."""

    HOST_SIDE = "torch's own bookkeeping"
    TORCH = "torch, passing on what the program asked for"
    PROGRAM = "the program"


def call_origin() -> CallOrigin:
    """Say whose code made the call that is being handled."""
    frame = sys._getframe(1)
    while _origin(frame) == _OWN and frame.f_back is not None:
        frame = frame.f_back
    return _CALL_ORIGINS[_origin(frame)]


def calling_module() -> object:
    """Return the name of the module that made the torch call."""
    frame = sys._getframe(1)
    while _origin(frame) == _OWN and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_globals.get("__name__")


def _origin(frame: FrameType) -> int:
    name = frame.f_globals.get("__name__")
    origin = _origins.get(name)
    if origin is None:
        if len(_origins) >= _MANY_MODULES:
            _origins.clear()
        origin = _origins[name] = _classify(name)
    return origin


def _classify(name: object) -> int:
    if not isinstance(name, str):
        return _PROGRAM
    if name.startswith(_REDIRECTION):
        return _OWN
    if name in _TRACES_THE_PROGRAM:
        return _PROGRAM
    if name.startswith(_HOST_SIDE) and not name.startswith(_PASSES_ON):
        return _HOST
    return _TORCH if name == "torch" or name.startswith("torch.") else _PROGRAM


_CALL_ORIGINS = {
    _OWN: CallOrigin.PROGRAM,
    _HOST: CallOrigin.HOST_SIDE,
    _TORCH: CallOrigin.TORCH,
    _PROGRAM: CallOrigin.PROGRAM,
}
