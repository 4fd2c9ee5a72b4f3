"""Torch's public names: what a star import brings, classes by kind, and other spellings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from torchdet.torch_api.tables import generated_rows


def qualified(module: str, names: str) -> frozenset[str]:
    """The qualified names of what ``names``, parted by white space, are in ``module``.

    >>> sorted(qualified("torch.cuda", "is_available device_count"))
    ['torch.cuda.device_count', 'torch.cuda.is_available']
    """
    return frozenset(f"{module}.{name}" for name in names.split())


def star_exports(module: str) -> Mapping[str, str] | None:
    """The names that `from module import *` binds, with their meanings.

    None for a module of which that is not known.

    >>> exports = star_exports("torch")
    >>> "nn" in exports, exports["randn"]
    (False, 'torch.randn')
    """
    return _exports().get(module)


@cache
def _exports() -> Mapping[str, Mapping[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for module, name, means in generated_rows("exports"):
        found[module][name] = means
    return MappingProxyType({name: MappingProxyType(each) for name, each in found.items()})


@cache
def classes_of(kind: str) -> frozenset[str]:
    """Qualified names of torch's classes of a kind, in all public spellings.

    Kinds are ``module``, ``optimizer``, ``scheduler``, ``data set``, ``sampler``, ``data loader``,
    ``distribution`` and ``tensor``. The base class of each is one of it.

    >>> "torch.utils.data.dataloader.DataLoader" in classes_of("data loader")
    True
    """
    return frozenset(name for name, its_kind in generated_rows("classes") if its_kind == kind)


def spelled(*names: str) -> frozenset[str]:
    """``names`` with all other public spellings of the same functions and classes.

    Each is given as it is spelled shortest; `spelling_rows` of the tools says what counts.

    >>> sorted(spelled("torch.load"))
    ['torch.load', 'torch.serialization.load']
    """
    others = _spellings()
    return frozenset(names).union(*(others.get(name, ()) for name in names))


@cache
def _spellings() -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, shortest in generated_rows("spellings"):
        found[shortest].append(name)
    return MappingProxyType({name: tuple(others) for name, others in found.items()})
