"""Where the documentation can be read."""

from __future__ import annotations

DOCUMENTATION_URL = "https://torchdet.readthedocs.io/en/latest"
"""The address that every link begins with; ``pyproject.toml`` names it to package indexes, too."""


def rule_url(name: str) -> str:
    """The page of the rule ``name``.

    >>> rule_url("raw-import")
    'https://torchdet.readthedocs.io/en/latest/rules/raw-import/'
    """
    return f"{DOCUMENTATION_URL}/rules/{name}/"
