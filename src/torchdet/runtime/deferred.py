"""The handle that a library holds: importing the library sets nothing in the process.

Whether flags are set is the program's decision, so a module that others import must not call
`get_torch_handle` while it is imported. It holds this handle instead, which becomes the process's
as soon as the program applies one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from torchdet.runtime.handle import TorchHandle
from torchdet.runtime.process import current_handle, handle_without_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from torch import device as torch_device

    from torchdet.runtime.decision import Ready
    from torchdet.runtime.devices import ConcreteDevice
    from torchdet.runtime.policy import RuntimePolicy


def deferred_handle() -> TorchHandle:
    """Return a handle for the modules of a library; making it does nothing.

    `torch` on it imports torch and sets nothing. Everything else answers with the handle of the
    process once the program has applied it (`get_torch_handle()`), and until then with what the
    process's policy decides, without a setting written. Nothing raises before it is used; then
    what the policy does not allow raises `TorchRuntimeRejected`.

    >>> rt = deferred_handle()
    >>> rt.torch.zeros(2, device=rt.device).tolist()
    [0.0, 0.0]
    """
    return _DeferredHandle()


class _DeferredHandle(TorchHandle):
    """Answers through the process's handle, or through one that was only decided."""

    __slots__ = ("_decided",)

    _decided: TorchHandle | None

    def __init__(self) -> None:
        object.__setattr__(self, "_decided", None)

    def __repr__(self) -> str:
        handle = current_handle() or self._decided
        return "<TorchHandle, deferred>" if handle is None else f"{repr(handle)[:-1]}, deferred>"

    def __reduce__(self) -> tuple[Callable[[], TorchHandle], tuple[RuntimePolicy, ...]]:
        return deferred_handle, ()

    @property
    def torch(self) -> ModuleType:
        """The torch module itself; reading it imports torch, and sets nothing."""
        return importlib.import_module("torch")

    @property
    def device(self) -> torch_device:
        """The device that the policy means."""
        handle = current_handle()
        return _decided_device(self) if handle is None else handle.device

    @property
    def runtime(self) -> Ready:
        """The decision, with the facts that it was made from."""
        return self._answering().runtime

    def _answering(self) -> TorchHandle:
        handle = current_handle() or self._decided
        if handle is None:
            handle = handle_without_settings()
            object.__setattr__(self, "_decided", handle)
        return handle

    def _log_substitution(self, requested: str, given: ConcreteDevice) -> None:
        self._answering()._log_substitution(requested, given)

    def _policy_of_workers(self) -> RuntimePolicy | None:
        handle = current_handle()
        return None if handle is None else handle.policy


def _decided_device(deferred: _DeferredHandle) -> torch_device:
    return deferred._answering().device


# The compiler cannot trace how a decision is made; as `torch.compiler.assume_constant_result`,
# which would import torch, it takes the device as a constant.
_decided_device._dynamo_marked_constant = True  # type: ignore[attr-defined]  # torch's mark
