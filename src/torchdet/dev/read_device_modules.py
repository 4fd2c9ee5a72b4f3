"""The table of what torch's modules of accelerators offer, such as `torch.cuda.synchronize`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from torchdet.dev.read_names import is_offered

HEADING = ("module", "name", "kind")

_PACKAGES = ("torch.accelerator", "torch.cuda", "torch.mps", "torch.xpu")


def device_module_rows() -> list[tuple[str, str, str]]:
    """The public functions and classes of the modules that speak for accelerators."""
    modules = [module for package in _PACKAGES for module in _modules(package)]
    return sorted(row for module in modules for row in _of(module))


def _modules(package: str) -> list[str]:
    path = importlib.import_module(package).__path__
    names = [each.name for each in pkgutil.walk_packages(path, f"{package}.")]
    return [package, *(name for name in names if "._" not in name)]


def _of(name: str) -> list[tuple[str, str, str]]:
    module = importlib.import_module(name)
    rows = []
    for attribute, found in vars(module).items():
        if attribute.startswith("_") or not callable(found):
            continue
        if is_offered(module, attribute, found):
            rows.append((name, attribute, "class" if inspect.isclass(found) else "function"))
    return rows
