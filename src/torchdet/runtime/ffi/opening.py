"""Opening the process's one session: torch by the runtime's policy, else plain Python."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from torchdet.runtime.facts import RuntimeFacts, TorchPresent
from torchdet.runtime.ffi.pure_backend import PureBackend
from torchdet.runtime.ffi.pure_tensor import PureTensor
from torchdet.runtime.ffi.session import Session

if TYPE_CHECKING:
    import torch

    AnySession = Session[torch.Tensor] | Session[PureTensor]


class _Opened:
    """The session of this process, once the first call that needs it has opened it."""

    def __init__(self) -> None:
        self.session: AnySession | None = None
        self.renew_lock()

    def renew_lock(self) -> None:
        self.lock = threading.RLock()


_opened = _Opened()
if hasattr(os, "register_at_fork"):
    # Another thread of the parent may have held the lock at the fork.
    os.register_at_fork(after_in_child=_opened.renew_lock)


def session() -> AnySession:
    """Return the process's session; the first call opens it.

    Raises:
        TorchRuntimeRejected: torch is installed, and the policy rejects this process. Nothing
            is kept then: the next call tries again.
    """
    opened = _opened.session
    if opened is not None:
        return opened
    with _opened.lock:
        if _opened.session is None:
            _opened.session = _open()
        return _opened.session


def _open() -> AnySession:
    if not torch_is_available():
        from torchdet.runtime.policy_sources import process_policy

        return Session(PureBackend(process_policy().seed))
    from torchdet.runtime.ffi.host_config import configured_device
    from torchdet.runtime.ffi.torch_backend import TorchBackend
    from torchdet.runtime.process import current_handle, get_torch_handle

    handle = current_handle() or get_torch_handle(device=configured_device())
    return Session(TorchBackend(handle.device, handle.device_for))


def torch_is_available() -> bool:
    """Say whether torch can be imported in this process."""
    return isinstance(_facts().torch, TorchPresent)


def cuda_device_count() -> int:
    """Count the CUDA devices that torch sees, without initialising CUDA; 0 without torch."""
    accelerators = getattr(_facts().torch, "accelerators", ())
    return sum(1 for each in accelerators if each.type == "cuda")


@lru_cache(maxsize=1)
def _facts() -> RuntimeFacts:
    from torchdet.runtime.probe import probe_torch_runtime

    return probe_torch_runtime()
