"""Torch's default dtype and default device, as checked effects instead of bare calls.

The default dtype belongs to the whole process, so only the main thread may change it. The default
device belongs to the calling thread (torch keeps it on that thread's mode stack): threads that are
started meanwhile do not see it. It is held to the main thread all the same, because code that
changes it elsewhere nearly always means the process.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.errors import SettingError, UnsupportedOnDeviceError, WrongThreadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch


def require_main_thread(what: str) -> None:
    """Raise `WrongThreadError` outside the main thread."""
    current = threading.current_thread()
    if current is not threading.main_thread():
        raise WrongThreadError(
            f"{what} changes state that other threads see, and was called in thread "
            f"{current.name!r}; call it in the main thread before workers start, or pass dtype= "
            "and device= where tensors are made"
        )


def check_dtype(torch_module: ModuleType, dtype: torch.dtype, device: torch.device) -> None:
    """Raise `TypeError` or `UnsupportedOnDeviceError` for a dtype that cannot be the default."""
    if not isinstance(dtype, torch_module.dtype) or not dtype.is_floating_point:
        raise TypeError(
            f"a default dtype is a floating-point torch.dtype such as torch.float64, got {dtype!r}"
        )
    if device.type == "mps" and dtype == torch_module.float64:
        raise UnsupportedOnDeviceError("MPS has no float64; use float32")


def set_default_dtype(torch_module: ModuleType, dtype: torch.dtype, device: torch.device) -> None:
    """Set the default dtype of the process and read it back.

    Raises `WrongThreadError` outside the main thread, `TypeError` or `UnsupportedOnDeviceError`
    for a dtype that cannot be the default, and `SettingError` if torch reads back another one.
    """
    require_main_thread("the default dtype")
    check_dtype(torch_module, dtype, device)
    torch_module.set_default_dtype(dtype)
    actual = torch_module.get_default_dtype()
    if actual != dtype:
        raise SettingError(f"the default dtype was set to {dtype} and reads back as {actual}")


@contextmanager
def default_dtype(
    torch_module: ModuleType, dtype: torch.dtype, device: torch.device
) -> Iterator[None]:
    """Make `dtype` the default within the block, then the one before it again."""
    require_main_thread("the default dtype")
    before = torch_module.get_default_dtype()
    set_default_dtype(torch_module, dtype, device)
    try:
        yield
    finally:
        torch_module.set_default_dtype(before)


def set_default_device(torch_module: ModuleType, device: torch.device) -> None:
    """Set the default device of the calling (main) thread and read it back.

    Raises `WrongThreadError` outside the main thread and `SettingError` if torch reads back
    another one.
    """
    require_main_thread("the default device")
    torch_module.set_default_device(device)
    _check_default_device(torch_module, device)


@contextmanager
def default_device(torch_module: ModuleType, device: torch.device) -> Iterator[None]:
    """Make `device` the default within the block."""
    require_main_thread("the default device")
    with device:
        _check_default_device(torch_module, device)
        yield


def _check_default_device(torch_module: ModuleType, device: torch.device) -> None:
    actual = torch_module.get_default_device()
    if actual.type != device.type or device.index not in (None, actual.index):
        raise SettingError(f"the default device was set to {device} and reads back as {actual}")
