"""``python -m torchdet``, and the ``torchdet`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from torchdet.cli._run import run

    raise SystemExit(run())


if __name__ == "__main__":
    # ``python -m`` looks for modules in the current folder first: that is the linted project,
    # whose ``rich.py`` must not be taken for the library of that name.
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    main()
