"""A module as CPython's own parser reads it."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache


@lru_cache(maxsize=1)
def syntax_tree(source: str | bytes) -> ast.Module | None:
    """The tree of ``source``; None for what this Python cannot parse.

    The last one is kept: whoever asks about a file after its outline was made gets the same tree.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes, which are no concern of ours
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
