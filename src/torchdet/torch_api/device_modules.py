"""What torch's modules of accelerators offer: `torch.cuda`, `torch.mps`, `torch.xpu` and theirs."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from torchdet.torch_api.tables import generated_rows


class DeviceModuleName(NamedTuple):
    """A public function or class of such a module."""

    module: str
    name: str
    is_class: bool


@cache
def device_module_names(package: str) -> tuple[DeviceModuleName, ...]:
    """The public names of a package such as ``torch.cuda`` and of the modules in it.

    >>> DeviceModuleName("torch.cuda.nvtx", "mark", False) in device_module_names("torch.cuda")
    True
    """
    return tuple(
        DeviceModuleName(module, name, kind == "class")
        for module, name, kind in generated_rows("device_modules")
        if module == package or module.startswith(f"{package}.")
    )
