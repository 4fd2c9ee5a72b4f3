"""The nearest valid name to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``"; did you mean 'select'?"``, or nothing when no known name is near.

    >>> did_you_mean("slect", ["select", "ignore"])
    "; did you mean 'select'?"
    """
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(given[:100].casefold(), by_folded, n=1)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


def nearest(given: str, known: Sequence[str]) -> str:
    """The one of ``known`` that is most like ``given``, however little that is.

    >>> nearest("tpu9", ["cuda", "tpu"])
    'tpu'
    """
    folded = given[:100].casefold()  # comparing takes time with the square of the length
    return max(known, key=lambda name: difflib.SequenceMatcher(None, folded, name).ratio())
