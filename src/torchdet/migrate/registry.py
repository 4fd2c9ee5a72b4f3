"""Discovery of the codemods, and which of them answers for a rule."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import torchdet.migrate.codemods
from torchdet.migrate.codemod import Codemod


@cache
def all_codemods() -> tuple[Codemod, ...]:
    """Every codemod, by name. A module of ``torchdet.migrate.codemods`` with ``CODEMOD`` is one."""
    package = torchdet.migrate.codemods
    modules = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    found = (getattr(importlib.import_module(each.name), "CODEMOD", None) for each in modules)
    return tuple(codemod for codemod in found if isinstance(codemod, Codemod))


@cache
def codemods_by_code(*, facade: bool) -> Mapping[str, Codemod]:
    """The codemod that answers for each rule, in a migration to the facade or to the handle.

    Raises ``RuntimeError`` when two answer for one.
    """
    by_code: dict[str, Codemod] = {}
    for codemod in all_codemods():
        for code in codemod.codes if codemod.facade is facade else ():
            clash = by_code.setdefault(code, codemod)
            if clash is not codemod:
                raise RuntimeError(f"{clash.module} and {codemod.module} both answer for {code}")
    return by_code
