"""What the star imports of a file can mean by a name that nothing else binds."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import dataclass

from torchdet.torch_api.public_names import star_exports


@dataclass(frozen=True, slots=True)
class StarMeaning:
    """The qualified name that a bare name has; not ``certain`` where others may bind it too."""

    name: str
    certain: bool


def may_bind(origin: str, name: str) -> bool:
    """Whether ``from origin import *`` may bind ``name``; what is not known may bind any."""
    exports = star_exports(origin)
    return exports is None or name in exports


def star_meaning(origins: Collection[str], name: str) -> StarMeaning | None:
    """What ``name`` means after star imports from ``origins``, in their order, or as a built-in.

    >>> star_meaning(["torch"], "zeros")
    StarMeaning(name='torch.zeros', certain=True)
    >>> star_meaning(["torch", "utils"], "zeros").certain
    False
    """
    meanings: list[str] = []
    for origin in origins:
        exports = star_exports(origin)
        if exports is not None and name in exports:
            meanings.append(exports[name])
    known = all(star_exports(origin) is not None for origin in origins)
    if meanings:
        return StarMeaning(meanings[-1], known)
    if known and hasattr(builtins, name):
        return StarMeaning(f"builtins.{name}", certain=True)
    return None
