"""``python -m torchdet``, and the ``torchdet`` command."""

from __future__ import annotations

from torchdet.cli._run import run


def main() -> None:
    """Run the command line and exit with its code."""
    raise SystemExit(run())


if __name__ == "__main__":
    main()
