"""The expressions of a file that mean a qualified name which some rule asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import libcst as cst

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import DottedUse
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import BindingKind
from torchdet.reading.context import Reference
from torchdet.torch_api.public_names import star_exports


def references(names: frozenset[str], facts: FileFacts) -> Iterator[Reference]:
    """Every use in the file that means one of the qualified ``names``.

    ``torch.cuda.FloatTensor.dtype`` is a use of ``torch.cuda.FloatTensor`` too: each dotted
    beginning of a use is looked up. A local name that cannot lead to a wanted one is passed over
    with all its uses at once.
    """
    for root in _promising_roots(facts, _packages(names), _bare_builtins(names)):
        for use in facts.index.uses.get(root, ()):
            yield from _matches(use, names, facts)


@lru_cache(maxsize=64)
def _packages(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in names)


@lru_cache(maxsize=64)
def _bare_builtins(names: frozenset[str]) -> frozenset[str]:
    """The wanted built-ins as code spells them: without an import and a prefix."""
    return frozenset(
        name.removeprefix("builtins.") for name in names if name.startswith("builtins.")
    )


def _promising_roots(
    facts: FileFacts, packages: frozenset[str], builtins: frozenset[str]
) -> list[str]:
    """The local names that may lead into ``packages`` or are one of ``builtins``.

    In the order of their first use.
    """
    promising = set(builtins)
    for origin, _ in facts.index.star_imports:
        promising.update(star_exports(origin) or ())
    derived: list[tuple[str, str]] = []
    for binding in facts.index.bindings():
        if binding.qualified is not None:
            package = binding.qualified.partition(".")[0]
            if package in packages or facts.resolver.may_yield_torch(binding.qualified):
                promising.add(binding.name)
        elif binding.kind is BindingKind.PARAMETER and binding.annotation is not None:
            promising.add(binding.name)
        elif binding.value is not None:
            root = _leftmost_name(binding.value)
            if root is not None:
                derived.append((binding.name, root))
    _follow(derived, promising)
    return [root for root in facts.index.uses if root in promising]


def _follow(derived: list[tuple[str, str]], promising: set[str]) -> None:
    """Add to ``promising`` the names that were assigned from promising ones, and so on."""
    grown = True
    while grown:
        grown = False
        for name, root in derived:
            if root in promising and name not in promising:
                promising.add(name)
                grown = True


def _leftmost_name(node: cst.BaseExpression) -> str | None:
    """The name at the left end of a chain of attributes and calls."""
    current: cst.BaseExpression = node
    while True:
        if isinstance(current, cst.Name):
            return current.value
        if isinstance(current, (cst.Attribute, cst.NamedExpr)):
            current = current.value
        elif isinstance(current, cst.Call):
            current = current.func
        else:
            return None


def _matches(use: DottedUse, names: frozenset[str], facts: FileFacts) -> Iterator[Reference]:
    resolution = facts.resolver.root(use.parts[0], use.scope)
    if not resolution.names:
        return
    for length in range(len(use.parts)):
        if length:
            resolution = facts.resolver.extend(resolution, use.parts[length : length + 1])
        candidates = resolution.names
        if candidates[0] in names and all(name in names for name in candidates):
            node = _beginning(use.node, len(use.parts) - length - 1)
            for name in candidates:
                yield Reference(node, name, resolution, isinstance(resolution, Exact))


def _beginning(node: cst.BaseExpression, dropped: int) -> cst.BaseExpression:
    """``node`` without its last ``dropped`` attributes; a string annotation stays whole."""
    for _ in range(dropped):
        if isinstance(node, cst.Attribute):
            node = node.value
    return node
