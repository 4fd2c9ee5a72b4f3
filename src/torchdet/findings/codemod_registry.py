"""Discovery of the codemods, and which of them answers for a rule."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec

from torchdet.findings.codemod import Codemod
from torchdet.findings.registry import all_rules


@cache
def all_codemods() -> tuple[Codemod, ...]:
    """Every codemod, by the codes that it answers for: ``CODEMOD`` in a rule's ``codemod.py``."""
    names = (f"{rule.module.rpartition('.')[0]}.codemod" for rule in all_rules())
    found = (importlib.import_module(name) for name in names if find_spec(name) is not None)
    codemods: list[Codemod] = [module.CODEMOD for module in found]
    return tuple(sorted(codemods, key=lambda codemod: codemod.codes))


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
