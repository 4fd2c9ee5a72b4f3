"""The tables of torch's names: what a star import brings, classes by kind, and other spellings."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from collections import defaultdict
from types import ModuleType

EXPORTS_HEADING = ("module", "name", "means")
CLASSES_HEADING = ("name", "kind")
SPELLINGS_HEADING = ("name", "same-as")

_READ = (
    *("torch.distributed.fsdp", "torch.distributions", "torch.nn", "torch.optim"),
    *("torch.optim.lr_scheduler", "torch.utils.checkpoint", "torch.utils.data"),
)
# Of which modules people import everything.
_STARRED = (
    *("torch", "torch.autograd", "torch.cuda", "torch.distributed", "torch.distributions"),
    *("torch.linalg", "torch.multiprocessing", "torch.nn", "torch.nn.functional"),
    *("torch.nn.init", "torch.nn.modules", "torch.nn.utils", "torch.optim"),
    *("torch.optim.lr_scheduler", "torch.utils.data"),
)
_KINDS = {
    "torch.nn.Module": "module",
    "torch.optim.Optimizer": "optimizer",
    "torch.optim.lr_scheduler.LRScheduler": "scheduler",
    "torch.utils.data.Dataset": "data set",
    "torch.utils.data.Sampler": "sampler",
    "torch.utils.data.DataLoader": "data loader",
    "torch.distributions.Distribution": "distribution",
    "torch.Tensor": "tensor",
}


def export_rows() -> list[tuple[str, str, str]]:
    """The names that `from torch import *` and its like bind, and what each means.

    Modules from elsewhere, such as `math`, are left out.
    """
    public = _public_names()
    rows: list[tuple[str, str, str]] = []
    for module in _STARRED:
        bound = _bound_by_star(importlib.import_module(module))
        for name, found in sorted(bound.items()):
            own = f"{module}.{name}"
            if isinstance(found, ModuleType):
                if found.__name__ == own:
                    rows.append((module, name, own))
                continue
            names = public.get(id(found), [own])
            rows.append((module, name, own if own in names else names[0]))
    return rows


def _bound_by_star(module: ModuleType) -> dict[str, object]:
    every = getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")])
    return {name: getattr(module, name) for name in every}


def class_rows() -> list[tuple[str, str]]:
    """The public classes of torch that are of a kind which rules ask for."""
    bases = {kind: pkgutil.resolve_name(name) for name, kind in _KINDS.items()}
    rows: list[tuple[str, str]] = []
    for names in _public_names().values():
        found = pkgutil.resolve_name(names[0])
        if isinstance(found, type):
            kinds = [kind for kind, base in bases.items() if issubclass(found, base)]
            rows += [(name, kind) for name in names for kind in kinds]
    return sorted(rows)


def spelling_rows() -> list[tuple[str, str]]:
    """Names of torch's functions and classes beside the one that is shortest."""
    return sorted((name, names[0]) for names in _public_names().values() for name in names[1:])


def _public_names() -> dict[int, list[str]]:
    """The public names of each function and class, the shortest first, by identity."""
    names: dict[int, list[str]] = defaultdict(list)
    for module in _modules():
        for name, found in sorted(vars(module).items()):
            if not name.startswith("_") and callable(found) and is_offered(module, name, found):
                names[id(found)].append(f"{module.__name__}.{name}")
    return {each: sorted(found, key=lambda n: (n.count("."), n)) for each, found in names.items()}


def _modules() -> list[ModuleType]:
    warnings.simplefilter("ignore")
    for name in _READ:
        importlib.import_module(name)
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.partition(".")[0] == "torch"
        and not any(part.startswith("_") for part in name.split("."))
    ]


def is_offered(module: ModuleType, name: str, found: object) -> bool:
    """Whether ``module`` means to offer ``found``, and has not merely imported it for itself."""
    defined_in = str(getattr(found, "__module__", None) or "")
    if name in getattr(module, "__all__", ()) or defined_in == module.__name__:
        return True
    is_package = hasattr(module, "__path__")
    return is_package and defined_in.startswith(f"{module.__name__}.")
