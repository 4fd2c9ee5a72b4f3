"""Puts a function that watches in the place of one of torch's or Python's."""

from __future__ import annotations

import functools
from collections.abc import Callable

Function = Callable[..., object]


def watch_calls(owner: object, name: str, watch: Callable[[Function], Function]) -> None:
    """Replace ``owner``'s function ``name`` by what ``watch`` makes of it.

    That must hand on what it is given, and return or raise what the original does.
    """
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(watch(original)))
