"""Which modules are the project's runtime, where raw torch and its switches are the job."""

from __future__ import annotations

import os.path
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from torchdet.facts.handle_names import RUNTIME_MODULE

if TYPE_CHECKING:
    from torchdet.reading.context import Context, Place


def in_runtime_module(context: Context | Place) -> bool:
    """Whether the file is one that ``runtime-modules`` names, the facade, or ``_torch_runtime.py``.

    The last is what a migration writes into a package.

    An entry is a dotted name (``spectralmc.runtime.torch_runtime``), which means that module and
    everything below it, or a path relative to the configuration's folder (``src/pkg/rt.py``,
    ``src/pkg/runtime/``, ``tools/*.py``).
    """
    config = context.config
    if PurePath(context.path).stem == RUNTIME_MODULE:
        return True
    entries = (*config.runtime_modules, config.facade_module)
    return _is_listed(entries, context.module_name, context.path, config.root)


@lru_cache(maxsize=256)
def _is_listed(entries: tuple[str, ...], module_name: str, path: str, root: str) -> bool:
    relative = PurePath(_relative(path, root)).as_posix()
    return any(
        _matches_path(entry, relative)
        if "/" in entry or "\\" in entry or entry.endswith(".py")
        else _matches_module(entry, module_name, relative)
        for entry in entries
    )


def _relative(path: str, root: str) -> str:
    try:
        return os.path.relpath(path, root)
    except ValueError:  # another drive than the configuration's
        return path


def _matches_path(entry: str, relative: str) -> bool:
    pattern = PurePath(entry.replace("\\", "/")).as_posix()
    return fnmatchcase(relative, pattern) or fnmatchcase(relative, f"{pattern}/*")


def _matches_module(entry: str, module_name: str, relative: str) -> bool:
    """By the module's name, or by its path where a package without ``__init__.py`` shortens it."""
    if f"{module_name}.".startswith(f"{entry}."):
        return True
    if "." not in entry:
        return False
    path = f"/{relative.removesuffix('.py').removesuffix('/__init__')}/"
    return f"/{entry.replace('.', '/')}/" in path
