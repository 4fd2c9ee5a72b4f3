"""Words that several renderers share."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``number`` with ``noun``, in the plural where it belongs.

    >>> count(1, "finding"), count(2, "finding")
    ('1 finding', '2 findings')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
