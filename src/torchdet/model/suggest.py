"""The nearest valid name to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``"; did you mean 'select'?"``, or nothing when no known name is near.

    >>> did_you_mean("slect", ["select", "ignore"])
    "; did you mean 'select'?"
    """
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(given.casefold(), by_folded, n=1)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""
