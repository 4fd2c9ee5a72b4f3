"""What the terminal wants, asked before anything is imported."""

from __future__ import annotations

import os
import sys

_LINKING_PROGRAMS = frozenset({"ghostty", "Hyper", "iTerm.app", "vscode", "WezTerm", "zed"})
_LINKING_VARIABLES = ("WT_SESSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "DOMTERM")
_LINKING_VTE = 5000  # GNOME Terminal and its relatives since 2017


def use_colour() -> bool:
    """Whether standard output is a terminal that wants colours.

    ``NO_COLOR`` switches them off (https://no-color.org), ``FORCE_COLOR`` on.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def use_links() -> bool:
    """Whether standard output is a terminal that shows links (OSC 8), as far as it says so.

    ``FORCE_HYPERLINK`` switches them on and, set to 0, off.
    """
    forced = os.environ.get("FORCE_HYPERLINK", "")
    if forced:
        return forced != "0"
    if not use_colour() or sys.stdout is None or not sys.stdout.isatty():
        return False
    vte = os.environ.get("VTE_VERSION", "")
    return (
        os.environ.get("TERM_PROGRAM") in _LINKING_PROGRAMS
        or any(os.environ.get(name) for name in _LINKING_VARIABLES)
        or (vte.isdigit() and int(vte) >= _LINKING_VTE)
    )


def is_read_by_people() -> bool:
    """Whether standard output is a terminal, or the log of a CI service that obeys commands."""
    if os.environ.get("GITHUB_ACTIONS") or os.environ.get("TF_BUILD"):
        return True
    return sys.stdout is not None and sys.stdout.isatty()
