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
