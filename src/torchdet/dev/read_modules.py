"""The table of torch's modules, found by importing them in fresh processes."""

from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import ModuleType

HEADING = ("module", "loaded")
"""``with torch``: by `import torch`. ``alone``: by its own import, not by its package's."""


def module_rows() -> list[tuple[str, str]]:
    """The rows of the table, for the torch that is installed.

    Public modules that `import torch` loads, and the modules that importing their package leaves
    out: all those of public packages, and the public ones of the private packages of `torch`.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as fresh:
        return fresh.submit(_rows_of_this_process).result()


def _rows_of_this_process() -> list[tuple[str, str]]:
    warnings.simplefilter("ignore")
    torch = importlib.import_module("torch")
    rows = {name: "with torch" for name in sys.modules if _is_reached_from(torch, name)}
    packages = ["torch", *_packages(torch.__path__, "torch")]
    forking = multiprocessing.get_context("fork")
    with forking.Pool(1, maxtasksperchild=1) as pool:
        for left_out in pool.imap(_left_out_by, packages, chunksize=1):
            rows.update(dict.fromkeys(left_out, "alone"))
    return sorted(rows.items())


def _is_reached_from(torch: ModuleType, name: str) -> bool:
    """Whether ``name`` is a public module of torch that its packages have as an attribute."""
    package, *parts = name.split(".")
    found: object = torch
    for part in parts:
        found = getattr(found, part, None)
    public = not any(part.startswith("_") for part in parts)
    return package == "torch" and public and found is sys.modules[name]


def _packages(path: Sequence[str], prefix: str) -> Iterator[str]:
    """Names of the packages below ``prefix``: public ones, and private ones of torch itself."""
    for info in pkgutil.iter_modules(path, f"{prefix}."):
        last = info.name.rpartition(".")[2]
        if not info.ispkg or last in {"_internal", "testing"}:
            continue  # tools of PyTorch's own tests, some of which run when they are imported
        if last.startswith("_"):
            if prefix == "torch":
                yield info.name
        else:
            yield info.name
            directory = f"{path[0]}/{last}"
            yield from _packages([directory], info.name)


def _left_out_by(package: str) -> list[str]:
    """The modules of ``package`` that are no attributes of it once it is imported."""
    try:
        module = importlib.import_module(package)
    except Exception:  # noqa: BLE001 -- any of torch's packages may need what is not installed
        return []
    private = package.rpartition(".")[2].startswith("_")
    return [
        f"{package}.{info.name}"
        for info in pkgutil.iter_modules(getattr(module, "__path__", []))
        if not hasattr(module, info.name)
        and not (private and info.name.startswith("_"))
        and info.name != "__main__"
    ]
