"""The command line of the tools: `python -m torchdet.dev COMMAND`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m torchdet.dev", description="Tools for those who work on torchdet."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "generate-torch-api", help="write the tables of torch_api from the installed torch"
    )
    commands.add_parser("count-names", help="count the hand-written names of PyTorch, by module")
    options = parser.parse_args(arguments)
    if options.command == "generate-torch-api":
        from torchdet.dev.generate import write_tables

        for path in write_tables():
            sys.stdout.write(f"wrote {path}\n")
    else:
        from torchdet.dev.count_names import report

        sys.stdout.write(report())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
