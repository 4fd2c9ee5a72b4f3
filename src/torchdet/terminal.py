"""What the terminal wants, asked before anything is imported."""

from __future__ import annotations

import os
import sys


def use_colour() -> bool:
    """Whether standard output is a terminal that wants colours.

    ``NO_COLOR`` switches them off (https://no-color.org), ``FORCE_COLOR`` on.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def is_read_by_people() -> bool:
    """Whether standard output is a terminal, or the log of a CI service that obeys commands."""
    if os.environ.get("GITHUB_ACTIONS") or os.environ.get("TF_BUILD"):
        return True
    return sys.stdout is not None and sys.stdout.isatty()
