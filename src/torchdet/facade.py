"""One line for programs that want no handle: importing this module sets torch up.

    from torchdet.facade import torch

It must come first and in the main thread: the import applies the process's policy, and
everything that imports torch afterwards, by whatever name, has it under that policy.

`torch` is the module itself, with its types; `rt` is the handle; `Device`, `default_dtype` and
`default_device` are the typed helpers.

Raises `TorchImportedFirstError` (an `ImportError`) if torch was imported before; a policy with
`accept-earlier-import` allows that as long as CUDA is untouched. Raises `WrongThreadError` (a
`RuntimeError`) outside the main thread, and what `get_torch_handle` raises.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from torchdet.runtime.device_enum import Device
from torchdet.runtime.errors import TorchImportedFirstError, WrongThreadError
from torchdet.runtime.policy_sources import process_policy
from torchdet.runtime.process import current_handle, get_torch_handle

if TYPE_CHECKING:
    import torch as torch  # noqa: PLC0414  # the explicit re-export is what makes it typed

__all__ = ["Device", "default_device", "default_dtype", "rt", "torch"]


def _require_main_thread() -> None:
    current = threading.current_thread()
    if current is not threading.main_thread():
        raise WrongThreadError(
            f"torchdet.facade must be imported in the main thread before worker threads start, "
            f"and was imported in thread {current.name!r}; import it at the top of the main script"
        )


def _require_first_import() -> None:
    earlier = sys.modules.get("torch")
    if earlier is None:
        return
    if not process_policy().accept_earlier_import:
        raise TorchImportedFirstError(
            "torch must be imported through torchdet.facade first, and was imported before it; "
            "import torchdet.facade before anything that imports torch, or set "
            "accept-earlier-import in the policy"
        )
    if earlier.cuda.is_initialized():
        raise TorchImportedFirstError(
            "torch was imported before torchdet.facade and has initialised CUDA since, which is "
            "too late for any policy; import torchdet.facade before anything that uses CUDA"
        )


if current_handle() is None:
    _require_main_thread()
    _require_first_import()

rt = get_torch_handle()
default_dtype = rt.default_dtype
default_device = rt.default_device
if not TYPE_CHECKING:
    torch = rt.torch
